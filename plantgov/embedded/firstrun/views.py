"""Three pages and a farewell. Every one is missing once somebody has an account."""

from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plantgov.core.clock import now
from plantgov.core.doors import complain
from plantgov.core.errors import BadInput
from plantgov.embedded.firstrun import services
from plantgov.embedded.firstrun.forms import FounderForm, GroundForm, SecondForm, from_session

KEY = "firstrun"
STEPS = (("you", _("You")), ("second", _("Second person")), ("site", _("Enterprise and site")))


@never_cache
@require_safe
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address, so that no later page passes it on."""
    if not services.token_is_good(token):
        raise Http404
    request.session.cycle_key()
    request.session[KEY] = {"token": token}
    return redirect("firstrun:you")


def _kept(request: HttpRequest) -> dict[str, Any]:
    """What earlier pages kept; 404 for who did not come by the link, or too late."""
    kept: dict[str, Any] = request.session.get(KEY, {})
    if not services.token_is_good(kept.get("token", "")):
        raise Http404
    return kept


def _page(request: HttpRequest, step: str, form: Any) -> HttpResponse:
    at = [key for key, _label in STEPS].index(step)
    stages = [
        {"label": label, "state": "done" if n < at else "current" if n == at else "todo"}
        for n, (_key, label) in enumerate(STEPS)
    ]
    context = {"form": form, "stages": stages, "step": step}
    return render(request, f"firstrun/{step}.html", context, status=400 if form.errors else 200)


@never_cache
def you(request: HttpRequest) -> HttpResponse:
    """Who installs."""
    kept = _kept(request)
    form = FounderForm(request.POST or None, initial=kept.get("you"))
    if request.method == "POST" and form.is_valid():
        try:
            kept["you"] = asdict(services.founder(form.cleaned_data))
            request.session[KEY] = kept
            return redirect("firstrun:second")
        except BadInput as error:
            complain(form, error)
    return _page(request, "you", form)


@never_cache
def second(request: HttpRequest) -> HttpResponse:
    """Who approves."""
    kept = _kept(request)
    first = from_session(kept.get("you"))
    if first is None:
        return redirect("firstrun:you")
    form = SecondForm(request.POST or None, initial=kept.get("second"))
    if request.method == "POST" and form.is_valid():
        try:
            kept["second"] = asdict(services.check_second(first, services.founder(form.cleaned_data)))
            request.session[KEY] = kept
            return redirect("firstrun:site")
        except BadInput as error:
            complain(form, error)
    return _page(request, "second", form)


@never_cache
def site(request: HttpRequest) -> HttpResponse:
    """Where. Then everything is made at once."""
    kept = _kept(request)
    first, other = from_session(kept.get("you")), from_session(kept.get("second"))
    if first is None or other is None:
        return redirect("firstrun:you" if first is None else "firstrun:second")
    form = GroundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            founded = services.found(first, other, form.ground(), at=now())
        except BadInput as error:
            complain(form, error)
        else:
            request.session.flush()
            link = request.build_absolute_uri(founded.second_link) if founded.second_link else ""
            return render(request, "firstrun/done.html", {"founded": founded, "link": link})
    return _page(request, "site", form)
