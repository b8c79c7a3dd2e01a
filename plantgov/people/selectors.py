"""Reading about people, within the reader's scope."""

from datetime import date
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from plantgov.core.scope import scope_of
from plantgov.people.models import Person, Qualification, Shift, Team, TeamMembership, User


def people_visible_to(user: Any) -> QuerySet[Person]:
    """Persons in view with their open accounts and teams, in three queries however many they are."""
    current = TeamMembership.objects.filter(until_at=None).select_related("team").order_by("team__name")
    accounts = User.objects.filter(is_active=True).order_by("username")
    return Person.objects.visible_to(user).prefetch_related(
        Prefetch("memberships", queryset=current, to_attr="current_teams"),
        Prefetch("accounts", queryset=accounts, to_attr="open_accounts"),
    )


def teams_visible_to(user: Any) -> QuerySet[Team]:
    """Teams in view with how many persons are in each now."""
    current = Count("memberships", filter=Q(memberships__until_at=None))
    return Team.objects.visible_to(user).annotate(size=current).order_by("name")


def members_of(team: Team) -> QuerySet[TeamMembership]:
    """Who is in a team now, and after them who was."""
    rows = team.memberships.select_related("person")
    return rows.order_by("-until_at", "person__name")


def accounts_of(person: Person) -> QuerySet[User]:
    """Every account of a person, open ones first."""
    return person.accounts.order_by("-is_active", "username")


def shifts_visible_to(user: Any) -> QuerySet[Shift]:
    """Shift patterns, for whoever may see people."""
    return Shift.objects.all() if scope_of(user, "people.view_person") else Shift.objects.none()


def qualifications_visible_to(user: Any) -> QuerySet[Qualification]:
    """Qualifications of the persons in view."""
    rows = Qualification.objects.filter(person__in=Person.objects.visible_to(user))
    return rows.select_related("person")


def qualified_on(rows: QuerySet[Qualification], day: date) -> QuerySet[Qualification]:
    """Those that are valid on a day."""
    return rows.filter(valid_from__lte=day, valid_until__gte=day)
