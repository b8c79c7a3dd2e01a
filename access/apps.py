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
        from access import checks
        from access.services.seed import seed_roles

        slots.prepare.add(slots.Step("access.roles", seed_roles, order=10))
