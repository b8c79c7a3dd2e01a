"""Roles, grants and what they allow."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    """Roles, grants and what they allow."""

    name = "access"
    verbose_name = _("Access")
