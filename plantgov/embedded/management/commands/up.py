"""`up` in the list of commands; manage.py runs it before Django is set up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from plantgov.embedded import supervisor


class Command(BaseCommand):
    help = "Start everything an installation needs, watch it, and stop it on Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rest", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(supervisor.main(options["rest"]))
