"""What a user may reach. Upper floors answer; lower floors ask through the authentication backend."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from django.contrib import auth
from django.db import models
from django.db.models import Q

from plantgov.core.errors import FORBIDDEN, Forbidden, Hidden


@dataclass(frozen=True)
class Scope:
    """The places, and single things beside them, on which somebody holds one permission."""

    everything: bool = False
    location_ids: frozenset[int] = frozenset()
    asset_ids: frozenset[int] = field(default=frozenset())

    def __bool__(self) -> bool:
        return self.everything or bool(self.location_ids) or bool(self.asset_ids)

    def touches(self, location_ids: Iterable[int]) -> bool:
        """Whether any of the places lies within; enough to see a thing."""
        return self.everything or not self.location_ids.isdisjoint(location_ids)

    def covers(self, location_ids: Iterable[int]) -> bool:
        """Whether all of the places, and at least one, lie within; needed to act on a thing."""
        places = set(location_ids)
        return self.everything or (bool(places) and places <= self.location_ids)


NOWHERE = Scope()
EVERYWHERE = Scope(everything=True)


class ScopeBackend(Protocol):
    """What the configured authentication backend answers."""

    def has_perm(self, user: Any, perm: str, obj: Any = None) -> bool:
        """Whether `user` holds `perm` on `obj`, or anywhere."""

    def scope_of(self, user: Any, permission: str) -> Scope:
        """Where `user` holds `permission` now."""

    def holders_of(self, permission: str, location_ids: Iterable[int], at: datetime) -> models.QuerySet:
        """The users who hold `permission` on all of the places at `at`."""


def _backend() -> ScopeBackend:
    for backend in auth.get_backends():
        if hasattr(backend, "scope_of"):
            return backend  # type: ignore[return-value]
    raise LookupError("No authentication backend answers scope_of(); see AUTHENTICATION_BACKENDS.")


def scope_of(user: Any, permission: str) -> Scope:
    """Where `user` holds `permission` (such as `assets.view_asset`).

    Resolved once per user object, so once per request: a revocation is effective on the next one.
    """
    if not getattr(user, "is_active", False):
        return NOWHERE
    if getattr(user, "is_system", False):
        return EVERYWHERE
    memo: dict[str, Scope] = user.__dict__.setdefault("_scopes", {})
    if permission not in memo:
        memo[permission] = _backend().scope_of(user, permission)
    return memo[permission]


def decide(user: Any, permission: str, thing: Any = None) -> bool:
    """Whether `user` holds `permission` on `thing`, or anywhere: the answer behind `user.has_perm`."""
    return bool(user.is_active) and _backend().has_perm(user, permission, thing)


def holders_of(permission: str, thing: Any, *, at: datetime) -> models.QuerySet:
    """The users who may exercise `permission` on `thing` at `at`."""
    return _backend().holders_of(permission, location_ids_of(thing), at)


def location_ids_of(thing: Any) -> list[int]:
    """The places a thing stands on, as its model tells."""
    return list(thing.scope_location_ids())


def may(user: Any, permission: str, thing: Any) -> bool:
    """Whether `user` may exercise `permission` on every place of `thing`."""
    scope = scope_of(user, permission)
    asset_id = getattr(thing, "scope_asset_id", None)
    return scope.covers(location_ids_of(thing)) or (asset_id is not None and asset_id in scope.asset_ids)


def require(user: Any, permission: str, thing: Any) -> None:
    """Raise `Hidden` when `thing` is out of sight, `Forbidden` when it is only out of reach."""
    if may(user, permission, thing):
        return
    if not can_see(user, thing):
        raise Hidden
    raise Forbidden(FORBIDDEN(permission=permission))


def can_see(user: Any, thing: Any) -> bool:
    """Whether `thing` lies in the user's view."""
    return type(thing)._default_manager.visible_to(user).filter(pk=thing.pk).exists()


def require_anywhere(user: Any, permission: str) -> None:
    """Raise `Forbidden` unless `user` holds `permission` on some place."""
    if not scope_of(user, permission):
        raise Forbidden(FORBIDDEN(permission=permission))


class ScopedQuerySet(models.QuerySet):
    """Rows that can be narrowed to what somebody may see: the only spelling of scope."""

    def visible_to(self, user: Any, verb: str = "view") -> Self:
        """The rows on which `user` holds `<app>.<verb>_<model>`.

        `verb="view"` asks for any place of a row, every other verb for all of them.
        """
        meta = self.model._meta
        scope = scope_of(user, f"{meta.app_label}.{verb}_{meta.model_name}")
        if scope.everything:
            return self.all()
        if not scope:
            return self.none()
        return self.filter(self._within(scope, verb))

    def _within(self, scope: Scope, verb: str) -> Q:
        ids = sorted(scope.location_ids)
        field_name = getattr(self.model, "scope_array", None)
        if field_name:
            lookup = "overlap" if verb == "view" else "contained_by"
            within = Q(**{f"{field_name}__{lookup}": ids})
            return within if verb == "view" else within & ~Q(**{field_name: []})
        place = getattr(self.model, "scope_location", None)
        if place is None:
            return Q()
        within = Q(**{f"{place}__in": ids})
        asset = getattr(self.model, "scope_asset", None)
        if asset and scope.asset_ids:
            within |= Q(**{f"{asset}__in": sorted(scope.asset_ids)})
        return within


ScopedManager = models.Manager.from_queryset(ScopedQuerySet)
