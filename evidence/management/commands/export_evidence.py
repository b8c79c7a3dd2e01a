"""Make an evidence bundle from the command line."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evidence import selectors
from evidence.services import exports
from plantgov.core.clock import now
from plantgov.people.services.accounts import system_account


class Command(BaseCommand):
    help = "Write an evidence bundle of changes. Exit codes: 0 written, 1 nothing matches, 2 could not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="start", type=date.fromisoformat, metavar="D", help="first day, such as 2026-01-01"
        )
        parser.add_argument("--to", dest="end", type=date.fromisoformat, metavar="D", help="last day")
        parser.add_argument(
            "--thing", nargs="*", default=[], metavar="REF", help="references such as CHG-2026-0042"
        )
        parser.add_argument("--purpose", default="Export from the command line")
        parser.add_argument("--out", type=Path, required=True, metavar="F.zip")

    def handle(self, *args: Any, **options: Any) -> None:
        by = system_account("command")
        found = selectors.changes_in(by, options["thing"], start=options["start"], end=options["end"])
        references = list(found.values_list("reference", flat=True))
        if not references:
            raise CommandError("No change matches.", returncode=1)
        content = exports.build(by, references, purpose=options["purpose"], at=now())
        try:
            options["out"].write_bytes(content)
        except OSError as error:
            raise CommandError(
                f"{options['out']} cannot be written: {error.strerror}.", returncode=2
            ) from error
        self.stdout.write(f"{options['out']}: {len(references)} changes, {len(content)} bytes")
