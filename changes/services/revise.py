"""An edit of a whole form: the content and who carries it out, together or not at all."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from changes.models import Change, Involvement
from changes.services.drafts import ChangeDetails, assign, edit
from changes.states import Role
from plantgov.people.models import Person, User


@transaction.atomic
def revise(
    change_id: int | UUID,
    details: ChangeDetails,
    *,
    implementers: Iterable[Person] | None,
    by: User,
    revision: int | None = None,
) -> Change:
    """Edit a change and, unless `implementers` is None, name who carries it out."""
    change = edit(change_id, details, by=by, revision=revision)
    if implementers is None:
        return change
    wanted = {person.pk: person for person in implementers}
    named = Involvement.objects.filter(change=change, role=Role.IMPLEMENTER, until_at=None)
    if set(named.values_list("person_id", flat=True)) != set(wanted):
        assign(change.pk, wanted.values(), role=Role.IMPLEMENTER, by=by)
    return change
