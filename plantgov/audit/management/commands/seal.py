"""`manage.py seal`: what the worker does every two seconds, done now and told."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from plantgov.audit.services import sealing
from plantgov.audit.services.entries import plain
from plantgov.audit.services.keys import KeyUnusable

ROUNDS = 3  # the first run of a log writes entries about itself


class Command(BaseCommand):
    help = "Seal what is committed and sign it. Ends with 0 when nothing waits, 1 when something does, 2 without a key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--everything", action="store_true", help="look through the whole ledger, not from the bookmark"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        told, code = _sealed(everything=options["everything"])
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=1))
        else:
            self.stdout.write(told["message"])
        raise SystemExit(code)


def _sealed(*, everything: bool) -> tuple[dict[str, Any], int]:
    """What was done, and how the command ends."""
    sealed = 0
    try:
        for _round in range(ROUNDS):
            result = sealing.seal(everything=everything)
            sealed += result.sealed
            if not result.waiting.count and not result.sealed:
                break
    except KeyUnusable as error:
        return {"message": str(error)}, 2
    except sealing.LogBroken as error:
        return {"message": str(error)}, 1
    return _told(result, sealed), 1 if result.waiting.count or result.busy else 0


def _told(result: sealing.SealResult, sealed: int) -> dict[str, Any]:
    sentences = [f"Sealed {sealed} entries; the log holds {result.size}."]
    if result.busy:
        sentences.append("Another sealer is at work.")
    if result.waiting.count:
        sentences.append(
            f"{result.waiting.count} wait for a transaction to end: {result.holder or 'it just ended'}."
        )
    return {
        "message": " ".join(sentences),
        "sealed": sealed,
        "size": result.size,
        "busy": result.busy,
        "waiting": result.waiting.count,
        "oldest_waiting_at": plain(result.waiting.oldest_at),
        "held_by": str(result.holder) if result.holder else None,
    }
