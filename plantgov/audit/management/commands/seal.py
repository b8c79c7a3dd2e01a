"""Seal the ledger now."""

import json
import sys
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from plantgov.audit.services import keys, sealing


class Command(BaseCommand):
    """Exit code 0: everything committed is sealed; 1: something waits, and it says for what; 2: could not run."""

    help = "Seal every committed ledger entry and sign a checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.add_argument(
            "--everything", action="store_true", help="look through the whole ledger for forgotten entries"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self._seal(everything=options["everything"])
        except (keys.KeyUnusable, sealing.LogBroken, DatabaseError) as error:
            if options["json"]:
                self.stdout.write(json.dumps({"error": str(error)}, ensure_ascii=False))
            self.stderr.write(str(error))
            sys.exit(2)
        (self._as_json if options["json"] else self._as_text)(result)
        if result.waiting.count or result.busy:
            sys.exit(1)

    def _seal(self, *, everything: bool) -> sealing.SealResult:
        """Twice if need be: the first sealing ever, and one with a new key, write entries of their own."""
        first = sealing.seal(everything=everything)
        if first.busy or not first.waiting.count:
            return first
        second = sealing.seal(everything=everything)
        checkpoint = second.checkpoint or first.checkpoint
        return replace(second, sealed=first.sealed + second.sealed, checkpoint=checkpoint)

    def _as_json(self, result: sealing.SealResult) -> None:
        told = {
            "sealed": result.sealed,
            "size": result.size,
            "busy": result.busy,
            "waiting": result.waiting.count,
            "held_by": str(result.holder) if result.holder else None,
            "checkpoint": result.checkpoint.note if result.checkpoint else None,
        }
        self.stdout.write(json.dumps(told, ensure_ascii=False))

    def _as_text(self, result: sealing.SealResult) -> None:
        self.stdout.write(f"{result.sealed} entries sealed; the ledger's log holds {result.size}.")
        if result.busy:
            self.stdout.write("Another sealer is at work.")
        if result.waiting.count:
            held = f", held back by {result.holder}" if result.holder else ""
            self.stdout.write(f"{result.waiting.count} entries wait{held}.")
