"""No governed row without its ledger entry."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial"), ("audit", "0002_guard")]

    operations = [
        sql.guard("access_role"),
        sql.guard("access_grant"),
        sql.guard("access_apitoken", "last_used_at"),
    ]
