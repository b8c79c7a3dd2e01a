"""Teams and who is in them; each team's auth group follows."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from plantgov.audit.services.entries import Acting, write
from plantgov.core.errors import BadInput, Refused
from plantgov.people.models import Person, Team, TeamMembership
from plantgov.people.rules import JOINS_ONESELF


@transaction.atomic
def form_team(name: str, *, by: Acting, description: str = "") -> Team:
    """Form a team with the group that carries its rights."""
    team = Team(name=name.strip(), description=description)
    try:
        team.full_clean(exclude=["group"])
    except ValidationError as error:
        raise BadInput(error.message_dict) from error
    team.group = Group.objects.create(name=f"team: {team.uid}")
    return write(team, by=by, action="people.team.formed")


@transaction.atomic
def join(team: Team, person: Person, *, by: Acting, at: datetime) -> TeamMembership:
    """Put a person into a team from now on; does nothing if they are in it. Nobody puts in themselves."""
    Team.objects.select_for_update().get(pk=team.pk)
    current = team.memberships.filter(person=person, until_at=None).first()
    if current:
        return current
    if getattr(by, "person_id", None) == person.pk:
        raise Refused(JOINS_ONESELF())
    membership = TeamMembership(team=team, person=person, from_at=at)
    write(membership, by=by, action="people.team.joined", at=at, thing=team)
    team.group.user_set.add(*person.accounts.all())  # type: ignore[attr-defined]
    return membership


@transaction.atomic
def leave(team: Team, person: Person, *, by: Acting, at: datetime, reason: str = "") -> None:
    """Take a person out of a team."""
    Team.objects.select_for_update().get(pk=team.pk)
    for membership in team.memberships.filter(person=person, until_at=None):
        membership.until_at = at
        write(membership, by=by, action="people.team.left", at=at, thing=team, reason=reason)
    team.group.user_set.remove(*person.accounts.all())  # type: ignore[attr-defined]
