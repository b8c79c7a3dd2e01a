"""Reading the register."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from assets.models import Asset, Authorisation, Baseline, Hold, Location, Ownership
from plantgov.people.models import Person, Team


@dataclass(frozen=True)
class Inherited:
    """What a place is told by the places above it."""

    profile: str
    mode: str
    zone_name: str
    site_id: int | None


def settings_of(locations: Iterable[Location]) -> dict[int, Inherited]:
    """Profile, mode, time zone and site of places, inherited, in one query."""
    wanted = {location.pk: location.path for location in locations}
    ids = {pk for path in wanted.values() for pk in path}
    rows = {row.pk: row for row in Location.objects.filter(pk__in=ids)}
    return {pk: _inherited([rows[i] for i in reversed(path) if i in rows]) for pk, path in wanted.items()}


def _inherited(upwards: list[Location]) -> Inherited:
    def first(name: str, default: str) -> str:
        return next((getattr(row, name) for row in upwards if getattr(row, name)), default)

    site = next((row.pk for row in upwards if row.kind == Location.Kind.SITE), None)
    return Inherited(first("profile", "standard"), first("mode", "enforce"), first("zone_name", "UTC"), site)


def settings_at(location: Location) -> Inherited:
    """The same for one place."""
    return settings_of([location])[location.pk]


def assets_visible_to(user: Any) -> QuerySet[Asset]:
    """Assets in view with what lists show."""
    return Asset.objects.visible_to(user).select_related("site", "location", "zone")


def with_path(location: Location) -> list[Location]:
    """The place and those above it, from the top."""
    rows = {row.pk: row for row in Location.objects.filter(pk__in=location.path)}
    return [rows[pk] for pk in location.path if pk in rows]


@dataclass(frozen=True)
class Owner:
    """Who answers for a thing, and from which thing that is inherited (None: its own)."""

    owner: Person | Team
    role: str
    source: Any = None


def accountable_of(assets: Iterable[Asset], *, at: datetime) -> dict[int, Owner]:
    """The accountable owner of each asset: its own, or that of the nearest place above; two queries."""
    assets = list(assets)
    places = {
        row.pk: row for row in Location.objects.filter(pk__in={p for a in assets for p in a.location.path})
    }
    uids = {a.uid for a in assets} | {row.uid for row in places.values()}
    rows = current_ownerships(at).filter(thing_uid__in=uids, role=Ownership.Role.ACCOUNTABLE)
    by_uid = {row.thing_uid: row.owner for row in rows}
    found = {}
    for asset in assets:
        chain = [
            (asset.uid, None),
            *((places[p].uid, places[p]) for p in reversed(asset.location.path) if p in places),
        ]
        hit = next(((by_uid[uid], source) for uid, source in chain if uid in by_uid), None)
        if hit:
            found[asset.pk] = Owner(hit[0], Ownership.Role.ACCOUNTABLE, hit[1])
    return found


def current_ownerships(at: datetime) -> QuerySet[Ownership]:
    """Ownership in force at an instant."""
    rows = Ownership.objects.filter(from_at__lte=at).filter(Q(until_at=None) | Q(until_at__gt=at))
    return rows.select_related("person", "team")


def owners_of(thing: Any, *, at: datetime) -> list[Ownership]:
    """Everybody who answers for a thing itself."""
    return list(current_ownerships(at).filter(thing_uid=thing.uid))


def without_owner(rows: QuerySet[Asset], *, at: datetime) -> QuerySet[Asset]:
    """Assets for which nobody is accountable, not even above them."""
    own = current_ownerships(at).filter(role=Ownership.Role.ACCOUNTABLE)
    owned_places = Location.objects.filter(uid__in=own.values("thing_uid")).values_list("pk", flat=True)
    covered = Location.objects.filter(path__overlap=list(owned_places))
    return rows.filter(~Exists(own.filter(thing_uid=OuterRef("uid"))) & ~Q(location__in=covered))


def current_baseline(asset: Asset) -> Baseline | None:
    """The approved configuration of an asset."""
    return Baseline.objects.filter(asset=asset, is_current=True).first()


def current_baselines(assets: Iterable[Asset]) -> dict[int, Baseline]:
    """The approved configurations of some assets, by asset id."""
    rows = Baseline.objects.filter(asset__in=[a.pk for a in assets], is_current=True)
    return {row.asset_id: row for row in rows}


def holds_on(assets: Iterable[Asset], *, at: datetime) -> dict[int, list[Hold]]:
    """The holds that stop each asset: its own and those of its places, in one query."""
    assets = list(assets)
    places = {pk for asset in assets for pk in asset.location.path}
    rows = Hold.objects.filter(lifted_at=None, placed_at__lte=at).filter(
        Q(expires_at=None) | Q(expires_at__gt=at)
    )
    rows = rows.filter(Q(asset__in=[a.pk for a in assets]) | Q(location__in=places)).select_related(
        "placed_by__person"
    )
    found: dict[int, list[Hold]] = {asset.pk: [] for asset in assets}
    for hold in rows:
        for asset in assets:
            if hold.asset_id == asset.pk or hold.location_id in asset.location.path:
                found[asset.pk].append(hold)
    return found


def authorisations_on(assets: Iterable[Asset]) -> dict[int, Authorisation]:
    """The running authorisation of each asset, if any."""
    rows = Authorisation.objects.filter(asset__in=[a.pk for a in assets], ended_at=None)
    return {row.asset_id: row for row in rows}


@dataclass(frozen=True)
class Hit:
    """An asset that a walk over relations reached, how far away, and by which relation."""

    asset: Asset
    depth: int
    kind: str


IMPACT = """
WITH RECURSIVE reached(asset_id, depth, kind, seen) AS (
    SELECT {there}, 1, kind, ARRAY[%(start)s::bigint, {there}] FROM assets_relation WHERE {here} = %(start)s
    UNION ALL
    SELECT r.{there}, reached.depth + 1, r.kind, seen || r.{there}
    FROM assets_relation r JOIN reached ON r.{here} = reached.asset_id
    WHERE reached.depth < %(most)s AND NOT r.{there} = ANY(seen)
)
SELECT DISTINCT ON (asset_id) asset_id, depth, kind FROM reached ORDER BY asset_id, depth
"""


def impact_of(asset: Asset, user: Any, *, downwards: bool = True, depth: int = 5) -> list[Hit]:
    """The assets reached over relations from `asset`, nearest first; those out of view are left out."""
    here, there = ("source_id", "target_id") if downwards else ("target_id", "source_id")
    with connection.cursor() as cursor:
        cursor.execute(IMPACT.format(here=here, there=there), {"start": asset.pk, "most": depth})
        found = {pk: (far, kind) for pk, far, kind in cursor.fetchall()}
    rows = assets_visible_to(user).filter(pk__in=found)
    return sorted((Hit(row, *found[row.pk]) for row in rows), key=lambda hit: (hit.depth, hit.asset.tag))


def gap_sentence(count: int) -> str:
    """How many assets lack an accountable owner, in words."""
    return _("%(count)d assets without an accountable owner") % {"count": count}
