"""Access that exists from the start of a change's work until it is verified, backed out or cancelled."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from access.models import Role
from access.selectors import FOR_CHANGES
from access.services import grants
from assets.models import Asset
from plantgov.audit.services.entries import Acting
from plantgov.people.models import Person, User


def open_for_change(
    change_uid: UUID,
    change_reference: str,
    *,
    people: Sequence[Person],
    assets: Sequence[Asset],
    from_at: datetime,
    by: Acting,
) -> int:
    """Give every account of the people who do the work what they need on exactly these assets.

    It has no end of its own: holds and overrun are included, `close_for_change` takes it away. Returns how
    many grants were given.
    """
    users = list(User.objects.filter(person__in=[p.pk for p in people], is_active=True).order_by("pk"))
    terms = grants.Terms(from_at=from_at, reason=f"Work on {change_reference}")
    role = Role.objects.get(key=FOR_CHANGES)
    change = grants.ForChange(change_uid, change_reference)
    return len(grants.give_for_change(users, role, list(assets), terms, change=change, by=by))


def close_for_change(
    change_uid: UUID, *, by: Acting, at: datetime, reason: str = "The work has ended"
) -> int:
    """Take it away again. Returns how many grants ended."""
    return grants.end_of_change(change_uid, by=by, at=at, reason=reason)
