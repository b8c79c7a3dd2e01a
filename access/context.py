"""What access shows on pages of other floors."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.template.loader import render_to_string

from access import selectors
from plantgov.core.clock import now
from plantgov.core.scope import scope_of
from plantgov.people.models import Person


def person_panel(request: HttpRequest, person: Person) -> str:
    """The roles of a person in the reader's view, with ways to give one and to end them all."""
    if not scope_of(request.user, "access.view_grant"):
        return ""
    at = now()
    mine = Q(user__person=person) | Q(team__memberships__person=person, team__memberships__until_at=None)
    rows = selectors.grants_visible_to(request.user).filter(mine).distinct()[:100]
    is_oneself = request.user.person_id == person.pk  # type: ignore[union-attr]
    context: dict[str, Any] = {
        "person": person,
        "rows": [(grant, grant.state(at)) for grant in rows],
        "may_give": not is_oneself and bool(scope_of(request.user, "access.give_grant")),
        "may_end": not is_oneself
        and person.left_at is None
        and bool(scope_of(request.user, "people.close_account")),
    }
    return render_to_string("access/_person_panel.html", context, request)
