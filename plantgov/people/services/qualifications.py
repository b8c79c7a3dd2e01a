"""What persons are trained or cleared for. Nobody records their own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from plantgov.audit.services.entries import delete, write
from plantgov.core.errors import BadInput, refuse_if
from plantgov.core.scope import require_anywhere
from plantgov.people.models import Person, Qualification, User
from plantgov.people.rules import end_blockers, qualification_blockers


@dataclass(frozen=True)
class Training:
    """A qualification, within what scope, from when until when (both days included), and what proves it."""

    key: str
    valid_from: date
    valid_until: date
    scope: str = ""
    evidence: str = ""


@transaction.atomic
def add_qualification(person: Person, training: Training, *, by: User, at: datetime) -> Qualification:
    """Record that a person is qualified."""
    require_anywhere(by, "people.change_person")
    refuse_if(qualification_blockers(is_oneself=by.person_id == person.pk))
    row = Qualification(person=person, **vars(training))
    try:
        row.full_clean()
    except ValidationError as error:
        raise BadInput(error.message_dict) from error
    return write(row, by=by, action="people.qualification.added", at=at, thing=person)


@transaction.atomic
def end_qualification(row: Qualification, *, by: User, reason: str, at: datetime) -> None:
    """End a qualification: yesterday was its last day. One that never counted before today is removed."""
    require_anywhere(by, "people.change_person")
    row = Qualification.objects.select_for_update(of=("self",)).select_related("person").get(pk=row.pk)
    is_oneself, today = by.person_id == row.person_id, at.date()
    refuse_if(end_blockers(is_oneself=is_oneself, valid_until=row.valid_until, today=today, reason=reason))
    action = "people.qualification.ended"
    if row.valid_from >= today:
        delete(row, by=by, action=action, reason=reason, thing=row.person)
        return
    row.valid_until = today - timedelta(days=1)
    write(row, by=by, action=action, reason=reason, at=at, thing=row.person)
