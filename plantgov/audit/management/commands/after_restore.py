"""`manage.py after_restore`: the ledger goes on under a new origin. `restore` runs it at its end."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from plantgov.audit.services.entries import Actor
from plantgov.audit.services.keys import KeyUnusable
from plantgov.audit.services.origins import open_new_origin
from plantgov.core.clock import now


class Command(BaseCommand):
    help = "Open a new origin of the ledger after a restore, so that nothing published is ever told anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="what happened, for whoever reads the ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            origin = open_new_origin(by=Actor(label="Restore"), reason=options["reason"], at=now())
        except KeyUnusable as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"The ledger goes on as {origin.name}.")
