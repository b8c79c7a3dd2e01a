"""Bring a register file in from the command line."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assets.models import Import
from assets.services.imports import files
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Refused
from plantgov.people.models import User


class Command(BaseCommand):
    help = "Check a register file and apply it, all rows or none. Exit codes: 0 done, 1 refused, 2 could not run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, help="a CSV file: comma, semicolon or tab; UTF-8 or Windows-1252"
        )
        parser.add_argument("--kind", default="assets", help="what the rows are (default: assets)")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="whose rights count")
        parser.add_argument("--dry-run", action="store_true", help="check and show; change nothing")
        parser.add_argument(
            "--create-locations", action="store_true", help="make missing places below a site"
        )
        parser.add_argument("--reason", default="", help="why; needed to correct assets in service")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        file = self._bring(options)
        answer = {"import": str(file.uid), "kind": file.kind, "state": file.state, **file.report}
        if file.state == Import.State.READY and not options["dry_run"]:
            answer["state"] = self._apply(file, answer)
        self.stdout.write(json.dumps(answer, indent=2) if options["json"] else _told(answer))
        if answer["state"] not in (Import.State.READY, Import.State.APPLIED):
            sys.exit(1)

    def _bring(self, options: dict[str, Any]) -> Import:
        user = User.objects.filter(username=options["by"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account {options['by']!r}.", returncode=2)
        if slots.import_kinds.get(options["kind"]) is None:
            known = ", ".join(item.key for item in slots.import_kinds)
            raise CommandError(f"There is no kind {options['kind']!r}. Known: {known}.", returncode=2)
        choices = files.Choices(options["create_locations"], options["reason"])
        try:
            data = options["file"].read_bytes()
            return files.bring(
                data, options["file"].name, kind=options["kind"], by=user, at=now(), choices=choices
            )
        except OSError as error:
            raise CommandError(f"{options['file']} can't be read: {error.strerror}.", returncode=2) from error
        except BadInput as error:
            raise CommandError(str(error), returncode=2) from error
        except Refused as error:
            raise CommandError(str(error), returncode=1) from error

    def _apply(self, file: Import, answer: dict[str, Any]) -> str:
        try:
            return files.apply(file, by=file.by, at=now()).state
        except Refused as error:
            answer["refused"] = [str(reason) for reason in error.reasons]
            return "refused"


def _told(answer: dict[str, Any]) -> str:
    """The answer in lines for people."""
    lines = [
        f"row {p['row'] or '-'} {p['column']}: {p['message']}"
        + (f" Nearest: {', '.join(p['nearest'])}." if p["nearest"] else "")
        for p in answer["problems"]
    ]
    counts = ", ".join(f"{count} {word}" for word, count in answer["summary"].items())
    return "\n".join([*lines, *answer.get("refused", []), f"{answer['kind']}: {answer['state']} ({counts})"])
