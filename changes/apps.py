"""Management of change."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class ChangesConfig(AppConfig):
    """Changes, their policies, gates and signatures."""

    name = "changes"
    verbose_name = _("Changes")

    def ready(self) -> None:
        """Plug changes into the floors below."""
        from changes.services import gates, internal, notices, policies, scheduling

        slots.prepare.add(slots.Step("changes.policies", policies.prepare, order=60))
        slots.sweeps.add(slots.Sweep("changes.gates", gates.sweep))
        slots.sweeps.add(slots.Sweep("changes.windows", scheduling.sweep))
        slots.things.add(
            slots.Thing(
                "changes.change",
                "changes.change",
                _("Change"),
                notices.url_of,
                ("reference__icontains", "title__icontains"),
            )
        )
        for check in internal.GATE_CHECKS:
            slots.gate_checks.add(check)
