"""Where permissions are decided: guardian's rows on places, within their window, by the clock of the query."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from access.models import ApiToken, LocationGroupPermission, LocationUserPermission
from assets.models import Location
from plantgov.core.clock import now
from plantgov.core.scope import NOWHERE, Scope, can_see, location_ids_of, may, scope_of
from plantgov.people.models import User

# One round trip: the live rows of the account and of its teams, and every place below theirs. The ids go into
# the next query as literals, which gives the planner real numbers to plan with.
SCOPE = """
WITH permission AS (
    SELECT p.id FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
    WHERE c.app_label = %(app)s AND p.codename = %(codename)s
), account AS (
    SELECT a.id FROM people_user a LEFT JOIN people_person p ON p.id = a.person_id
    WHERE a.id = %(user)s AND a.is_active AND (p.left_at IS NULL OR p.left_at > %(at)s)
), team AS (
    SELECT m.group_id FROM people_user_groups m JOIN account ON account.id = m.user_id
), root AS (
    SELECT coalesce(array_agg(DISTINCT place), '{{}}') AS ids FROM (
        SELECT r.content_object_id AS place FROM access_locationuserpermission r
        WHERE r.user_id IN (SELECT id FROM account) AND {live}
        UNION ALL
        SELECT r.content_object_id FROM access_locationgrouppermission r
        WHERE r.group_id IN (SELECT group_id FROM team) AND {live}
    ) AS places
), single AS (
    SELECT r.content_object_id AS asset FROM access_assetuserpermission r
    WHERE r.user_id IN (SELECT id FROM account) AND {live}
    UNION
    SELECT r.content_object_id FROM access_assetgrouppermission r
    WHERE r.group_id IN (SELECT group_id FROM team) AND {live}
), everything AS (
    SELECT %(within)s::bigint IS NULL AND EXISTS (
        SELECT 1 FROM assets_location l WHERE l.id = ANY ((SELECT ids FROM root)::bigint[]) AND l.parent_id IS NULL
    ) AS granted
)
SELECT (SELECT granted FROM everything),
    (SELECT array_agg(l.id) FROM assets_location l
     WHERE NOT (SELECT granted FROM everything) AND l.path && (SELECT ids FROM root)::bigint[]
     AND (%(within)s::bigint IS NULL OR l.path @> ARRAY[%(within)s::bigint])),
    (SELECT array_agg(s.asset) FROM single s
     WHERE %(within)s::bigint IS NULL OR EXISTS (
        SELECT 1 FROM assets_asset a JOIN assets_location l ON l.id = a.location_id
        WHERE a.id = s.asset AND l.path @> ARRAY[%(within)s::bigint]))
""".format(  # noqa: S608 - our own words only
    live="r.permission_id IN (SELECT id FROM permission) AND r.from_at <= %(at)s AND r.until_at > %(at)s"
)


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
        scope = scope_of(user, perm)
        if obj is None or not scope:
            return bool(scope)
        if perm == f"{obj._meta.app_label}.view_{obj._meta.model_name}":
            return can_see(user, obj)
        if perm.rsplit(".", maxsplit=1)[-1].startswith("view_"):
            return _reaches(scope, obj)
        return may(user, perm, obj)

    def scope_of(self, user: User, permission: str) -> Scope:
        """Where `user` holds `permission` now, narrowed by the token that the request came with."""
        token: ApiToken | None = getattr(user, "api_token", None)
        if token is not None and permission not in token.permissions:
            return NOWHERE
        return _resolve(user, permission, at=now(), within=token.location_id if token else None)

    def holders_of(self, permission: str, location_ids: Iterable[int], at: datetime) -> QuerySet[User]:
        """The active accounts of persons who hold `permission` on all of the places at `at`."""
        wanted = set(location_ids)
        paths = list(Location.objects.filter(pk__in=wanted).values_list("path", flat=True))
        users = User.objects.filter(is_active=True, kind=User.Kind.PERSON).filter(
            Q(person__left_at=None) | Q(person__left_at__gt=at)
        )
        if not paths or len(paths) != len(wanted):
            return users.none()
        app, codename = permission.split(".", 1)
        live = Q(from_at__lte=at, until_at__gt=at)
        live &= Q(permission__content_type__app_label=app, permission__codename=codename)
        for path in paths:
            own = LocationUserPermission.objects.filter(live, content_object__in=path)
            teams = LocationGroupPermission.objects.filter(live, content_object__in=path)
            users = users.filter(
                Q(pk__in=own.values("user"))
                | Q(pk__in=User.groups.through.objects.filter(group__in=teams.values("group")).values("user"))
            )
        return users


def _resolve(user: User, permission: str, *, at: datetime, within: int | None) -> Scope:
    app, codename = permission.split(".", 1)
    with connection.cursor() as cursor:
        cursor.execute(SCOPE, {"user": user.pk, "app": app, "codename": codename, "at": at, "within": within})
        everything, locations, assets = cursor.fetchone()
    return Scope(everything, frozenset(locations or ()), frozenset(assets or ()))


def _reaches(scope: Scope, thing: Any) -> bool:
    """Whether a thing lies in a scope well enough to be seen: any of its places, or the asset itself."""
    places = location_ids_of(thing)
    return not places or scope.touches(places) or getattr(thing, "scope_asset_id", None) in scope.asset_ids
