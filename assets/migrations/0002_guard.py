"""No governed row without its ledger entry."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("assets", "0001_initial"), ("audit", "0002_guard")]

    operations = [
        sql.guard("assets_location"),
        sql.guard("assets_zone"),
        sql.guard("assets_asset"),
        sql.guard("assets_relation"),
        sql.guard("assets_ownership"),
        sql.guard("assets_baseline"),
        sql.guard("assets_hold"),
        sql.guard("assets_authorisation"),
    ]
