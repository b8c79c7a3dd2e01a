"""Giving and taking roles. A grant is compiled into the rows that are enforced, in one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import transaction

from access.models import (
    AssetGroupPermission,
    AssetUserPermission,
    Grant,
    LocationGroupPermission,
    LocationUserPermission,
    Role,
)
from access.rules import grant_blockers, revoke_blockers
from assets.models import Asset, Location
from plantgov.audit.services.entries import Acting, write
from plantgov.core.errors import BadInput, refuse_if
from plantgov.core.scope import require
from plantgov.people.models import Person, Team, User

FAR_FUTURE = datetime(9999, 12, 31, tzinfo=UTC)  # guardian's rows need an end; this one means: open


@dataclass(frozen=True)
class Terms:
    """From when until when a role is given, why, and who answers for a contractor."""

    from_at: datetime
    until_at: datetime | None = None
    reason: str = ""
    sponsor: Person | None = None


@dataclass(frozen=True)
class ForChange:
    """The change for whose work a role is given."""

    uid: UUID
    reference: str


@transaction.atomic
def give(holder: User | Team, role: Role, place: Location | Asset, terms: Terms, *, by: User) -> Grant:
    """Give a role on a place or an asset. Nobody gives one to themselves, nor one beyond its limit."""
    require(by, "access.give_grant", place)
    refuse_if(
        grant_blockers(
            holder_person=getattr(holder, "person_id", None),
            giver_person=by.person_id,
            role_title=role.title,
            max_days=role.max_days,
            from_at=terms.from_at,
            until_at=terms.until_at,
            reason=terms.reason,
        )
    )
    return _insert(holder, role, place, terms, by=by)


@transaction.atomic
def give_for_change(
    users: list[User], role: Role, assets: list[Asset], terms: Terms, *, change: ForChange, by: Acting
) -> list[Grant]:
    """Give a role on exactly the assets of a change; the change's own approval is the right to do so."""
    return [
        _insert(user, role, asset, terms, by=by, change=change, source=Grant.Source.CHANGE)
        for user in users
        for asset in assets
    ]


@transaction.atomic
def bootstrap(user: User, place: Location, *, by: Acting, at: datetime) -> Grant:
    """Give the first administrator the role on the whole enterprise, at installation."""
    role = Role.objects.get(key="administrator")
    terms = Terms(from_at=at, reason="First administrator of the installation")
    return _insert(user, role, place, terms, by=by, source=Grant.Source.INSTALLATION)


def _insert(
    holder: User | Team,
    role: Role,
    place: Location | Asset,
    terms: Terms,
    *,
    by: Acting,
    change: ForChange | None = None,
    source: str = Grant.Source.MANUAL,
) -> Grant:
    grant = Grant(
        user=holder if isinstance(holder, User) else None,
        team=holder if isinstance(holder, Team) else None,
        role=role,
        location=place if isinstance(place, Location) else None,
        asset=place if isinstance(place, Asset) else None,
        **vars(terms),
        source=source,
        change_uid=change.uid if change else None,
        change_reference=change.reference if change else "",
        given_by=by if isinstance(by, User) else None,
        location_ids=place.scope_location_ids(),
    )
    try:
        grant.full_clean()
    except ValidationError as error:
        raise BadInput(error.message_dict) from error
    write(grant, by=by, action="access.grant.given", reason=terms.reason, at=terms.from_at)
    compile_rows(grant)
    return grant


def compile_rows(grant: Grant) -> int:
    """Write the enforced rows of a grant anew; none once it is revoked."""
    for model in (LocationUserPermission, LocationGroupPermission, AssetUserPermission, AssetGroupPermission):
        model.objects.filter(grant=grant).delete()
    if grant.revoked_at is not None:
        return 0
    rows = [_row(grant, permission) for permission in permissions_named(grant.role.permissions)]
    if rows:
        type(rows[0])._default_manager.bulk_create(rows)
    return len(rows)


def _row(grant: Grant, permission: Permission) -> Any:
    window = {"grant": grant, "from_at": grant.from_at, "until_at": grant.until_at or FAR_FUTURE}
    place = grant.location or grant.asset
    if grant.user:
        model: Any = LocationUserPermission if grant.location else AssetUserPermission
        return model(user=grant.user, permission=permission, content_object=place, **window)
    model = LocationGroupPermission if grant.location else AssetGroupPermission
    return model(group=grant.team.group, permission=permission, content_object=place, **window)  # type: ignore[union-attr]


def permissions_named(names: list[str]) -> list[Permission]:
    """The permissions with these names (`app.codename`); names of apps that are not installed are left out."""
    wanted = {tuple(name.split(".", 1)) for name in names}
    found = Permission.objects.filter(codename__in={code for _app, code in wanted}).select_related(
        "content_type"
    )
    return [row for row in found if (row.content_type.app_label, row.codename) in wanted]


@transaction.atomic
def revoke(grant: Grant, *, by: User, reason: str, at: datetime) -> Grant:
    """Take a role away: effective on the holder's next request."""
    row = Grant.objects.select_for_update(of=("self",)).get(pk=grant.pk)
    require(by, "access.revoke_grant", row)
    refuse_if(revoke_blockers(revoked_at=row.revoked_at, reason=reason))
    return _end(row, by=by, reason=reason, at=at)


def _end(row: Grant, *, by: Acting, reason: str, at: datetime) -> Grant:
    row.revoked_at, row.revoke_reason = at, reason
    row.revoked_by = by if isinstance(by, User) else None
    write(row, by=by, action="access.grant.revoked", reason=reason, at=at)
    compile_rows(row)
    return row


@transaction.atomic
def end_of_change(change_uid: UUID, *, by: Acting, at: datetime, reason: str) -> int:
    """Take away everything that was given for the work of a change."""
    rows = Grant.objects.select_for_update(of=("self",)).filter(change_uid=change_uid, revoked_at=None)
    ended = [_end(row, by=by, reason=reason, at=at) for row in rows]
    return len(ended)


@transaction.atomic
def change_role(role: Role, permissions: list[str], *, by: User, reason: str) -> Role:
    """Change what a role may do, as a new version; every grant of it follows at once."""
    row = Role.objects.select_for_update().get(pk=role.pk)
    row.permissions, row.version = sorted(permissions), row.version + 1
    write(row, by=by, action="access.role.changed", reason=reason)
    recompile(row)
    return row


def recompile(role: Role) -> int:
    """Write the enforced rows of every grant of a role anew."""
    grants = Grant.objects.filter(role=role, revoked_at=None).select_related("role", "team__group")
    return sum(compile_rows(grant) for grant in grants)


def open_until(days: int, *, at: datetime) -> datetime:
    """The instant some days from now."""
    return at + timedelta(days=days)
