"""The location tree. Every structural change takes one lock, so that paths stay sound."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from assets.models import Location
from assets.rules import BELOW_ITSELF, LEAVES_SITE, place_blockers
from assets.services.rows import checked, next_ids
from assets.states import LocationKind
from plantgov.audit.services.entries import Acting, write, write_all
from plantgov.core.errors import BadInput, Refused, refuse_if, require_revision
from plantgov.core.scope import require
from plantgov.people.models import User

RESERVED = ("add", "export", "holds", "imports", "locations", "owners", "relations", "zones")
TREE_LOCK = 7_160_001  # any number that nobody else uses as an advisory lock


@dataclass(frozen=True)
class Place:
    """What is known about a place; empty profile, mode and zone are taken from above."""

    name: str
    kind: str
    zone_name: str = ""
    profile: str = ""
    mode: str = ""
    slug: str = ""


def lock_tree() -> None:
    """Wait for every other change of the tree, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


@transaction.atomic
def found_enterprise(place: Place, *, by: Acting) -> Location:
    """Make the root of the tree. There is one; whoever installs makes it."""
    lock_tree()
    return _insert(Location(parent=None, **_values(place)), None, by=by)


@transaction.atomic
def add_location(place: Place, *, parent: Location, by: User, reason: str = "") -> Location:
    """Add a place below another. To set its profile or mode one must be allowed to change regimes there."""
    lock_tree()
    parent = Location.objects.get(pk=parent.pk)
    require(by, "assets.add_location", parent)
    row = Location(parent=parent, **_values(place))
    if row.profile or row.mode:
        require(by, "assets.set_regime", parent)
    refuse_if(
        place_blockers(kind=row.kind, below=parent.kind, parent_name=parent.name, depth=len(parent.path))
    )
    return _insert(row, parent, by=by, reason=reason)


def _values(place: Place) -> dict[str, Any]:
    _check_zone_name(place.zone_name)
    slug = place.slug or slugify(place.name)[:55] or "place"
    slug = f"{slug}-site" if slug in RESERVED else slug
    return {
        **vars(place),
        "name": place.name.strip(),
        "slug": slug,
    }


def _check_zone_name(name: str) -> None:
    if name and name not in available_timezones():
        raise BadInput(
            {"zone_name": [_("“%(name)s” is no time zone; write it like Europe/Berlin.") % {"name": name}]}
        )


def _insert(row: Location, parent: Location | None, *, by: Acting, reason: str = "") -> Location:
    # The id is a part of the path, so it is taken before the row is written: one write, one entry.
    [pk] = next_ids("assets_location", 1)
    row.path = [*(parent.path if parent else []), pk]
    row.site_id = pk if row.kind == LocationKind.SITE else parent.site_id if parent else None
    row.pk = pk
    checked(row, "site", "path")
    return write(row, by=by, action="assets.location.added", reason=reason)


@transaction.atomic
def change_location(
    location: Location, place: Place, *, by: User, revision: int | None = None, reason: str = ""
) -> Location:
    """Change what is known about a place; its kind stays. Profile and mode need their own permission."""
    row = Location.objects.select_for_update(of=("self",)).get(pk=location.pk)
    require(by, "assets.change_location", row)
    require_revision(row, revision)
    if (row.profile, row.mode) != (place.profile, place.mode):
        require(by, "assets.set_regime", row)
    _check_zone_name(place.zone_name)
    row.name, row.zone_name, row.profile, row.mode = (
        place.name.strip(),
        place.zone_name,
        place.profile,
        place.mode,
    )
    row.slug = _values(place)["slug"] if place.slug else row.slug
    checked(row)
    return write(row, by=by, action="assets.location.changed", reason=reason)


@transaction.atomic
def move_location(
    location: Location, *, to: Location, by: User, revision: int | None = None, reason: str = ""
) -> Location:
    """Move a place with everything below it under another place of the same site."""
    lock_tree()
    row = Location.objects.select_for_update(of=("self",)).get(pk=location.pk)
    target = Location.objects.get(pk=to.pk)
    require(by, "assets.change_location", row)
    require(by, "assets.change_location", target)
    require_revision(row, revision)
    if row.pk in target.path:
        raise Refused(BELOW_ITSELF(name=row.name))
    if row.kind != LocationKind.SITE and target.site_id != row.site_id:
        raise Refused(LEAVES_SITE(name=row.name, site=row.site.name if row.site else ""))
    subtree = list(Location.objects.select_for_update(of=("self",)).filter(path__contains=[row.pk]))
    depth = len(row.path) - 1
    deepest = max(len(place.path) for place in subtree) - depth + len(target.path)
    refuse_if(place_blockers(kind=row.kind, below=target.kind, parent_name=target.name, depth=deepest - 1))
    for place in subtree:
        place.path = [*target.path, *place.path[depth:]]
        if place.pk == row.pk:
            place.parent = target
            checked(place)
    write_all(subtree, by=by, action="assets.location.moved", reason=reason)
    return next(place for place in subtree if place.pk == row.pk)
