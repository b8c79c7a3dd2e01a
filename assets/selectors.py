"""Reading the register."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from assets.models import Asset, Authorisation, Baseline, Hold, Location, Ownership, Relation, Zone
from assets.states import (
    BACKWARD_KINDS,
    DEFAULT_MODE,
    DEFAULT_PROFILE,
    FORWARD_KINDS,
    MUTUAL_KINDS,
    LocationKind,
    OwnerRole,
    Status,
)
from plantgov.core.scope import scope_of
from plantgov.people.models import Person, Team

MOST_DEPTH = 5


# -- Places -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Inherited:
    """What a place is told by itself and the places above it."""

    profile: str
    mode: str
    zone_name: str
    site_id: int | None


def settings_of(locations: Iterable[Location]) -> dict[int, Inherited]:
    """Profile, mode, time zone and site of places, inherited, in one query."""
    wanted = {location.pk: location.path for location in locations}
    rows = Location.objects.in_bulk({pk for path in wanted.values() for pk in path})
    return {pk: _inherited([rows[i] for i in reversed(path) if i in rows]) for pk, path in wanted.items()}


def _inherited(upwards: list[Location]) -> Inherited:
    def first(name: str, default: str) -> str:
        return next((getattr(row, name) for row in upwards if getattr(row, name)), default)

    site = next((row.pk for row in upwards if row.kind == LocationKind.SITE), None)
    return Inherited(
        first("profile", DEFAULT_PROFILE), first("mode", DEFAULT_MODE), first("zone_name", "UTC"), site
    )


def settings_at(location: Location) -> Inherited:
    """The same for one place."""
    return settings_of([location])[location.pk]


def site_of(location: Location) -> Location | None:
    """The site that a place belongs to."""
    return location.site


def profile_of(location: Location) -> str:
    """The profile that counts at a place."""
    return settings_at(location).profile


def mode_of(location: Location) -> str:
    """Whether gates block at a place."""
    return settings_at(location).mode


def zone_of(location: Location) -> str:
    """The name of the time zone at a place."""
    return settings_at(location).zone_name


def locations_visible_to(user: Any) -> QuerySet[Location]:
    """Places in view."""
    return Location.objects.visible_to(user).select_related("parent", "site")


def locations_for(user: Any, permission: str) -> QuerySet[Location]:
    """Places in view on which the user holds `permission`, for choosing one."""
    scope = scope_of(user, permission)
    rows = locations_visible_to(user)
    return rows if scope.everything else rows.filter(pk__in=sorted(scope.location_ids))


def with_path(location: Location) -> list[Location]:
    """The place and those above it, from the top."""
    rows = Location.objects.in_bulk(location.path)
    return [rows[pk] for pk in location.path if pk in rows]


def paths_of(locations: Iterable[Location]) -> dict[int, str]:
    """Each place as `Site / Area / Line`, in one query."""
    wanted = {row.pk: row.path for row in locations}
    ids = {pk for path in wanted.values() for pk in path}
    names = dict(Location.objects.filter(pk__in=ids).exclude(parent=None).values_list("pk", "name"))
    return {pk: " / ".join(names[i] for i in path if i in names) for pk, path in wanted.items()}


def tree_visible_to(user: Any) -> list[tuple[Location, int]]:
    """The places in view as a list in the order of the tree, each with its depth below the first in view."""
    rows = list(locations_visible_to(user))
    seen = {row.pk for row in rows}
    below: dict[int | None, list[Location]] = {}
    for row in rows:
        below.setdefault(row.parent_id if row.parent_id in seen else None, []).append(row)
    return list(_walk(below, None, 0))


def _walk(below: dict[int | None, list[Location]], parent: int | None, depth: int) -> Any:
    for row in below.get(parent, []):
        yield row, depth
        yield from _walk(below, row.pk, depth + 1)


def zones_visible_to(user: Any) -> QuerySet[Zone]:
    """Zones in view."""
    return Zone.objects.visible_to(user).select_related("site")


def zones_for(user: Any) -> QuerySet[Zone]:
    """Zones that the user may name: those in view, and those of assets in view."""
    used = Asset.objects.visible_to(user).exclude(zone=None).values("zone")
    within = Zone.objects.visible_to(user).values("pk")
    return Zone.objects.filter(Q(pk__in=within) | Q(pk__in=used)).select_related("site")


def zones_with_counts(user: Any) -> QuerySet[Zone]:
    """Zones in view with how many assets in view stand in each."""
    inside = Count("assets", filter=Q(assets__in=Asset.objects.visible_to(user)))
    return zones_visible_to(user).annotate(asset_count=inside).order_by("site__name", "name")


def asset_counts(user: Any) -> dict[int, int]:
    """How many assets in view stand at each place itself."""
    rows = Asset.objects.visible_to(user).order_by().values_list("location").annotate(Count("pk"))
    return dict(rows)


# -- Assets -------------------------------------------------------------------------------------
def assets_visible_to(user: Any) -> QuerySet[Asset]:
    """Assets in view with what lists show."""
    return Asset.objects.visible_to(user).select_related("site", "location", "zone")


def relations_of(asset: Asset, user: Any) -> list[tuple[Relation, bool]]:
    """The relations of an asset, each with whether its other end is in the user's view."""
    rows = list(
        Relation.objects.filter(Q(source=asset) | Q(target=asset)).select_related(
            "source__site", "target__site"
        )
    )
    ends = {row.source_id for row in rows} | {row.target_id for row in rows}
    seen = set(Asset.objects.visible_to(user).filter(pk__in=ends).values_list("pk", flat=True))
    return [(row, {row.source_id, row.target_id} - {asset.pk} <= seen) for row in rows]


# -- Owners -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Owner:
    """Who answers for a thing, and the place from which that is inherited (None: its own)."""

    owner: Person | Team
    role: str
    source: Any = None
    ownership: Ownership | None = None


def current_ownerships(at: datetime) -> QuerySet[Ownership]:
    """Ownership in force at an instant."""
    rows = Ownership.objects.filter(from_at__lte=at).filter(Q(until_at=None) | Q(until_at__gt=at))
    return rows.select_related("person", "team")


def owners_of(thing: Any, *, at: datetime) -> list[Owner]:
    """Everybody who answers for a thing, role by role: its own owners, else those of the nearest place above."""
    chain = _chain(thing)
    rows = current_ownerships(at).filter(thing_uid__in=[one.uid for one in chain])
    by_uid: dict[UUID, list[Ownership]] = {}
    for row in rows:
        by_uid.setdefault(row.thing_uid, []).append(row)
    found: list[Owner] = []
    for role in OwnerRole:
        for source in chain:
            own = [row for row in by_uid.get(source.uid, []) if row.role == role]
            if own:
                inherited = None if source is thing else source
                found += [Owner(row.owner, role, inherited, row) for row in own]
                break
    return found


def _chain(thing: Any) -> list[Any]:
    """The thing, the asset or site that it belongs to, and the places above, nearest first."""
    asset = thing if isinstance(thing, Asset) else getattr(thing, "asset", None)
    if isinstance(thing, Location):
        return list(reversed(with_path(thing)))
    place = asset.location if asset else thing.site if isinstance(thing, Zone) else thing.location
    return [thing, *([asset] if asset and asset is not thing else []), *reversed(with_path(place))]


def accountable_for(thing: Any, at: datetime) -> tuple[Person | Team | None, Any]:
    """Who is accountable for a thing, and the thing from which that comes; (None, None) for a gap."""
    first = next((one for one in owners_of(thing, at=at) if one.role == OwnerRole.ACCOUNTABLE), None)
    return (first.owner, first.source or thing) if first else (None, None)


def accountable_of(assets: Iterable[Asset], *, at: datetime) -> dict[int, Owner]:
    """The accountable owner of each asset: its own, or that of the nearest place above; two queries."""
    assets = list(assets)
    places = Location.objects.in_bulk({pk for asset in assets for pk in asset.location.path})
    uids = {asset.uid for asset in assets} | {row.uid for row in places.values()}
    rows = current_ownerships(at).filter(thing_uid__in=uids, role=OwnerRole.ACCOUNTABLE)
    by_uid = {row.thing_uid: row for row in rows}
    found = {}
    for asset in assets:
        chain = [asset, *(places[pk] for pk in reversed(asset.location.path) if pk in places)]
        source = next((one for one in chain if one.uid in by_uid), None)
        if source:
            row = by_uid[source.uid]
            inherited = None if source is asset else source
            found[asset.pk] = Owner(row.owner, OwnerRole.ACCOUNTABLE, inherited, row)
    return found


def without_owner(rows: QuerySet[Asset], *, at: datetime) -> QuerySet[Asset]:
    """Assets for which nobody is accountable, not even above them."""
    own = current_ownerships(at).filter(role=OwnerRole.ACCOUNTABLE).order_by()
    owned = Location.objects.filter(uid__in=own.values("thing_uid")).values_list("pk", flat=True)
    gap = ~Exists(own.filter(thing_uid=OuterRef("uid")))
    return rows.filter(gap & ~Q(location__path__overlap=list(owned)))


def ownership_gaps(user: Any, at: datetime) -> QuerySet[Asset]:
    """The assets in view, not retired, for which nobody is accountable."""
    return without_owner(assets_visible_to(user).exclude(status=Status.RETIRED), at=at)


# -- Approved, stopped, altered -----------------------------------------------------------------
def current_baseline(asset: Asset) -> Baseline | None:
    """The approved configuration of an asset."""
    return Baseline.objects.filter(asset=asset, is_current=True).first()


def current_baselines(assets: Iterable[Asset]) -> dict[int, Baseline]:
    """The approved configurations of some assets, by asset id."""
    rows = Baseline.objects.filter(asset__in=[asset.pk for asset in assets], is_current=True)
    return {row.asset_id: row for row in rows}


def holds_on(assets: Iterable[Asset], *, at: datetime) -> dict[int, list[Hold]]:
    """The holds that stop each asset, by asset id: its own and those of its places, in one query."""
    assets = list(assets)
    places = {pk for asset in assets for pk in asset.location.path}
    rows = Hold.objects.in_force(at).filter(
        Q(asset__in=[asset.pk for asset in assets]) | Q(location__in=places)
    )
    rows = rows.select_related("placed_by__person", "asset", "location")
    found: dict[int, list[Hold]] = {asset.pk: [] for asset in assets}
    for hold in rows:
        for asset in assets:
            if hold.asset_id == asset.pk or hold.location_id in asset.location.path:
                found[asset.pk].append(hold)
    return found


def authorisations_on(assets: Iterable[Asset]) -> dict[int, Authorisation]:
    """The running authorisation of each asset that has one, by asset id."""
    rows = Authorisation.objects.filter(asset__in=[asset.pk for asset in assets], ended_at=None)
    return {row.asset_id: row for row in rows}


def active_authorisation(asset: Asset, at: datetime) -> Authorisation | None:
    """The change that may alter an asset at an instant, if any."""
    rows = Authorisation.objects.filter(asset=asset, from_at__lte=at)
    return rows.filter(Q(ended_at=None) | Q(ended_at__gt=at)).first()


# -- Impact -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Hit:
    """An asset that a walk over relations reached, how far away, and by which relation; hidden when out of view."""

    asset: Asset | None
    depth: int
    kind: str


# An edge leads from what fails to what is affected by it.
IMPACT = """
WITH RECURSIVE edge(cause, effect, kind) AS (
    SELECT source_id, target_id, kind FROM assets_relation WHERE kind = ANY(%(forward)s)
    UNION ALL SELECT target_id, source_id, kind FROM assets_relation WHERE kind = ANY(%(backward)s)
), reached(asset_id, depth, kind, seen) AS (
    SELECT {there}, 1, kind, ARRAY[%(start)s::bigint, {there}] FROM edge WHERE {here} = %(start)s
    UNION ALL
    SELECT edge.{there}, reached.depth + 1, edge.kind, reached.seen || edge.{there}
    FROM edge JOIN reached ON edge.{here} = reached.asset_id
    WHERE reached.depth < %(most)s AND NOT edge.{there} = ANY(reached.seen)
)
SELECT DISTINCT ON (asset_id) asset_id, depth, kind FROM reached ORDER BY asset_id, depth, kind
"""


def impact_of(asset: Asset, user: Any, *, downwards: bool = True, depth: int = MOST_DEPTH) -> list[Hit]:
    """What is affected by `asset` (downwards) or what it hangs on (upwards), nearest first."""
    here, there = ("cause", "effect") if downwards else ("effect", "cause")
    values: dict[str, Any] = {
        "forward": [str(kind) for kind in (*FORWARD_KINDS, *MUTUAL_KINDS)],
        "backward": [str(kind) for kind in (*BACKWARD_KINDS, *MUTUAL_KINDS)],
        "start": asset.pk,
        "most": min(depth, MOST_DEPTH),
    }
    with connection.cursor() as cursor:
        cursor.execute(IMPACT.format(here=here, there=there), values)
        found: Sequence[tuple[int, int, str]] = cursor.fetchall()
    seen = assets_visible_to(user).in_bulk([pk for pk, _far, _kind in found])
    hits = [Hit(seen.get(pk), far, kind) for pk, far, kind in found]
    return sorted(hits, key=lambda hit: (hit.depth, hit.asset is None, hit.asset.tag if hit.asset else ""))
