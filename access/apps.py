"""Roles, grants and what they allow."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots
from plantgov.core.scope import scope_of


class AccessConfig(AppConfig):
    """Roles, grants, tokens and the permission backend."""

    name = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        """Plug access into the floors below."""
        from django.urls import reverse  # noqa: PLC0415 - needs the apps to be loaded

        from access import checks  # noqa: F401, PLC0415 - registers the system checks
        from access.context import person_panel  # noqa: PLC0415
        from access.services.rows import sweep  # noqa: PLC0415
        from access.services.seed import seed_roles  # noqa: PLC0415

        slots.prepare.add(slots.Step("access.roles", seed_roles, order=10))
        slots.sweeps.add(slots.Sweep("access.expired", sweep))
        slots.panels.add(slots.Panel("access.roles", "people.person", person_panel, order=20))
        slots.things.add(
            slots.Thing(
                "access.grant",
                "access.grant",
                _("Grant"),
                lambda row: reverse("access:grant-detail", args=[row.uid]),
            )
        )
        slots.navigation.add(
            slots.NavigationItem(
                "access",
                _("Access"),
                "key",
                "access:list",
                "govern",
                visible=lambda user: bool(scope_of(user, "access.view_grant")),
                order=30,
            )
        )
