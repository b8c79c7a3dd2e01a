"""Reading who may do what, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from access.models import ApiToken, Grant, Role
from assets.models import Asset, Location
from plantgov.people.models import User


def grants_visible_to(user: Any) -> QuerySet[Grant]:
    """Grants in view with what lists show."""
    return Grant.objects.visible_to(user).select_related(
        "user__person", "team", "role", "location", "asset__site", "given_by__person"
    )


def live(rows: QuerySet[Grant], *, at: datetime) -> QuerySet[Grant]:
    """Grants in force at an instant."""
    return rows.filter(revoked_at=None, from_at__lte=at).filter(Q(until_at=None) | Q(until_at__gt=at))


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The tokens of an account, newest first."""
    return ApiToken.objects.filter(owner=user)


@dataclass(frozen=True)
class Explanation:
    """Why somebody can, or what comes near to it."""

    grant: Grant
    counts: bool
    why_not: str = ""


def explain(user: User, permission: str, place: Location | Asset, *, at: datetime) -> list[Explanation]:
    """Every grant of the user or their teams whose role carries the permission, with why it does not count here."""
    path = place.path if isinstance(place, Location) else place.location.path
    holder = Q(user=user) | Q(team__group__in=user.groups.all())
    rows = Grant.objects.filter(holder, role__permissions__contains=[permission])
    rows = rows.select_related("role", "location", "asset", "given_by__person", "team")
    return [_explained(row, path, place, at) for row in rows]


def _explained(row: Grant, path: list[int], place: Location | Asset, at: datetime) -> Explanation:
    if row.revoked_at:
        return Explanation(row, False, "revoked")
    if row.until_at and row.until_at <= at:
        return Explanation(row, False, "expired")
    if row.from_at > at:
        return Explanation(row, False, "not_yet")
    here = (
        row.location_id in path if row.location_id else row.asset_id == place.pk and isinstance(place, Asset)
    )
    return Explanation(row, here, "" if here else "elsewhere")


def roles() -> QuerySet[Role]:
    """The catalogue."""
    return Role.objects.filter(retired_at=None)
