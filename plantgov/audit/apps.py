"""The ledger."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Ledger entries, sealing, checkpoints, proofs."""

    name = "plantgov.audit"
    label = "audit"
    verbose_name = _("Ledger")
