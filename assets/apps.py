"""The register."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class AssetsConfig(AppConfig):
    """Places, zones, assets, relations, owners, baselines, holds, imports."""

    name = "assets"
    verbose_name = _("Assets")

    def ready(self) -> None:
        """Plug the register into the house."""
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
        for kind, label in (("asset", _("Asset")), ("location", _("Location")), ("zone", _("Zone"))):
            slots.ownable.add(slots.Ownable(f"assets.{kind}", label))
