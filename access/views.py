"""Pages about who may do what where."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from access import selectors
from access.filters import GrantFilter
from access.forms import ExplainForm, GrantForm, ProgramForm, ReasonForm, TokenForm
from access.models import ApiToken
from access.services import grants, leaving, tokens
from assets.models import Asset, Location
from plantgov.audit.services.entries import history_of
from plantgov.core.clock import now
from plantgov.core.doors import complain
from plantgov.core.errors import BadInput
from plantgov.core.scope import may, require_anywhere, scope_of
from plantgov.people.models import Person, User
from plantgov.people.services import accounts


def _form_page(request: HttpRequest, form: Any, *, title: str, back: str, submit: str = "") -> HttpResponse:
    context = {"form": form, "title": title, "cancel_url": back, "submit": submit}
    return render(request, "access/form.html", context, status=400 if form.errors else 200)


def _asset(request: HttpRequest, name: str) -> Asset:
    found = selectors.asset_named(request.user, name)
    if found is None:
        sentence = _("You see no asset, or more than one, called “%(name)s”. Write it as site/tag.")
        raise BadInput({"asset": [sentence % {"name": name}]})
    return found


# -- grants -----------------------------------------------------------------------------------------
@login_required
@require_safe
def grant_list(request: HttpRequest) -> HttpResponse:
    """Who may do what where."""
    require_anywhere(request.user, "access.view_grant")
    found = GrantFilter(request.GET, queryset=selectors.grants_visible_to(request.user), request=request)
    at = now()
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    context = {
        "filter": found,
        "page": page,
        "rows": [(grant, grant.state(at)) for grant in page.object_list],
        "may_give": bool(scope_of(request.user, "access.give_grant")),
    }
    return render(request, "access/grant_list.html", context)


@login_required
@require_safe
def grant_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """One grant, its terms and its history."""
    grant = get_object_or_404(selectors.grants_visible_to(request.user), uid=uid)
    context = {
        "grant": grant,
        "state": grant.state(now()),
        "words": selectors.in_words(grant.role.permissions, selectors.permission_labels()),
        "entries": history_of(grant),
        "form": ReasonForm(),
        "may_revoke": grant.revoked_at is None and may(request.user, "access.revoke_grant", grant),
    }
    return render(request, "access/grant_detail.html", context)


@login_required
def grant_give(request: HttpRequest) -> HttpResponse:
    """Give a role."""
    require_anywhere(request.user, "access.give_grant")
    at = now()
    choice = selectors.choice_for(request.user, "access.give_grant", at=at)
    form = GrantForm(request.POST or None, initial=_suggested(request), choice=choice)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            place = given["location"] or _asset(request, given["asset"])
            holder = given["user"] or given["team"]
            grant = grants.give(holder, given["role"], place, form.terms(at), by=request.user, at=at)
            messages.success(request, _("Given. It counts from the holder's next request within its time."))
            return redirect("access:grant-detail", uid=grant.uid)
        except BadInput as error:
            complain(form, error)
    return _form_page(
        request, form, title=_("Give a role"), back=reverse("access:list"), submit=_("Give the role")
    )


def _suggested(request: HttpRequest) -> dict[str, Any]:
    """What the address proposes: `?from=people.person:<uid>` or `assets.location:<uid>`."""
    kind, _colon, text = request.GET.get("from", "").partition(":")
    found: dict[str, Any] = {}
    try:
        uid = UUID(text)
    except ValueError:
        return found
    if kind == "people.person":
        found["user"] = User.objects.filter(person__uid=uid, is_active=True).first()
    if kind == "assets.location":
        found["location"] = Location.objects.visible_to(request.user).filter(uid=uid).first()
    return found


@login_required
@require_POST
def grant_revoke(request: HttpRequest, uid: str) -> HttpResponse:
    """Take a role away."""
    grant = get_object_or_404(selectors.grants_visible_to(request.user), uid=uid)
    revision = request.POST.get("revision", "")
    grants.revoke(
        grant,
        by=request.user,
        reason=request.POST.get("reason", ""),
        revision=int(revision) if revision.isdigit() else None,
    )
    messages.success(request, _("Taken away, effective on the holder's next request."))
    return redirect("access:grant-detail", uid=uid)


@login_required
@require_safe
def explain(request: HttpRequest) -> HttpResponse:
    """Why can somebody do something somewhere, or why not?"""
    require_anywhere(request.user, "access.view_grant")
    at = now()
    choice = selectors.choice_for(request.user, "access.view_grant", at=at)
    form = ExplainForm(request.GET or None, choice=choice, permissions=selectors.permission_labels())
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        given = form.cleaned_data
        try:
            place = given["location"] or _asset(request, given["asset"])
            found = selectors.explain(given["user"], given["permission"], place, at=at)
            context |= {"found": found, "holds": any(one.counts for one in found), "place": place}
            context |= {"who": given["user"], "what": selectors.permission_labels()[given["permission"]]}
        except BadInput as error:
            complain(form, error)
    return render(request, "access/explain.html", context)


# -- roles ------------------------------------------------------------------------------------------
@login_required
@require_safe
def role_list(request: HttpRequest) -> HttpResponse:
    """The catalogue of roles, in words."""
    require_anywhere(request.user, "access.view_role")
    labels = selectors.permission_labels()
    counts = selectors.grants_in_force(request.user, at=now())
    roles = selectors.roles_visible_to(request.user)
    rows = [(role, selectors.in_words(role.permissions, labels), counts.get(role.pk, 0)) for role in roles]
    return render(request, "access/role_list.html", {"rows": rows})


# -- people who leave, and programs -------------------------------------------------------------------
@login_required
def person_end(request: HttpRequest, uid: str) -> HttpResponse:
    """Record that somebody has left; everything they could do ends."""
    require_anywhere(request.user, "people.close_account")
    person = get_object_or_404(Person.objects.visible_to(request.user), uid=uid)
    form = ReasonForm(request.POST or None)
    back = reverse("people:person-detail", args=[person.uid])
    if request.method == "POST" and form.is_valid():
        leaving.end_person(person, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("Recorded. Accounts, roles, teams and tokens have ended."))
        return redirect(back)
    title = _("%(name)s has left") % {"name": person.name}
    return _form_page(request, form, title=title, back=back, submit=_("End everything"))


@login_required
def program_list(request: HttpRequest) -> HttpResponse:
    """Accounts of programs, and a form to open one."""
    require_anywhere(request.user, "access.manage_token")
    people = selectors.choice_for(request.user, "access.view_grant", at=now()).sponsor
    form = ProgramForm(request.POST or None, people=people)
    if request.method == "POST" and form.is_valid():
        require_anywhere(request.user, "people.open_account")
        try:
            accounts.open_service_account(**form.cleaned_data, by=request.user)
            messages.success(request, _("Opened. Give it a role, then make a token for it."))
            return redirect("access:program-list")
        except BadInput as error:
            complain(form, error)
    context = {
        "programs": selectors.programs(),
        "form": form,
        "may_open": bool(scope_of(request.user, "people.open_account")),
    }
    return render(request, "access/program_list.html", context, status=400 if form.errors else 200)


# -- tokens -------------------------------------------------------------------------------------------
@login_required
@require_safe
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens."""
    at = now()
    rows = [(token, token.state(at)) for token in selectors.tokens_of(request.user)]
    return render(request, "access/token_list.html", {"rows": rows})


@login_required
@never_cache
def token_make(request: HttpRequest, uid: str = "") -> HttpResponse:
    """Make a token, one's own or a program's; it is shown this once."""
    owner = request.user
    if uid:
        require_anywhere(request.user, "access.manage_token")
        owner = get_object_or_404(User, uid=uid, kind=User.Kind.SERVICE)
    at = now()
    words = selectors.in_words(selectors.permissions_of(owner, at=at), selectors.permission_labels())
    locations = selectors.in_tree_order(selectors.places_where(request.user, "assets.view_location"))
    form = TokenForm(request.POST or None, permissions=words, locations=locations)
    back = reverse("access:program-list") if uid else reverse("access:token-list")
    if request.method == "POST" and form.is_valid():
        try:
            token, secret = tokens.issue(owner, form.terms(at), by=request.user, at=at)
            context = {"token": token, "secret": secret, "back": back}
            return render(request, "access/token_made.html", context)
        except BadInput as error:
            complain(form, error)
    title = _("Make a token for %(owner)s") % {"owner": owner}
    return _form_page(request, form, title=title, back=back, submit=_("Make the token"))


@login_required
@require_POST
def token_revoke(request: HttpRequest, uid: str) -> HttpResponse:
    """End a token."""
    token = get_object_or_404(ApiToken, uid=uid)
    tokens.revoke(token, by=request.user, reason=request.POST.get("reason", ""))
    messages.success(request, _("The token has ended; whoever uses it is refused from now on."))
    return redirect("access:token-list" if token.owner_id == request.user.pk else "access:program-list")
