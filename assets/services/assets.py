"""Assets, and the relations between them."""

from dataclasses import dataclass, field, fields
from typing import Any

from django.db import transaction

from assets.models import Asset, Authorisation, Location, Relation, Zone
from assets.rules import (
    NOT_IN_SITE,
    OTHER_SITE,
    PART_OF_ITSELF,
    correction_blockers,
    status_blockers,
)
from assets.services.rows import checked
from assets.services.zones import add_zone, change_zone
from assets.states import Status
from plantgov.audit.services.entries import delete, write
from plantgov.core.errors import Refused, refuse_if, require_revision
from plantgov.core.scope import require
from plantgov.people.models import User

__all__ = [
    "AssetDetails",
    "add_asset",
    "add_zone",
    "change_asset",
    "change_zone",
    "relate",
    "set_status",
    "unrelate",
]


@dataclass(frozen=True)
class AssetDetails:
    """What is known about an asset."""

    tag: str
    name: str
    asset_type: str
    status: str = Status.IN_SERVICE
    criticality: str = Asset.Criticality.MEDIUM
    safety_related: bool = False
    purdue_level: str = ""
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    firmware_version: str = ""
    description: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


DETAIL_FIELDS = tuple(f.name for f in fields(AssetDetails))


def details_of(asset: Asset) -> AssetDetails:
    """What is known about an asset now, to change a part of it."""
    return AssetDetails(**{name: getattr(asset, name) for name in DETAIL_FIELDS})


@transaction.atomic
def add_asset(
    details: AssetDetails,
    *,
    location: Location,
    by: User,
    zone: Zone | None = None,
    parent: Asset | None = None,
    reason: str = "",
) -> Asset:
    """Put an asset into the register."""
    require(by, "assets.add_asset", location)
    row = Asset(site=location.site, location=location, zone=zone, parent=parent, **vars(details))
    sound(row)
    checked(row)
    return write(row, by=by, action="assets.asset.added", reason=reason)


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
    row = Asset.objects.select_for_update(of=("self",)).select_related("location", "site").get(pk=asset.pk)
    require(by, "assets.change_asset", row)
    require_revision(row, revision)
    given = {**vars(details), **(placing or {})}
    changed = [name for name, value in given.items() if getattr(row, name) != value]
    refuse_if(change_blockers(row, changed, status=details.status, reason=reason))
    for name, value in given.items():
        setattr(row, name, value)
    require(by, "assets.change_asset", row)  # also where it is moved to
    sound(row)
    checked(row)
    return write(row, by=by, action="assets.asset.changed", reason=reason)


@transaction.atomic
def set_status(asset: Asset, status: str, *, by: User, reason: str, revision: int | None = None) -> Asset:
    """Move an asset to another status of its life, such as retired."""
    row = Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
    require(by, "assets.change_asset", row)
    require_revision(row, revision)
    refuse_if(change_blockers(row, ["status"], status=status, reason=reason))
    row.status = status
    checked(row)
    return write(row, by=by, action="assets.asset.status_set", reason=reason)


def change_blockers(row: Asset, changed: list[str], *, status: str, reason: str) -> list[Any]:
    """Why these fields of the locked `row` may not be changed so."""
    running = Authorisation.objects.filter(asset=row, ended_at=None).first()
    altered_by = running.change_reference if running else ""
    return [
        *status_blockers(tag=row.tag, old=row.status, new=status, altered_by=altered_by),
        *correction_blockers(
            tag=row.tag, status=row.status, changed=changed, reason=reason, is_authorised=bool(running)
        ),
    ]


def sound(row: Asset) -> None:
    """Refuse an asset outside a site, a place or zone of another site, and a ring of parts."""
    if row.location.site_id is None:
        raise Refused(NOT_IN_SITE())
    if row.location.site_id != row.site_id:
        raise Refused(OTHER_SITE(what=row.location.name, site=row.site.name))
    if row.zone and row.zone.site_id != row.site_id:
        raise Refused(OTHER_SITE(what=row.zone.name, site=row.site.name))
    if row.parent and row.parent.site_id != row.site_id:
        raise Refused(OTHER_SITE(what=row.parent.tag, site=row.site.name))
    above, seen = row.parent, {row.pk}
    while above is not None:
        if above.pk in seen:
            raise Refused(PART_OF_ITSELF(tag=row.tag))
        seen.add(above.pk)
        above = above.parent


@transaction.atomic
def relate(
    source: Asset, kind: str, target: Asset, *, by: User, note: str = "", reason: str = ""
) -> Relation:
    """Say how one asset bears on another; the same relation twice is one."""
    require(by, "assets.change_asset", source)
    found = Relation.objects.filter(kind=kind, source=source, target=target).first()
    if found:
        return found
    row = Relation(kind=kind, source=source, target=target, note=note)
    checked(row)
    return write(row, by=by, action="assets.relation.added", thing=source, reason=reason)


@transaction.atomic
def unrelate(relation: Relation, *, by: User, reason: str = "") -> None:
    """Remove a relation; its history stays."""
    row = Relation.objects.select_for_update(of=("self",)).select_related("source").get(pk=relation.pk)
    require(by, "assets.change_asset", row.source)
    delete(row, by=by, action="assets.relation.removed", thing=row.source, reason=reason)
