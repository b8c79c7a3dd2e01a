"""No governed row without its ledger entry."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial"), ("audit", "0002_guard")]

    operations = [sql.guard("evidence_export")]
