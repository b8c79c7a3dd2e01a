"""Where permissions are decided: guardian's rows on places, within their window, by the clock of the query."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Q, QuerySet

from access.models import LocationGroupPermission, LocationUserPermission
from assets.models import Location
from plantgov.core.clock import now
from plantgov.core.scope import EVERYWHERE, NOWHERE, Scope, can_see, may, scope_of
from plantgov.people.models import User

# One round trip: the places and assets of the user's live rows and of those of the user's teams.
ROWS = """
SELECT 'l', u.content_object_id FROM access_locationuserpermission u
 WHERE u.user_id = %(user)s AND u.permission_id = %(permission)s AND u.from_at <= %(at)s AND u.until_at > %(at)s
UNION SELECT 'l', g.content_object_id FROM access_locationgrouppermission g JOIN people_user_groups m USING (group_id)
 WHERE m.user_id = %(user)s AND g.permission_id = %(permission)s AND g.from_at <= %(at)s AND g.until_at > %(at)s
UNION SELECT 'a', u.content_object_id FROM access_assetuserpermission u
 WHERE u.user_id = %(user)s AND u.permission_id = %(permission)s AND u.from_at <= %(at)s AND u.until_at > %(at)s
UNION SELECT 'a', g.content_object_id FROM access_assetgrouppermission g JOIN people_user_groups m USING (group_id)
 WHERE m.user_id = %(user)s AND g.permission_id = %(permission)s AND g.from_at <= %(at)s AND g.until_at > %(at)s
"""


class ScopedPermissionBackend:
    """Answers for everybody who asks through Django or through `plantgov.core.scope`."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        """Sign nobody in: that is another backend's."""

    def get_user(self, user_id: int) -> None:
        """Leave accounts to the backend that signs in."""

    def has_perm(self, user: Any, perm: str, obj: Any = None) -> bool:
        """Django's question: on `obj`, or anywhere."""
        if not user.is_active or not user.is_authenticated:
            return False
        if obj is None:
            return bool(scope_of(user, perm))
        is_view = perm.rsplit(".", maxsplit=1)[-1].startswith("view_")
        return can_see(user, obj) if is_view else may(user, perm, obj)

    def scope_of(self, user: User, permission: str) -> Scope:
        """Where `user` holds `permission` now, narrowed by the token that the request came with."""
        token = getattr(user, "api_token", None)
        if token is not None and token.permissions and permission not in token.permissions:
            return NOWHERE
        scope = self._scope(user, permission, now())
        return scope if token is None or token.location is None else _narrowed(scope, token.location)

    def _scope(self, user: User, permission: str, at: datetime) -> Scope:
        permission_id = _permission_id(permission)
        if permission_id is None:
            return NOWHERE
        with connection.cursor() as cursor:
            cursor.execute(ROWS, {"user": user.pk, "permission": permission_id, "at": at})
            rows = cursor.fetchall()
        roots = [pk for kind, pk in rows if kind == "l"]
        assets = frozenset(pk for kind, pk in rows if kind == "a")
        if not roots:
            return Scope(asset_ids=assets)
        if Location.objects.filter(pk__in=roots, kind=Location.Kind.ENTERPRISE).exists():
            return EVERYWHERE
        places = Location.objects.filter(path__overlap=roots).values_list("pk", flat=True)
        return Scope(location_ids=frozenset(places), asset_ids=assets)

    def holders_of(self, permission: str, location_ids: Iterable[int], at: datetime) -> QuerySet[User]:
        """The active accounts of persons who hold `permission` on all of the places at `at`."""
        permission_id = _permission_id(permission)
        users = User.objects.filter(is_active=True, person__left_at=None)
        paths = list(Location.objects.filter(pk__in=set(location_ids)).values_list("path", flat=True))
        if permission_id is None or not paths:
            return users.none()
        live = Q(permission_id=permission_id, from_at__lte=at, until_at__gt=at)
        for path in paths:
            mine = LocationUserPermission.objects.filter(live, content_object__in=path)
            teams = LocationGroupPermission.objects.filter(live, content_object__in=path)
            users = users.filter(Q(pk__in=mine.values("user")) | Q(groups__in=teams.values("group")))
        return users.distinct()


def _permission_id(permission: str) -> int | None:
    app_label, codename = permission.split(".", 1)
    row = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
    return row.values_list("pk", flat=True).first()


def _narrowed(scope: Scope, location: Location) -> Scope:
    """The part of a scope below one place."""
    below = frozenset(Location.objects.filter(path__contains=[location.pk]).values_list("pk", flat=True))
    return Scope(location_ids=below if scope.everything else scope.location_ids & below)
