"""Django's `migrate`, as the owner of the database, followed by the steps of the `prepare` slot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections

from plantgov.core.slots import prepare
from plantgov.env import env


class Command(DjangoMigrate):
    help = "Migrate as the owner of the database, then seed reference data and grants."

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(options["database"]):
            super().handle(*args, **options)
            is_whole = not (options["app_label"] or options["plan"] or options["check_unapplied"])
            if is_whole:
                self._prepare(options["verbosity"])

    def _prepare(self, verbosity: int) -> None:
        for step in prepare:
            step.run()
            if verbosity > 0:
                self.stdout.write(f"  Prepared {step.key}")


@contextmanager
def as_owner(alias: str) -> Iterator[None]:
    """Connect as the role of DATABASE_OWNER_URL, to the database that ALIAS names anyhow."""
    connection = connections[alias]
    runtime = {key: connection.settings_dict[key] for key in ("USER", "PASSWORD")}
    if settings.DATABASE_OWNER_URL:
        owner = env.db_url_config(settings.DATABASE_OWNER_URL)
        connection.close()
        connection.settings_dict.update({key: owner[key] for key in runtime})
    try:
        yield
    finally:
        if settings.DATABASE_OWNER_URL:
            connection.close()
            connection.settings_dict.update(runtime)
