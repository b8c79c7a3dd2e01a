"""The one-time link with which the first two persons set PlantGov up."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from plantgov.embedded.firstrun import services


class Command(BaseCommand):
    help = "Make the one-time link to set PlantGov up, while nobody has an account."

    def handle(self, *args: Any, **options: Any) -> None:
        if not services.is_open():
            self.stdout.write("Somebody has an account already; sign in. No link was made.")
            return
        path = reverse("firstrun:enter", args=[services.new_token()])
        link = f"{settings.PLANTGOV_PUBLIC_URL.rstrip('/')}{path}"
        note = os.environ.get("PLANTGOV_SIGN_IN_FILE", "")
        if not note:
            self.stdout.write(f"{link}\nIt works once, within {services.LINK_HOURS} hours.")
            return
        _write(Path(note), f"set up   {link}\n         (works once, within {services.LINK_HOURS} hours)\n")


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whatever was there before."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
