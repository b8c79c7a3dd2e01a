"""The log's own tables refuse every change and every delete."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_sealing")]

    operations = [
        sql.append_only("audit_leaf"),
        sql.append_only("audit_node"),
        sql.append_only("audit_checkpoint"),
        sql.append_only("audit_origin"),
        sql.append_only("audit_signingkey"),
    ]
