"""Management of change."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChangesConfig(AppConfig):
    """Changes, their policies, gates and signatures."""

    name = "changes"
    verbose_name = _("Changes")
