"""`manage.py demo`: the demo enterprise, made through the services."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from plantgov.demo.enterprise.history import tell
from plantgov.demo.enterprise.people import PERSONAS
from plantgov.demo.enterprise.seed import seed
from plantgov.demo.plant import PlantClient, PlantError
from plantgov.demo.plant.catalogue import describe


class Command(BaseCommand):
    help = "Make the demo enterprise in an empty database, or complete it. --reset also resets the simulated plant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset", action="store_true", help="bring every device back to the state after commissioning"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PLANTGOV_DEMO:
            raise CommandError(
                "This installation is no demonstration: set PLANTGOV_DEMO, or use `make run`.", returncode=2
            )
        client = PlantClient(settings.PLANTGOV_DATA_DIR)
        try:
            client.wait_ready(timeout_s=60)
            if options["reset"]:
                client.reset()
        except PlantError as error:
            raise CommandError(str(error), returncode=2) from error
        password = _password()
        demo = seed(describe(settings.PLANTGOV_DATA_DIR), password=password, say=self._say)
        tell(demo, client, password=password, say=self._say)
        self._note_sign_in()

    def _say(self, text: str) -> None:
        self.stdout.write(f"  {text}")

    def _note_sign_in(self) -> None:
        """Leave the lines that the supervisor prints."""
        path = os.environ.get("PLANTGOV_SIGN_IN_FILE")
        if path:
            names = ", ".join(persona.username for persona in PERSONAS[:9])
            Path(path).write_text(f"sign in  {names}\n", encoding="utf-8")


def _password() -> str:
    path = os.environ.get("PLANTGOV_DEMO_PASSWORD_FILE")
    if not path:
        raise CommandError("PLANTGOV_DEMO_PASSWORD_FILE is not set; `make run` sets it.", returncode=2)
    return Path(path).read_text(encoding="utf-8").strip()
