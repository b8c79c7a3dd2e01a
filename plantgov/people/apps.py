"""People and their accounts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """Persons, accounts, teams, shifts, qualifications, signatures."""

    name = "plantgov.people"
    label = "people"
    verbose_name = _("People")

    def ready(self) -> None:
        """Listen to sign-in events."""
        from plantgov.people import adapter  # noqa: PLC0415 - needs the apps to be loaded

        adapter.listen()
