"""The location tree. Every structural change takes one lock, so that paths stay sound."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from assets.models import Location
from assets.rules import place_blockers
from plantgov.audit.services.entries import Acting, write, write_all
from plantgov.core.errors import BadInput, refuse_if, require_revision
from plantgov.core.scope import require
from plantgov.people.models import User

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


def _lock_tree() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


def _checked(row: Location) -> None:
    try:
        row.full_clean(exclude=["path"])
    except ValidationError as error:
        raise BadInput(error.message_dict) from error


@transaction.atomic
def found_enterprise(place: Place, *, by: Acting) -> Location:
    """Make the root of the tree."""
    _lock_tree()
    return _insert(Location(parent=None, **_values(place)), None, by=by)


@transaction.atomic
def add_location(place: Place, *, parent: Location, by: User) -> Location:
    """Add a place below another."""
    _lock_tree()
    parent = Location.objects.get(pk=parent.pk)
    require(by, "assets.add_location", parent)
    row = Location(parent=parent, **_values(place))
    refuse_if(place_blockers(kind=row.kind, below=parent.kind, parent_name=parent.name))
    return _insert(row, parent, by=by)


def _values(place: Place) -> dict[str, Any]:
    return {**vars(place), "slug": place.slug or slugify(place.name)[:60] or "place"}


def _insert(row: Location, parent: Location | None, *, by: Acting) -> Location:
    _checked(row)
    # The id is a part of the path, so it is taken before the row is written: one write, one entry.
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('assets_location', 'id'))")
        row.pk = cursor.fetchone()[0]
    row.path = [*(parent.path if parent else []), row.pk]
    return write(row, by=by, action="assets.location.added")


@transaction.atomic
def change_location(location: Location, place: Place, *, by: User, revision: int | None = None) -> Location:
    """Change what is known about a place; its kind stays."""
    row = Location.objects.select_for_update().get(pk=location.pk)
    require(by, "assets.change_location", row)
    require_revision(row, revision)
    row.name, row.zone_name, row.profile, row.mode = place.name, place.zone_name, place.profile, place.mode
    row.slug = place.slug or row.slug
    _checked(row)
    return write(row, by=by, action="assets.location.changed")


@transaction.atomic
def move_location(location: Location, *, to: Location, by: User, reason: str = "") -> Location:
    """Move a place with everything below it under another place of the same site or enterprise."""
    _lock_tree()
    row = Location.objects.select_for_update().get(pk=location.pk)
    target = Location.objects.get(pk=to.pk)
    require(by, "assets.change_location", row)
    require(by, "assets.change_location", target)
    if row.pk in target.path:
        raise BadInput({"to": [_("A place cannot be moved below itself.")]})
    if row.kind == Location.Kind.SITE or _site_of(target) != _site_of(row):
        raise BadInput({"to": [_("A place is moved within its site; tags are unique in a site.")]})
    refuse_if(place_blockers(kind=row.kind, below=target.kind, parent_name=target.name))
    depth = len(row.path) - 1
    subtree = list(Location.objects.select_for_update().filter(path__contains=[row.pk]))
    for place in subtree:
        place.path = [*target.path, *place.path[depth:]]
        if place.pk == row.pk:
            place.parent = target
    write_all(subtree, by=by, action="assets.location.moved", reason=reason)
    return Location.objects.get(pk=row.pk)


def _site_of(location: Location) -> int | None:
    site = location.site
    return site.pk if site else None
