"""The ledger defends itself: entries are stamped by the database and never changed."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(sql.UNATTRIBUTED_FUNCTION_V1, "DROP FUNCTION plantgov_unattributed"),
        migrations.RunSQL(sql.GUARD_FUNCTION_V1, "DROP FUNCTION plantgov_guard"),
        migrations.RunSQL(sql.ENTRY_STAMP_V1, "DROP FUNCTION plantgov_stamp_entry CASCADE"),
        migrations.RunSQL(sql.APPEND_ONLY_V1, "DROP FUNCTION plantgov_append_only CASCADE"),
        sql.append_only("audit_entry"),
    ]
