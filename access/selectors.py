"""Reading who may do what where, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from access.models import ApiToken, Grant, Role
from assets.models import Asset, Location
from plantgov.core.scope import scope_of
from plantgov.people.models import User


def grants_visible_to(user: Any) -> QuerySet[Grant]:
    """Grants in view with what lists show."""
    return Grant.objects.visible_to(user).select_related(
        "user__person", "team", "role", "location", "asset__site", "given_by__person", "revoked_by__person"
    )


def live(rows: QuerySet[Grant], *, at: datetime) -> QuerySet[Grant]:
    """Grants in force at an instant."""
    return rows.filter(revoked_at=None, from_at__lte=at).filter(Q(until_at=None) | Q(until_at__gt=at))


def grants_of(user: User) -> QuerySet[Grant]:
    """Every grant that an account ever had or will have, its teams' included."""
    return Grant.objects.filter(Q(user=user) | Q(team__group__in=user.groups.all()))


def permissions_of(user: User, *, at: datetime) -> set[str]:
    """The names of the permissions that an account holds anywhere at an instant."""
    lists = live(grants_of(user), at=at).values_list("role__permissions", flat=True)
    return {name for names in lists for name in names}


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The tokens of an account, newest first."""
    return ApiToken.objects.filter(owner=user).select_related("location", "owner__person")


def tokens_visible_to(user: Any) -> QuerySet[ApiToken]:
    """One's own tokens and, with the right to manage tokens, those of programs."""
    mine = Q(owner=user)
    if scope_of(user, "access.manage_token"):
        mine |= Q(owner__kind=User.Kind.SERVICE)
    return ApiToken.objects.filter(mine).select_related("location", "owner__person")


def roles_visible_to(user: Any) -> QuerySet[Role]:
    """The catalogue of roles."""
    return Role.objects.visible_to(user).filter(retired_at=None)


def places_where(user: Any, permission: str) -> QuerySet[Location]:
    """The places on which a user holds a permission."""
    scope = scope_of(user, permission)
    rows = Location.objects.all()
    return rows if scope.everything else rows.filter(pk__in=sorted(scope.location_ids))


@dataclass(frozen=True)
class Explanation:
    """A grant that gives a permission, or comes near to it: why it does not count is in `why_not`."""

    grant: Grant
    why_not: str = ""

    @property
    def counts(self) -> bool:
        """Whether it gives the permission here and now."""
        return not self.why_not


def explain(user: User, permission: str, place: Location | Asset, *, at: datetime) -> list[Explanation]:
    """Every grant of the user and their teams whose role carries the permission; those that count come first.

    `why_not` is one of `account_closed`, `revoked`, `expired`, `not_yet`, `elsewhere`, or empty.
    """
    path = place.path if isinstance(place, Location) else place.location.path
    rows = grants_of(user).filter(role__permissions__contains=[permission])
    related = (
        "role",
        "location",
        "asset__site",
        "given_by__person",
        "revoked_by__person",
        "team",
        "user__person",
    )
    found = [Explanation(row, _why_not(row, user, path, place, at)) for row in rows.select_related(*related)]
    return sorted(found, key=lambda one: not one.counts)


def _why_not(row: Grant, user: User, path: list[int], place: Location | Asset, at: datetime) -> str:
    left_at = user.person.left_at if user.person else None
    if not user.is_active or (left_at is not None and left_at <= at):
        return "account_closed"
    state = row.state(at)
    if state != "active":
        return "not_yet" if state == "scheduled" else state
    if row.location_id is not None:
        return "" if row.location_id in path else "elsewhere"
    return "" if isinstance(place, Asset) and row.asset_id == place.pk else "elsewhere"
