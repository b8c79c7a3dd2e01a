"""Reading who may do what where, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.db.models import Count, Prefetch, Q, QuerySet

from access.models import ApiToken, Grant, Role
from assets.models import Asset, Location
from plantgov.core.scope import scope_of
from plantgov.people.models import Person, Team, User

FOR_CHANGES = "work_on_change"  # the role that only a change gives


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


def in_tree_order(rows: QuerySet[Location]) -> QuerySet[Location]:
    """Places from the top down, each before what lies below it."""
    return rows.order_by("path")


@dataclass(frozen=True)
class Choice:
    """What somebody may choose from when they give a role; each field is called like the form's."""

    user: QuerySet[User]
    team: QuerySet[Team]
    role: QuerySet[Role]
    location: QuerySet[Location]
    sponsor: QuerySet[Person]

    @staticmethod
    def label_of(place: Location) -> str:
        """A place, indented by its depth in the tree."""
        return "\u2003" * place.depth + place.name


def choice_for(user: Any, permission: str, *, at: datetime) -> Choice:
    """Everybody with an open account, every team and role, and the places where `user` holds `permission`."""
    accounts = User.objects.filter(is_active=True).exclude(kind=User.Kind.SYSTEM).select_related("person")
    people = Person.objects.filter(Q(left_at=None) | Q(left_at__gt=at))
    return Choice(
        user=accounts.order_by("person__name", "username"),
        team=Team.objects.all(),
        role=roles_visible_to(user).exclude(key=FOR_CHANGES),
        location=in_tree_order(places_where(user, permission)),
        sponsor=people.filter(employment=Person.Employment.EMPLOYEE),
    )


def asset_named(user: Any, name: str) -> Asset | None:
    """The asset in view with this tag, or `site/tag` where a tag exists in several sites."""
    site, _slash, tag = name.strip().rpartition("/")
    rows = Asset.objects.visible_to(user).filter(tag=tag).select_related("location", "site")
    found = list((rows.filter(site__slug=site) if site else rows)[:2])
    return found[0] if len(found) == 1 else None


def permission_labels() -> dict[str, str]:
    """Every permission that a role may carry, with its words."""
    used = {name for names in Role.objects.values_list("permissions", flat=True) for name in names}
    rows = Permission.objects.select_related("content_type")
    named = {f"{row.content_type.app_label}.{row.codename}": _plainly(row.name) for row in rows}
    return {name: named[name] for name in used if name in named}


def _plainly(name: str) -> str:
    """Django's “Can view asset” as “View asset”."""
    plain = name.removeprefix("Can ")
    return plain[:1].upper() + plain[1:]


def programs() -> QuerySet[User]:
    """Accounts of programs with their owner and their live tokens."""
    tokens = ApiToken.objects.filter(revoked_at=None)
    rows = User.objects.filter(kind=User.Kind.SERVICE).select_related("owner")
    return rows.prefetch_related(Prefetch("tokens", queryset=tokens, to_attr="live_tokens"))


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


def in_words(names: Iterable[str], labels: dict[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Permissions in words: for each app its own as (name, words)."""
    rows = sorted(names)
    return [
        (str(apps.get_app_config(app).verbose_name), [(name, labels.get(name, name)) for name in names])
        for app, names in groupby(rows, key=lambda name: name.split(".", 1)[0])
    ]


def grants_in_force(user: Any, *, at: datetime) -> dict[int, int]:
    """How many grants of each role are in force in the user's view, by the role's id."""
    rows = live(Grant.objects.visible_to(user), at=at).order_by()
    return dict(rows.values_list("role").annotate(count=Count("pk")))
