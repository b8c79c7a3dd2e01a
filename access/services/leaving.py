"""When somebody leaves: everything that they could do ends in one transaction."""

from datetime import datetime

from django.db import transaction

from access.models import ApiToken, Grant
from access.rules import leaving_blockers
from access.services.grants import end
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.core.errors import refuse_if
from plantgov.core.scope import require_anywhere
from plantgov.people.models import Person, User
from plantgov.people.services import accounts, teams


@transaction.atomic
def end_person(person: Person, *, by: User, reason: str, at: datetime | None = None) -> Person:
    """Record that a person has left: accounts closed, roles, teams and tokens ended, sessions ended.

    What they did and signed stays. Effective on their next request.
    """
    at = at or now()
    require_anywhere(by, "people.close_account")
    row = Person.objects.select_for_update().get(pk=person.pk)
    refuse_if(
        leaving_blockers(
            name=row.name, is_oneself=by.person_id == row.pk, has_left=row.left_at is not None, reason=reason
        )
    )
    row.left_at = at
    write(row, by=by, action="people.person.left", reason=reason, at=at)
    for membership in row.memberships.filter(until_at=None).select_related("team"):
        teams.leave(membership.team, row, by=by, at=at, reason=reason)
    for account in row.accounts.filter(is_active=True):
        _end_account(account, by=by, reason=reason, at=at)
    return row


def _end_account(account: User, *, by: User, reason: str, at: datetime) -> None:
    for grant in Grant.objects.select_for_update(of=("self",)).filter(user=account, revoked_at=None):
        end(grant, by=by, reason=reason, at=at)
    for token in ApiToken.objects.select_for_update().filter(owner=account, revoked_at=None):
        token.revoked_at = at
        write(token, by=by, action="access.token.revoked", reason=reason, at=at)
    accounts.close_account(account, by=by, reason=reason)
