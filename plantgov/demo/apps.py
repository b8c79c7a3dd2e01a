"""The demonstration: an invented enterprise and a simulated plant."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class DemoConfig(AppConfig):
    """The demo enterprise and the simulated plant."""

    name = "plantgov.demo"
    label = "demo"
    verbose_name = _("Demonstration")

    def ready(self) -> None:
        """Show the plant's panels in the navigation of a demonstration."""
        slots.navigation.add(
            slots.NavigationItem(
                "demo.plant",
                _("Simulated plant"),
                "adjustments",
                "demo:panels",
                "operate",
                visible=lambda user: settings.PLANTGOV_DEMO,
                order=90,
            )
        )
