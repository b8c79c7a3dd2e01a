"""Management of change."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChangesConfig(AppConfig):
    """Management of change."""

    name = "changes"
    verbose_name = _("Changes")
