"""No governed row without its ledger entry."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial"), ("audit", "0002_guard")]

    operations = [
        sql.guard("operations_networkrule"),
        sql.guard("operations_endpoint"),
        sql.guard("operations_signal"),
        sql.guard("operations_readingstop"),
    ]
