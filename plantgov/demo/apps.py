"""The demonstration: an invented enterprise and a simulated plant."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    """The demo enterprise and the simulated plant."""

    name = "plantgov.demo"
    label = "demo"
    verbose_name = _("Demonstration")
