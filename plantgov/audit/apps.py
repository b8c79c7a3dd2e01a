"""The ledger."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots
from plantgov.core.scope import scope_of


class AuditConfig(AppConfig):
    """Ledger entries, sealing, checkpoints, proofs."""

    name = "plantgov.audit"
    label = "audit"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        """Plug the ledger's page, its readiness and its gauges in."""
        from plantgov.audit.services import health  # noqa: PLC0415 - needs the apps to be loaded

        slots.navigation.add(
            slots.NavigationItem(
                "audit",
                _("Audit log"),
                "history",
                "audit:list",
                "prove",
                visible=_may_read,
                order=10,
            )
        )
        slots.readiness.add(slots.Probe("ledger", health.sealer_probe, order=5))
        for key, text, read in (
            ("ledger_size", "Entries in the log", health.log_size),
            ("ledger_waiting", "Committed entries that are not sealed", health.entries_waiting),
            ("ledger_waiting_seconds", "Age of the oldest of them", health.seconds_waiting),
        ):
            slots.metrics.add(slots.Metric(key, text, (), read))


def _may_read(user: object) -> bool:
    return bool(scope_of(user, "audit.view_entry"))
