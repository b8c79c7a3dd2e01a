"""`backup` in the list of commands; manage.py runs it before Django is set up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from plantgov.embedded import archive


class Command(BaseCommand):
    help = "Save database, files and last checkpoint in one file."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rest", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(archive.backup_main(options["rest"]))
