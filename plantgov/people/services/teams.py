"""Teams and who is in them; each team's auth group follows."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from plantgov.audit.services.entries import Acting, write
from plantgov.people.models import Person, Team, TeamMembership


@transaction.atomic
def form_team(name: str, *, by: Acting, description: str = "") -> Team:
    """Form a team with the group that carries its rights."""
    group = Group.objects.create(name=f"team: {name}")
    return write(Team(name=name, description=description, group=group), by=by, action="people.team.formed")


@transaction.atomic
def join(team: Team, person: Person, *, by: Acting, at: datetime) -> TeamMembership:
    """Put a person into a team from now on; does nothing if they are in it."""
    Team.objects.select_for_update().get(pk=team.pk)
    current = team.memberships.filter(person=person, until_at=None).first()
    if current:
        return current
    membership = TeamMembership(team=team, person=person, from_at=at)
    write(membership, by=by, action="people.team.joined", thing=team)
    team.group.user_set.add(*person.accounts.all())  # type: ignore[attr-defined]
    return membership


@transaction.atomic
def leave(team: Team, person: Person, *, by: Acting, at: datetime, reason: str = "") -> None:
    """Take a person out of a team."""
    Team.objects.select_for_update().get(pk=team.pk)
    for membership in team.memberships.filter(person=person, until_at=None):
        membership.until_at = at
        write(membership, by=by, action="people.team.left", thing=team, reason=reason)
    team.group.user_set.remove(*person.accounts.all())  # type: ignore[attr-defined]
