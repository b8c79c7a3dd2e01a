"""Roles, grants and what they allow."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class AccessConfig(AppConfig):
    """Roles, grants, tokens and the permission backend."""

    name = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        """Plug access into the floors below."""
        from access import checks  # noqa: F401, PLC0415 - registers the system checks
        from access.services.rows import sweep  # noqa: PLC0415
        from access.services.seed import seed_roles  # noqa: PLC0415 - needs the apps to be loaded

        slots.prepare.add(slots.Step("access.roles", seed_roles, order=10))
        slots.sweeps.add(slots.Sweep("access.expired", sweep))
