"""Live systems: endpoints, signals, readings."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class OperationsConfig(AppConfig):
    """Endpoints, signals, networks and the reading of the plant."""

    name = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        """Plug operations into the floors below."""
        from django.urls import reverse  # noqa: PLC0415 - needs the apps to be loaded

        from operations.context import asset_panel  # noqa: PLC0415
        from operations.services import probes  # noqa: PLC0415

        slots.sweeps.add(slots.Sweep("operations.probes", probes.sweep))
        slots.things.add(
            slots.Thing(
                "operations.endpoint",
                "operations.endpoint",
                _("Endpoint"),
                lambda row: reverse("operations:endpoint-detail", args=[row.uid]),
                ("name__icontains", "url__icontains"),
            )
        )
        slots.panels.add(slots.Panel("operations.live", "assets.asset", asset_panel, order=20))
        slots.settings_pages.add(
            slots.SettingsPage("operations.endpoints", _("Endpoints and signals"), "operations:endpoint-list")
        )
        slots.settings_pages.add(
            slots.SettingsPage(
                "operations.networks", _("Networks that may be read"), "operations:network-list"
            )
        )
