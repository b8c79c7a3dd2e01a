"""People and their accounts."""

from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots
from plantgov.core.scope import scope_of


class PeopleConfig(AppConfig):
    """Persons, accounts, teams, shifts, qualifications, signatures."""

    name = "plantgov.people"
    label = "people"
    verbose_name = _("People")

    def ready(self) -> None:
        """Listen to sign-in events and show people in the navigation."""
        from plantgov.people import adapter  # noqa: PLC0415 - needs the apps to be loaded

        adapter.listen()
        slots.navigation.add(
            slots.NavigationItem(
                "people",
                _("People"),
                "users",
                "people:person-list",
                "govern",
                visible=lambda user: bool(scope_of(user, "people.view_person")),
                order=40,
            )
        )
        for thing, label, page in (
            ("people.person", _("Person"), "people:person-detail"),
            ("people.team", _("Team"), "people:team-detail"),
        ):
            slots.things.add(slots.Thing(thing, thing, label, _page(page), ("name__icontains",)))


def _page(name: str) -> Callable[[Any], str]:
    return lambda row: reverse(name, args=[row.uid])
