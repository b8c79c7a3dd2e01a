"""Giving and taking roles. A grant and the rows that are enforced are written in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from access.models import Grant, Role
from access.rules import Giving, grant_blockers, revoke_blockers
from access.selectors import FOR_CHANGES
from access.services.rows import compile_grants, recompile
from assets.models import Asset, Location
from plantgov.audit.services.entries import Acting, Authority, write
from plantgov.core.clock import now
from plantgov.core.errors import FORBIDDEN, BadInput, Forbidden, refuse_if, require_revision
from plantgov.core.scope import may, require, scope_of
from plantgov.people.models import Person, Team, User


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
def give(
    holder: User | Team,
    role: Role,
    place: Location | Asset,
    terms: Terms,
    *,
    by: User,
    at: datetime | None = None,
) -> Grant:
    """Give a role on a place or an asset, effective on the holder's next request within its time.

    Nobody gives a role to themselves, nor beyond its longest time, nor a critical one that they lack.
    """
    at = at or now()
    require(by, "access.give_grant", place)
    role = Role.objects.select_for_update().get(pk=role.pk)
    refuse_if(grant_blockers(_giving(holder, role, place, terms, by=by, at=at), at=at))
    return _insert(holder, role, place, terms, by=by, at=at)


def _giving(
    holder: User | Team, role: Role, place: Location | Asset, terms: Terms, *, by: User, at: datetime
) -> Giving:
    return Giving(
        role_title=role.title,
        max_days=role.max_days,
        is_retired=role.retired_at is not None,
        is_for_changes=role.key == FOR_CHANGES,
        holder_label=str(holder),
        holder_is_open=isinstance(holder, Team) or (holder.is_active and not _has_left(holder, at)),
        holder_is_giver=_is_or_contains(holder, by),
        is_already_held=_held(holder, role, place, terms).exists(),
        is_beyond_giver=is_beyond(by, role, place),
        from_at=terms.from_at,
        until_at=terms.until_at,
        reason=terms.reason,
    )


def _has_left(user: User, at: datetime) -> bool:
    return user.person is not None and user.person.left_at is not None and user.person.left_at <= at


def _is_or_contains(holder: User | Team, user: User) -> bool:
    """Whether a grant to the holder would reach the person behind `user`."""
    if user.person_id is None:
        return holder == user
    if isinstance(holder, Team):
        return holder.memberships.filter(person=user.person_id, until_at=None).exists()
    return user.person_id in (holder.person_id, holder.owner_id)


def is_beyond(user: User, role: Role, place: Location | Asset) -> bool:
    """Whether a critical role carries a permission that `user` does not hold at the place."""
    critical = role.risk == Role.Risk.CRITICAL
    return critical and not all(may(user, permission, place) for permission in role.permissions)


def _held(holder: User | Team, role: Role, place: Location | Asset, terms: Terms) -> QuerySet[Grant]:
    who = Q(team=holder) if isinstance(holder, Team) else Q(user=holder)
    where = Q(asset=place) if isinstance(place, Asset) else Q(location=place)
    lasting = Q(until_at=None) | Q(until_at__gte=terms.until_at) if terms.until_at else Q(until_at=None)
    return Grant.objects.filter(who, where, lasting, role=role, revoked_at=None, from_at__lte=terms.from_at)


@transaction.atomic
def give_at_installation(
    user: User, role_keys: Sequence[str], place: Location, *, by: Acting, at: datetime, reason: str
) -> list[Grant]:
    """Give the persons of the first hour their roles; a founder of the installation answers for it."""
    roles = {role.key: role for role in Role.objects.filter(key__in=role_keys)}
    terms = Terms(from_at=at, reason=reason)
    source = Grant.Source.INSTALLATION
    return [_insert(user, roles[key], place, terms, by=by, at=at, source=source) for key in role_keys]


def bootstrap(user: User, place: Location, *, by: Acting, at: datetime) -> Grant:
    """Give the first administrator the role on the whole enterprise, at installation."""
    reason = "First administrator of the installation"
    return give_at_installation(user, ["administrator"], place, by=by, at=at, reason=reason)[0]


@transaction.atomic
def give_for_change(
    users: list[User], role: Role, assets: list[Asset], terms: Terms, *, change: ForChange, by: Acting
) -> list[Grant]:
    """Give a role on exactly the assets of a change; the change's own approval is the right to do so."""
    return [
        _insert(user, role, asset, terms, by=by, at=terms.from_at, change=change, source=Grant.Source.CHANGE)
        for user in users
        for asset in assets
    ]


def _insert(  # noqa: PLR0913 - the one place where a grant is made
    holder: User | Team,
    role: Role,
    place: Location | Asset,
    terms: Terms,
    *,
    by: Acting,
    at: datetime,
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
    )
    try:
        grant.full_clean(exclude=["given_by", "revoked_by"])
    except ValidationError as error:
        raise BadInput(error.message_dict) from error
    rule = change.reference if change else source
    write(
        grant, by=by, action="access.grant.given", reason=terms.reason, at=at, authority=Authority(rule=rule)
    )
    compile_grants([grant], at=at)
    return grant


@transaction.atomic
def revoke(
    grant: Grant, *, by: User, reason: str, at: datetime | None = None, revision: int | None = None
) -> Grant:
    """Take a role away: effective on the holder's next request."""
    row = Grant.objects.select_for_update(of=("self",)).get(pk=grant.pk)
    require(by, "access.revoke_grant", row)
    require_revision(row, revision)
    refuse_if(
        revoke_blockers(
            role_title=row.role.title,
            is_critical=row.role.risk == Role.Risk.CRITICAL,
            is_beyond=is_beyond(by, row.role, row.place),
            is_own=_is_or_contains(row.holder, by),
            is_revoked=row.revoked_at is not None,
            reason=reason,
        )
    )
    return end(row, by=by, reason=reason, at=at or now())


def end(row: Grant, *, by: Acting, reason: str, at: datetime) -> Grant:
    """Write the end of a locked grant and delete what was enforced of it; the caller has decided it."""
    row.revoked_at, row.revoke_reason = at, reason
    row.revoked_by = by if isinstance(by, User) else None
    write(row, by=by, action="access.grant.revoked", reason=reason, at=at)
    compile_grants([row], at=at)
    return row


@transaction.atomic
def end_of_change(change_uid: UUID, *, by: Acting, at: datetime, reason: str) -> int:
    """Take away everything that was given for the work of a change."""
    rows = Grant.objects.select_for_update(of=("self",)).filter(change_uid=change_uid, revoked_at=None)
    ended = [end(row, by=by, reason=reason, at=at) for row in rows.order_by("pk")]
    return len(ended)


@transaction.atomic
def change_role(role: Role, permissions: Sequence[str], *, by: User, reason: str, at: datetime) -> Role:
    """Change what a role may do, as a new version; every grant of it follows in the same transaction."""
    if not scope_of(by, "access.change_role").everything:
        raise Forbidden(FORBIDDEN(permission="access.change_role"))
    row = Role.objects.select_for_update().get(pk=role.pk)
    row.permissions, row.version = sorted(permissions), row.version + 1
    write(row, by=by, action="access.role.changed", reason=reason, at=at)
    recompile(row, at=at)
    return row
