"""Assets, zones and the relations between assets."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from assets.models import Asset, Location, Relation, Zone
from assets.rules import OTHER_SITE, status_blockers
from plantgov.audit.services.entries import delete, write
from plantgov.core.errors import BadInput, Refused, refuse_if, require_revision
from plantgov.core.scope import require
from plantgov.people.models import User


@dataclass(frozen=True)
class AssetDetails:
    """What is known about an asset."""

    tag: str
    name: str
    asset_type: str
    status: str = "in_service"
    criticality: str = Asset.Criticality.MEDIUM
    safety_related: bool = False
    purdue_level: str = ""
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    firmware_version: str = ""
    description: str = ""


def checked(row: Any) -> None:
    """Let the model say what is wrong, by field."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise BadInput(error.message_dict) from error


@transaction.atomic
def add_zone(site: Location, name: str, *, by: User, description: str = "") -> Zone:
    """Add a security zone to a site."""
    require(by, "assets.add_zone", site)
    row = Zone(site=site, name=name, description=description)
    checked(row)
    return write(row, by=by, action="assets.zone.added")


@transaction.atomic
def change_zone(zone: Zone, name: str, *, by: User, description: str = "") -> Zone:
    """Rename or describe a zone."""
    row = Zone.objects.select_for_update().get(pk=zone.pk)
    require(by, "assets.change_zone", row)
    row.name, row.description = name, description
    checked(row)
    return write(row, by=by, action="assets.zone.changed")


@transaction.atomic
def add_asset(
    details: AssetDetails,
    *,
    location: Location,
    by: User,
    zone: Zone | None = None,
    parent: Asset | None = None,
) -> Asset:
    """Put an asset into the register."""
    require(by, "assets.add_asset", location)
    site = location.site
    if site is None:
        raise BadInput({"location": [_("An asset stands in a site; choose a place in one.")]})
    row = Asset(site=site, location=location, zone=zone, parent=parent, **vars(details))
    _same_site(row)
    checked(row)
    return write(row, by=by, action="assets.asset.added")


@transaction.atomic
def change_asset(
    asset: Asset,
    details: AssetDetails,
    *,
    by: User,
    placing: dict[str, Any] | None = None,
    revision: int | None = None,
    reason: str = "",
) -> Asset:
    """Change what is known about an asset; `placing` may hold `location`, `zone` and `parent`."""
    row = Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
    require(by, "assets.change_asset", row)
    require_revision(row, revision)
    refuse_if(status_blockers(tag=row.tag, old=row.status, new=details.status))
    for name, value in {**vars(details), **(placing or {})}.items():
        setattr(row, name, value)
    require(by, "assets.change_asset", row)  # also where it is moved to
    _same_site(row)
    checked(row)
    return write(row, by=by, action="assets.asset.changed", reason=reason)


def _same_site(row: Asset) -> None:
    site = row.location.site
    if site is None or site.pk != row.site_id:
        raise Refused(OTHER_SITE(what=row.location.name, site=site.name if site else "–"))
    if row.zone and row.zone.site_id != row.site_id:
        raise Refused(OTHER_SITE(what=row.zone.name, site=row.zone.site.name))
    if row.parent and row.parent.site_id != row.site_id:
        raise Refused(OTHER_SITE(what=row.parent.tag, site=row.parent.site.name))


@transaction.atomic
def relate(source: Asset, kind: str, target: Asset, *, by: User) -> Relation:
    """Say how one asset hangs on another; the same relation twice is one."""
    require(by, "assets.change_asset", source)
    found = Relation.objects.filter(kind=kind, source=source, target=target).first()
    if found:
        return found
    row = Relation(kind=kind, source=source, target=target)
    checked(row)
    return write(row, by=by, action="assets.relation.added", thing=source)


@transaction.atomic
def unrelate(relation: Relation, *, by: User, reason: str = "") -> None:
    """Remove a relation; its history stays."""
    require(by, "assets.change_asset", relation.source)
    delete(relation, by=by, action="assets.relation.removed", thing=relation.source, reason=reason)
