"""No row about people without its ledger entry."""

from django.db import migrations

from plantgov.core import sql


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("audit", "0002_guard")]

    operations = [
        sql.guard("people_person"),
        sql.guard("people_user", "last_login"),
        sql.guard("people_team"),
        sql.guard("people_teammembership"),
        sql.guard("people_shift"),
        sql.guard("people_qualification"),
        sql.guard("people_signature"),
    ]
