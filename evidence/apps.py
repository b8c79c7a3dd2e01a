"""Exports that verify without trusting the server."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots
from plantgov.core.scope import scope_of


class EvidenceConfig(AppConfig):
    """Evidence bundles of changes."""

    name = "evidence"
    verbose_name = _("Evidence")

    def ready(self) -> None:
        """Plug evidence into the floors below."""
        from django.urls import reverse  # noqa: PLC0415 - needs the apps to be loaded

        from evidence.services import exports  # noqa: PLC0415

        slots.job_kinds.add(slots.JobKind(exports.JOB, _("Evidence bundle"), exports.run))
        slots.navigation.add(
            slots.NavigationItem(
                "evidence",
                _("Exports"),
                "file-export",
                "evidence:list",
                "prove",
                visible=lambda user: bool(scope_of(user, "evidence.view_export")),
                order=50,
            )
        )
        slots.actions.add(
            slots.Action(
                "evidence.export",
                "changes.change",
                _("Export evidence"),
                "file-export",
                "evidence.add_export",
                lambda: reverse("evidence:list"),
            )
        )
