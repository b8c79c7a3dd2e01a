"""Running a gate, looking on, and entering what no protocol reads."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from changes.forms import ReadingForm, parsed
from changes.models import Change, CheckRun
from changes.selectors.facts import Dossier
from changes.selectors.specs import specs_of
from changes.services import gates, readings
from changes.services.offers import Desk
from changes.states import Phase
from changes.views import Request, present
from changes.views.detail import aside, change_or_404, zone_of
from plantgov.core.clock import now
from plantgov.core.scope import require
from plantgov.people.models import Person

FINISHED = 286  # htmx swaps the answer and stops polling


@login_required
@require_POST
def gate_run(request: Request, ref: str, phase: str) -> HttpResponse:
    """Ask for a run of the gate; the page then looks on."""
    change = change_or_404(request, ref)
    gates.request_run(change.pk, Phase(phase), by=request.user)
    if getattr(request, "htmx", False):
        return _aside(request, change, status=202)
    return redirect("changes:detail", ref=change.reference)


@login_required
@require_safe
def gate_progress(request: Request, ref: str, number: int) -> HttpResponse:
    """How far a run is; when it is over, the decision with its values."""
    change = change_or_404(request, ref)
    run = get_object_or_404(change.check_runs.select_related("probe_run"), number=number)
    if run.state == CheckRun.State.DUE:
        context = {"change": change, "running": run}
        return render(request, "changes/_running.html", context)
    response = _aside(request, change, status=FINISHED)
    response["HX-Retarget"], response["HX-Reswap"] = "#decide", "outerHTML"
    return response


def _aside(request: Request, change: Change, *, status: int) -> HttpResponse:
    context = aside(Desk(Dossier(change, now()), request.user))
    with timezone.override(context["zone"]):
        return render(request, "changes/_aside.html", context, status=status)


@login_required
@require_safe
def run_list(request: Request, ref: str) -> HttpResponse:
    """Every run of every gate of a change."""
    change = change_or_404(request, ref)
    runs = change.check_runs.select_related("requested_by__person").order_by("-number")
    context = {"change": change, "runs": runs, "zone": zone_of(Dossier(change, now()))}
    return render(request, "changes/run_list.html", context)


@login_required
@require_safe
def run_detail(request: Request, ref: str, number: int) -> HttpResponse:
    """One run with the values that it rests on."""
    change = change_or_404(request, ref)
    run = get_object_or_404(change.check_runs.select_related("requested_by__person"), number=number)
    desk = Desk(Dossier(change, now()), request.user)
    context = {
        "change": change,
        "run": run,
        "checks": present.checks_of(run, desk.visible_assets),
        "gate_word": present.gate_word(run),
        "title": present.GATE_TITLES[Phase(run.phase)],
        "zone": zone_of(desk.dossier),
    }
    return render(request, "changes/run_detail.html", context)


@login_required
def reading_new(request: Request, ref: str, phase: str) -> HttpResponse:
    """Enter a value that somebody read at the equipment."""
    change = change_or_404(request, ref)
    require(request.user, "changes.check_change", change)
    dossier = Dossier(change, now())
    choices = _asked_by_hand(dossier, phase)
    with timezone.override(zone_of(dossier)):
        form = ReadingForm(
            request.POST or None,
            checks=[(key, label) for key, (label, _asset, _signal) in choices.items()],
            people=Person.objects.filter(left_at=None),
            initial={"observed_at": dossier.at},
        )
        if request.method == "POST" and form.is_valid():
            return _entered(request, change, phase, form, choices)
        context = {
            "form": form,
            "change": change,
            "phase": Phase(phase).label,
            "zone": zone_of(dossier),
            "cancel_url": reverse("changes:detail", args=[change.reference]),
        }
        return render(request, "changes/reading_form.html", context, status=400 if form.errors else 200)


def _asked_by_hand(dossier: Dossier, phase: str) -> dict[str, tuple[str, Any, str]]:
    """What the gate asks of people: key → what the form calls it, the asset, the property."""
    assets = {str(asset.uid): asset for asset in dossier.assets}
    return {
        f"{spec.asset_uid}:{spec.signal_key}": (
            f"{spec.asset_tag} · {spec.label}",
            assets[spec.asset_uid],
            spec.signal_key,
        )
        for spec in specs_of(dossier, phase)
        if spec.source == "manual"
    }


def _entered(
    request: Request,
    change: Change,
    phase: str,
    form: ReadingForm,
    choices: dict[str, tuple[str, Any, str]],
) -> HttpResponse:
    given = form.cleaned_data
    _label, asset, key = choices[given["check"]]
    details = readings.ReadingDetails(
        asset=asset,
        key=key,
        phase=Phase(phase),
        value=parsed(given["value"]),
        observed_at=given["observed_at"],
        witness=given["witness"],
        note=given["note"],
    )
    readings.enter(change.pk, details, by=request.user)
    messages.success(request, _("Entered. Run the gate to have it judged."))
    return redirect("changes:detail", ref=change.reference)
