"""No row about a change without its ledger entry; what a gate found is never rewritten."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("changes", "0001_initial"), ("audit", "0002_guard")]

    operations = [
        sql.guard("changes_change"),
        sql.guard("changes_changeasset"),
        sql.guard("changes_step"),
        sql.guard("changes_involvement"),
        sql.guard("changes_policy"),
        sql.guard("changes_policyversion"),
        sql.guard("changes_policyattachment"),
        sql.guard("changes_requirement"),
        sql.guard("changes_approval"),
        sql.guard("changes_release"),
        sql.guard("changes_checkrun", "probe_run_id", "heartbeats", "read_again_at"),
        sql.guard("changes_manualreading"),
        sql.guard("changes_snapshot"),
        sql.append_only("changes_checkresult"),
    ]
