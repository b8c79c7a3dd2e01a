"""Who answers for a thing, handed over without a gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from assets.models import Ownership
from assets.rules import LATER_OWNER, OWNERSHIP_END_BEFORE, OWNERSHIP_ENDED, moment
from assets.services.rows import checked, insert_all
from assets.states import OwnerRole
from plantgov.audit.services.entries import write
from plantgov.core.errors import Refused
from plantgov.core.scope import require
from plantgov.people.models import Person, Team, User

SINGLE = (OwnerRole.ACCOUNTABLE, OwnerRole.DEPUTY)  # held by one at a time


@dataclass(frozen=True)
class Post:
    """A role in the ownership of a thing, for one discipline or for all."""

    role: str = OwnerRole.ACCOUNTABLE
    discipline: str = ""


@transaction.atomic
def assign(
    thing: Any, owner: Person | Team, *, by: User, at: datetime, post: Post | None = None, reason: str = ""
) -> Ownership:
    """Make `owner` hold the post from `at`; who was accountable or deputy before ends at the same instant."""
    post = post or Post()
    require(by, "assets.assign_ownership", thing)
    lock(thing)
    current = list(_from(thing, post, at))
    same = next(
        (row for row in current if row.owner == owner and row.from_at <= at and not row.until_at), None
    )
    if same:
        return same
    if post.role in SINGLE:
        _hand_over(thing, current, by=by, at=at, reason=reason)
    row = new_ownership(thing, owner, post, at=at)
    checked(row)
    return write(row, by=by, action="assets.ownership.assigned", thing=thing, reason=reason, at=at)


def new_ownership(thing: Any, owner: Person | Team, post: Post, *, at: datetime) -> Ownership:
    """An ownership that is not written yet."""
    return Ownership(
        thing_kind=thing._meta.label_lower,
        thing_uid=thing.uid,
        role=post.role,
        discipline=post.discipline,
        person=owner if isinstance(owner, Person) else None,
        team=owner if isinstance(owner, Team) else None,
        from_at=at,
    )


def _hand_over(thing: Any, rows: list[Ownership], *, by: User, at: datetime, reason: str) -> None:
    """End what is in force at `at`; refuse when somebody is named for later."""
    later = next((row for row in rows if row.from_at > at), None)
    if later:
        raise Refused(LATER_OWNER(name=later.owner, at=moment(later.from_at)))
    for row in rows:
        row.until_at = at
        write(row, by=by, action="assets.ownership.ended", thing=thing, reason=reason, at=at)


@transaction.atomic
def assign_all(
    wanted: Sequence[tuple[Any, Person | Team, Post]], *, by: User, at: datetime, reason: str = ""
) -> None:
    """Assign many posts in a handful of statements. The caller has asked for the right on each thing."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE assets_ownership IN SHARE ROW EXCLUSIVE MODE")
    uids = [thing.uid for thing, _owner, _post in wanted]
    open_rows = Ownership.objects.filter(thing_uid__in=uids).filter(Q(until_at=None) | Q(until_at__gt=at))
    by_post: dict[tuple[Any, str, str], list[Ownership]] = {}
    for row in open_rows.select_related("person", "team"):
        by_post.setdefault((row.thing_uid, row.role, _discipline(row)), []).append(row)
    new, things = [], []
    for thing, owner, post in wanted:
        current = by_post.get((thing.uid, post.role, _discipline(post)), [])
        if any(row.owner == owner and row.from_at <= at for row in current):
            continue
        if post.role in SINGLE:
            _hand_over(thing, current, by=by, at=at, reason=reason)
        new.append(new_ownership(thing, owner, post, at=at))
        things.append(thing)
    insert_all(new, things, action="assets.ownership.assigned", by=by, at=at, reason=reason)


def _discipline(post: Post | Ownership) -> str:
    """The discipline of a post; one person is accountable for all of them."""
    return "" if post.role == OwnerRole.ACCOUNTABLE else post.discipline


@transaction.atomic
def end(ownership: Ownership, *, by: User, at: datetime, reason: str) -> Ownership:
    """End a post; the thing may be left without an owner, which shows as a gap."""
    lock(ownership.thing)
    row = Ownership.objects.select_for_update(of=("self",)).get(pk=ownership.pk)
    thing = row.thing
    require(by, "assets.assign_ownership", thing)
    if row.until_at is not None and row.until_at <= at:
        raise Refused(OWNERSHIP_ENDED(at=moment(row.until_at)))
    if at < row.from_at:
        raise Refused(OWNERSHIP_END_BEFORE(at=moment(row.from_at)))
    row.until_at = at
    return write(row, by=by, action="assets.ownership.ended", thing=thing, reason=reason, at=at)


def lock(thing: Any) -> None:
    """One hand-over of a thing at a time, also when there is no row yet to lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"ownership:{thing.uid}"])


def _from(thing: Any, post: Post, at: datetime) -> Any:
    """What is in force at `at` or begins later."""
    rows = Ownership.objects.filter(thing_uid=thing.uid, role=post.role)
    if post.role != OwnerRole.ACCOUNTABLE:
        rows = rows.filter(discipline=post.discipline)
    return rows.filter(Q(until_at=None) | Q(until_at__gt=at)).select_related("person", "team")
