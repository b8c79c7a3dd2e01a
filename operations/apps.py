"""Endpoints, signals and readings of live systems."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    """Endpoints, signals and readings of live systems."""

    name = "operations"
    verbose_name = _("Operations")
