"""Pages about people, their accounts and qualifications."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.doors import complain
from plantgov.core.errors import FORBIDDEN, BadInput, Forbidden
from plantgov.core.scope import require, require_anywhere, scope_of
from plantgov.people import selectors
from plantgov.people.filters import PersonFilter, TeamFilter
from plantgov.people.forms import (
    AccountForm,
    MemberForm,
    PersonForm,
    QualificationForm,
    ReasonForm,
    TeamForm,
)
from plantgov.people.models import Person, Qualification, Team, User
from plantgov.people.services import accounts, entrance, qualifications, teams


def _form_page(request: HttpRequest, form: Any, *, title: str, back: str, submit: str = "") -> HttpResponse:
    context = {"form": form, "title": title, "cancel_url": back, "submit": submit}
    return render(request, "people/form.html", context, status=400 if form.errors else 200)


def _person(request: HttpRequest, uid: str) -> Person:
    return get_object_or_404(Person.objects.visible_to(request.user), uid=uid)


@login_required
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    """Every person in view."""
    require_anywhere(request.user, "people.view_person")
    found = PersonFilter(request.GET, queryset=selectors.people_visible_to(request.user))
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    context = {
        "filter": found,
        "page": page,
        "may_add": bool(scope_of(request.user, "people.add_person")),
        "sees_accounts": bool(scope_of(request.user, "people.view_user")),
    }
    return render(request, "people/person_list.html", context)


@login_required
@require_safe
def person_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """A person: accounts, teams, qualifications, and what other floors know."""
    person = get_object_or_404(selectors.people_visible_to(request.user), uid=uid)
    today = now().date()
    panels = [
        mark_safe(panel.render(request, person))  # noqa: S308 - rendered templates
        for panel in slots.panels
        if panel.on == "people.person"
    ]
    context = {
        "person": person,
        "today": today,
        "accounts": selectors.accounts_of(person),
        "qualifications": selectors.qualifications_visible_to(request.user).filter(person=person),
        "panels": [panel for panel in panels if panel],
        "sees_accounts": bool(scope_of(request.user, "people.view_user")),
        "may_change": bool(scope_of(request.user, "people.change_person")),
        "may_open": bool(scope_of(request.user, "people.open_account")),
        "may_close": bool(scope_of(request.user, "people.close_account")),
        "is_oneself": request.user.person_id == person.pk,
    }
    return render(request, "people/person_detail.html", context)


@login_required
def person_add(request: HttpRequest) -> HttpResponse:
    """Add a person to the register."""
    require_anywhere(request.user, "people.add_person")
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = accounts.add_person(form.details(), by=request.user)
            return redirect("people:person-detail", uid=person.uid)
        except BadInput as error:
            complain(form, error)
    return _form_page(request, form, title=_("Add a person"), back=reverse("people:person-list"))


@login_required
def person_edit(request: HttpRequest, uid: str) -> HttpResponse:
    """Change what is known about a person."""
    person = _person(request, uid)
    require_anywhere(request.user, "people.change_person")
    form = PersonForm(request.POST or None, initial=PersonForm.initial_of(person))
    if request.method == "POST" and form.is_valid():
        try:
            accounts.change_person(person, form.details(), by=request.user)
            return redirect("people:person-detail", uid=person.uid)
        except BadInput as error:
            complain(form, error)
    back = reverse("people:person-detail", args=[person.uid])
    return _form_page(request, form, title=_("Change %s") % person.name, back=back)


# -- accounts ---------------------------------------------------------------------------------------
def _show_link(request: HttpRequest, user: User, path: str) -> HttpResponse:
    """Show a link to set a password, this once: it is kept nowhere."""
    link = request.build_absolute_uri(path)
    return render(request, "people/account_link.html", {"account": user, "person": user.person, "link": link})


@login_required
@never_cache
def account_open(request: HttpRequest, uid: str) -> HttpResponse:
    """Open an account and show the link with which its owner sets the password."""
    person = _person(request, uid)
    require_anywhere(request.user, "people.open_account")
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["username"]
        try:
            user, path = entrance.open_with_link(person, username=name, by=request.user, at=now())
            return _show_link(request, user, path)
        except BadInput as error:
            complain(form, error)
    back = reverse("people:person-detail", args=[person.uid])
    title = _("Open an account for %s") % person.name
    return _form_page(request, form, title=title, back=back, submit=_("Open the account"))


@login_required
@never_cache
def account_link(request: HttpRequest, uid: str) -> HttpResponse:
    """A new link for somebody who cannot sign in any more."""
    require_anywhere(request.user, "people.open_account")
    user = get_object_or_404(User.objects.filter(kind=User.Kind.PERSON).select_related("person"), uid=uid)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        path = entrance.give_link(user, by=request.user, reason=form.cleaned_data["reason"], at=now())
        return _show_link(request, user, path)
    back = reverse("people:person-detail", args=[user.person.uid])  # type: ignore[union-attr]
    title = _("New link for %s") % user.username
    return _form_page(request, form, title=title, back=back, submit=_("Make the link"))


@login_required
def account_close(request: HttpRequest, uid: str) -> HttpResponse:
    """Close an account."""
    require_anywhere(request.user, "people.close_account")
    user = get_object_or_404(User.objects.filter(kind=User.Kind.PERSON).select_related("person"), uid=uid)
    form = ReasonForm(request.POST or None)
    back = reverse("people:person-detail", args=[user.person.uid])  # type: ignore[union-attr]
    if request.method == "POST" and form.is_valid():
        entrance.close(user, by=request.user, reason=form.cleaned_data["reason"], at=now())
        messages.success(request, _("The account is closed. It counts for nothing from now on."))
        return redirect(back)
    title = _("Close the account %s") % user.username
    return _form_page(request, form, title=title, back=back, submit=_("Close the account"))


# -- qualifications ---------------------------------------------------------------------------------
@login_required
def qualification_add(request: HttpRequest, uid: str) -> HttpResponse:
    """Record what somebody is qualified for."""
    person = _person(request, uid)
    require_anywhere(request.user, "people.change_person")
    form = QualificationForm(request.POST or None)
    back = reverse("people:person-detail", args=[person.uid])
    if request.method == "POST" and form.is_valid():
        try:
            qualifications.add_qualification(person, form.training(), by=request.user, at=now())
            return redirect(back)
        except BadInput as error:
            complain(form, error)
    return _form_page(request, form, title=_("Add a qualification of %s") % person.name, back=back)


@login_required
def qualification_end(request: HttpRequest, uid: str) -> HttpResponse:
    """End a qualification before its time."""
    rows = selectors.qualifications_visible_to(request.user)
    row: Qualification = get_object_or_404(rows, uid=uid)
    require_anywhere(request.user, "people.change_person")
    form = ReasonForm(request.POST or None)
    back = reverse("people:person-detail", args=[row.person.uid])
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        qualifications.end_qualification(row, by=request.user, reason=reason, at=now())
        return redirect(back)
    title = _("End %(key)s of %(name)s") % {"key": row.key, "name": row.person.name}
    return _form_page(request, form, title=title, back=back, submit=_("End it"))


# -- teams ------------------------------------------------------------------------------------------
@login_required
@require_safe
def team_list(request: HttpRequest) -> HttpResponse:
    """Every team in view."""
    require_anywhere(request.user, "people.view_team")
    found = TeamFilter(request.GET, queryset=selectors.teams_visible_to(request.user))
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    may_form = scope_of(request.user, "people.change_team").everything
    return render(request, "people/team_list.html", {"filter": found, "page": page, "may_form": may_form})


@login_required
@require_safe
def team_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """A team and who is, and was, in it."""
    team = get_object_or_404(selectors.teams_visible_to(request.user), uid=uid)
    members = list(selectors.members_of(team))
    inside = [row.person_id for row in members if row.until_at is None]
    candidates = Person.objects.visible_to(request.user).filter(left_at=None).exclude(pk__in=inside)
    panels = [
        mark_safe(panel.render(request, team))  # noqa: S308 - rendered templates
        for panel in slots.panels
        if panel.on == "people.team"
    ]
    context = {
        "team": team,
        "members": [row for row in members if row.until_at is None],
        "former": [row for row in members if row.until_at is not None],
        "form": MemberForm(people=candidates),
        "panels": [panel for panel in panels if panel],
        "may_change": scope_of(request.user, "people.change_team").everything,
    }
    return render(request, "people/team_detail.html", context)


@login_required
def team_form(request: HttpRequest) -> HttpResponse:
    """Form a team."""
    if not scope_of(request.user, "people.change_team").everything:
        raise Forbidden(FORBIDDEN(permission="people.change_team"))
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            team = teams.form_team(given["name"], description=given["description"], by=request.user)
            return redirect("people:team-detail", uid=team.uid)
        except BadInput as error:
            complain(form, error)
    return _form_page(request, form, title=_("Form a team"), back=reverse("people:team-list"))


@login_required
@require_POST
def team_join(request: HttpRequest, uid: str) -> HttpResponse:
    """Put a person into a team."""
    team = get_object_or_404(Team.objects.visible_to(request.user), uid=uid)
    require(request.user, "people.change_team", team)
    form = MemberForm(request.POST, people=Person.objects.visible_to(request.user).filter(left_at=None))
    if not form.is_valid():
        raise BadInput({"person": [_("Choose a person who works here.")]})
    teams.join(team, form.cleaned_data["person"], by=request.user, at=now())
    return redirect("people:team-detail", uid=team.uid)


@login_required
@require_POST
def team_leave(request: HttpRequest, uid: str, person: str) -> HttpResponse:
    """Take a person out of a team."""
    team = get_object_or_404(Team.objects.visible_to(request.user), uid=uid)
    require(request.user, "people.change_team", team)
    who = _person(request, person)
    teams.leave(team, who, by=request.user, at=now(), reason=request.POST.get("reason", "")[:1000])
    return redirect("people:team-detail", uid=team.uid)
