"""The ledger."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class AuditConfig(AppConfig):
    """Ledger entries, sealing, checkpoints, proofs."""

    name = "plantgov.audit"
    label = "audit"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        """Plug the ledger's pages, its probe and its gauges in."""
        from plantgov.audit.services import health  # noqa: PLC0415 - needs the apps to be loaded

        slots.navigation.add(
            slots.NavigationItem(
                "audit", _("Audit log"), "list-details", "audit:list", "prove", health.may_read, order=30
            )
        )
        slots.readiness.add(slots.Probe("sealer", health.sealer_probe, order=5))
        slots.metrics.add(
            slots.Metric(
                "ledger_unsealed_entries", "Entries that are not sealed", (), health.unsealed_entries
            )
        )
        slots.metrics.add(
            slots.Metric(
                "ledger_unsealed_age_seconds", "Age of the oldest unsealed entry", (), health.unsealed_age_s
            )
        )
        slots.metrics.add(
            slots.Metric(
                "ledger_checkpoint_age_seconds", "Age of the checkpoint", (), health.checkpoint_age_s
            )
        )
