"""Open a new origin of the ledger after a restore; called by `restore`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from plantgov.audit.services import keys, origins, sealing
from plantgov.audit.services.entries import Actor
from plantgov.core.clock import now


class Command(BaseCommand):
    """Exit code 0: the new origin is open; 2: it could not be opened."""

    help = "Go on under a new origin after a restore, citing the last checkpoint known here and the reason."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="why the database was restored")

    def handle(self, *args: Any, **options: Any) -> None:
        by = Actor(label="Restore (command line)")
        try:
            origin = origins.open_new_origin(by=by, reason=options["reason"], at=now())
        except (keys.KeyUnusable, sealing.LogBroken, DatabaseError) as error:
            self.stderr.write(str(error))
            sys.exit(2)
        self.stdout.write(f"The ledger goes on as {origin.name}.")
