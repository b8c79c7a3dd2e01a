"""The register."""

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class AssetsConfig(AppConfig):
    """Places, zones, assets, relations, owners, baselines, holds, imports."""

    name = "assets"
    verbose_name = _("Assets")

    def ready(self) -> None:
        """Plug the register into the house."""
        self._plug_imports()
        self._plug_pages()

    def _plug_imports(self) -> None:
        from assets.services.imports.assets import AssetImporter  # noqa: PLC0415 - needs the apps to be loaded
        from assets.services.imports.owners import OwnershipImporter  # noqa: PLC0415
        from assets.services.imports.people import PeopleImporter  # noqa: PLC0415
        from assets.services.imports.relations import RelationImporter  # noqa: PLC0415
        from assets.services.imports.zones import ZoneImporter  # noqa: PLC0415

        kinds = (
            ("assets", _("Assets"), AssetImporter()),
            ("relations", _("Relations"), RelationImporter()),
            ("zones", _("Zones"), ZoneImporter()),
            ("ownership", _("Owners"), OwnershipImporter()),
            ("people", _("People"), PeopleImporter()),
        )
        for order, (key, label, importer) in enumerate(kinds):
            slots.import_kinds.add(slots.ImportKind(key, label, importer, order))

    def _plug_pages(self) -> None:
        from assets import context  # noqa: PLC0415 - needs the apps to be loaded
        from plantgov.core.scope import scope_of  # noqa: PLC0415

        found_by = ("tag__icontains", "name__icontains", "serial_number__icontains")
        things: tuple[tuple[str, Any, Any, tuple[str, ...]], ...] = (
            ("assets.asset", _("Asset"), context.asset_url, found_by),
            ("assets.location", _("Place"), context.location_url, ("name__icontains",)),
            ("assets.zone", _("Zone"), context.zone_url, ("name__icontains",)),
        )
        for key, label, url, search in things:
            slots.things.add(slots.Thing(key, key, label, url, search))
            slots.ownable.add(slots.Ownable(key, label))
        slots.navigation.add(
            slots.NavigationItem(
                "assets", _("Assets"), "cpu", "assets:list", "operate", visible=context.may_see, order=10
            )
        )
        slots.home_panels.add(slots.HomePanel("assets.register", context.home_panel, order=30))
        for order, (key, label, page, permission) in enumerate(
            (
                ("assets.locations", _("Places"), "assets:location-list", "assets.view_location"),
                ("assets.zones", _("Zones"), "assets:zone-list", "assets.view_zone"),
                (
                    "assets.imports",
                    _("Imports of register files"),
                    "assets:import-list",
                    "assets.import_register",
                ),
            )
        ):
            slots.settings_pages.add(
                slots.SettingsPage(
                    key, label, page, visible=lambda user, p=permission: bool(scope_of(user, p)), order=order
                )
            )
