"""Exports that verify without trusting the server."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvidenceConfig(AppConfig):
    """Exports that verify without trusting the server."""

    name = "evidence"
    verbose_name = _("Evidence")
