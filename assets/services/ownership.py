"""Who answers for a thing, handed over without a gap."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from assets.models import Ownership
from plantgov.audit.services.entries import write
from plantgov.core.scope import location_ids_of, require
from plantgov.people.models import Person, Team, User


@dataclass(frozen=True)
class Post:
    """A role in the ownership of a thing, for one discipline or for all."""

    role: str = Ownership.Role.ACCOUNTABLE
    discipline: str = ""


@transaction.atomic
def assign(
    thing: Any, owner: Person | Team, *, by: User, at: datetime, post: Post | None = None, reason: str = ""
) -> Ownership:
    """Make `owner` hold the post from `at`; whoever held it before ends at the same instant."""
    post = post or Post()
    require(by, "assets.assign_ownership", thing)
    _lock(thing)
    current = _current(thing, post)
    if post.role in {Ownership.Role.ACCOUNTABLE, Ownership.Role.DEPUTY}:
        for row in current:
            if row.owner == owner:
                return row
            row.until_at = at
            write(row, by=by, action="assets.ownership.ended", thing=thing, reason=reason, at=at)
    elif any(row.owner == owner for row in current):
        return next(row for row in current if row.owner == owner)
    row = Ownership(
        thing_kind=thing._meta.label_lower,
        thing_uid=thing.uid,
        thing_label=str(thing),
        role=post.role,
        discipline=post.discipline,
        person=owner if isinstance(owner, Person) else None,
        team=owner if isinstance(owner, Team) else None,
        from_at=at,
        location_ids=location_ids_of(thing),
    )
    return write(row, by=by, action="assets.ownership.assigned", thing=thing, reason=reason, at=at)


@transaction.atomic
def end(ownership: Ownership, *, by: User, at: datetime, reason: str) -> Ownership:
    """End a post; the thing may be left without an owner, which shows as a gap."""
    row = Ownership.objects.select_for_update(of=("self",)).get(pk=ownership.pk)
    require(by, "assets.assign_ownership", row)
    if row.until_at is None:
        row.until_at = at
        write(row, by=by, action="assets.ownership.ended", reason=reason, at=at)
    return row


def _lock(thing: Any) -> None:
    """One hand-over of a thing at a time, also when there is no row yet to lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"ownership:{thing.uid}"])


def _current(thing: Any, post: Post) -> list[Ownership]:
    rows = Ownership.objects.filter(
        thing_uid=thing.uid, role=post.role, discipline=post.discipline, until_at=None
    )
    return list(rows.select_related("person", "team"))
