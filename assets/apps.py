"""The register."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssetsConfig(AppConfig):
    """The register."""

    name = "assets"
    verbose_name = _("Assets")
