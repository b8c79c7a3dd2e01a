"""Raising a change and editing it, on one form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assets.models import Asset, Location
from assets.selectors import settings_at
from changes.forms import ChangeForm, ExpectedRows, assets_named, initial_of, profile_of, spelled
from changes.models import Change, Involvement
from changes.selectors.facts import Dossier
from changes.services import drafts
from changes.services.drafts import AssetPlan
from changes.services.revise import revise
from changes.states import Role
from changes.views import Request
from changes.views.detail import change_or_404, may_edit, zone_of
from plantgov.core.clock import now
from plantgov.core.doors import complain
from plantgov.core.errors import BadInput, Refused
from plantgov.core.scope import require_anywhere
from plantgov.people.models import Person


@dataclass
class Sheet:
    """The form with its rows of expected states, and what could not be saved."""

    form: ChangeForm
    rows: Any
    zone: str
    refused: Refused | None = None
    kept: Sequence[AssetPlan] = ()

    def is_valid(self) -> bool:
        """Whether everything typed has the right shape; draws no conclusion about rules."""
        fine = self.form.is_valid() & self.rows.is_valid()
        return bool(fine and self.expected is not None)

    @property
    def expected(self) -> list[dict[str, Any]] | None:
        """The rows that are filled in."""
        found: list[dict[str, Any]] | None = self.rows.rows(self.form.cleaned_data["assets"])
        return found

    @property
    def status(self) -> int:
        """The code that the page answers with."""
        if self.refused:
            return self.refused.status
        return 400 if self.form.errors or any(self.rows.errors) else 200


def _sheet(
    request: Request, *, assets: list[Asset], place: Location | None, initial: dict[str, Any], rows: Any
) -> Sheet:
    profile = profile_of(assets, place)
    people = Person.objects.filter(left_at=None, accounts__is_active=True).distinct()
    posted = request.POST if request.method == "POST" else None
    form = ChangeForm(posted, initial=initial, user=request.user, profile=profile, people=people)
    return Sheet(form, ExpectedRows(posted, initial=rows, prefix="expected"), zone="")


@login_required
def change_new(request: Request) -> HttpResponse:
    """Raise a change, on the asset or place it was asked for."""
    require_anywhere(request.user, "changes.add_change")
    assets, place = _from(request)
    initial = {
        "assets": spelled(assets),
        "place": place.uid if place else None,
        "implementers": _self(request),
    }
    assets = _posted(request) or assets
    with timezone.override(_zone(assets, place)):
        sheet = _sheet(request, assets=assets, place=place, initial=initial, rows=[])
        sheet.zone = _zone(assets, place)
        if request.method == "POST" and sheet.is_valid():
            change = _raised(request, sheet)
            if change:
                messages.success(
                    request,
                    _("%(reference)s is a draft. Submit it when it is complete.")
                    % {"reference": change.reference},
                )
                return redirect("changes:detail", ref=change.reference)
        return _answer(request, sheet, title=_("Raise a change"), back=reverse("changes:list"))


def _raised(request: Request, sheet: Sheet) -> Change | None:
    try:
        details = sheet.form.details(sheet.expected or [])
        return drafts.raise_change(
            details, by=request.user, implementers=sheet.form.cleaned_data["implementers"]
        )
    except BadInput as error:
        complain(sheet.form, error)
    except Refused as error:
        sheet.refused = error
    return None


@login_required
def change_edit(request: Request, ref: str) -> HttpResponse:
    """Edit a change; a material edit after it was handed in sends it back to assessment."""
    change = change_or_404(request, ref)
    if not may_edit(request, change):
        raise PermissionDenied
    dossier, details = Dossier(change, now()), drafts.details_of(change)
    visible = set(Asset.objects.visible_to(request.user).filter(in_changes__change=change))
    plans = [plan for plan in details.assets if plan.asset in visible]
    assets, implementers = [plan.asset for plan in plans], _implementers(change)
    initial = initial_of(details, change, profile=dossier.profile, implementers=implementers) | {
        "assets": spelled(assets)
    }
    with timezone.override(zone_of(dossier)):
        sheet = _sheet(
            request,
            assets=_posted(request) or assets,
            place=change.location,
            initial=initial,
            rows=_rows(plans),
        )
        sheet.zone, sheet.kept = (
            zone_of(dossier),
            [plan for plan in details.assets if plan.asset not in visible],
        )
        if request.method == "POST" and sheet.is_valid() and _edited(request, change, sheet):
            return redirect("changes:detail", ref=change.reference)
        title, back = _("Edit %(reference)s") % {"reference": ref}, reverse("changes:detail", args=[ref])
        return _answer(request, sheet, title=title, back=back, change=change)


def _edited(request: Request, change: Change, sheet: Sheet) -> bool:
    given = sheet.form.cleaned_data
    try:
        details = sheet.form.details(sheet.expected or [], kept=sheet.kept)
        revise(
            change.pk,
            details,
            implementers=given["implementers"],
            by=request.user,
            revision=given["revision"],
        )
    except BadInput as error:
        complain(sheet.form, error)
        return False
    except Refused as error:
        sheet.refused = error
        return False
    return True


def _answer(
    request: Request, sheet: Sheet, *, title: str, back: str, change: Change | None = None
) -> HttpResponse:
    context = {
        "sheet": sheet,
        "form": sheet.form,
        "rows": sheet.rows,
        "title": title,
        "cancel_url": back,
        "change": change,
        "is_handed_in": change is not None and change.state != "draft",
    }
    return render(request, "changes/change_form.html", context, status=sheet.status)


def _from(request: Request) -> tuple[list[Asset], Location | None]:
    """The asset or place that `?from=<kind>:<uid>` names, as far as the reader may see it."""
    kind, _colon, uid = request.GET.get("from", "").partition(":")
    try:
        if kind == "assets.asset":
            return list(
                Asset.objects.visible_to(request.user).filter(uid=uid).select_related("site", "location")
            ), None
        if kind == "assets.location":
            return [], Location.objects.visible_to(request.user).filter(uid=uid).first()
    except (ValueError, forms.ValidationError):
        pass
    return [], None


def _posted(request: Request) -> list[Asset]:
    """The assets that were typed, to know whose questions about risk count; wrong tags are complained of later."""
    try:
        return assets_named(request.POST.get("assets", ""), request.user)
    except forms.ValidationError:
        return []


def _zone(assets: Sequence[Asset], place: Location | None) -> str:
    from_place = assets[0].location if assets else place
    return settings_at(from_place).zone_name if from_place else timezone.get_current_timezone_name()


def _self(request: Request) -> list[int]:
    return [request.user.person_id] if request.user.person_id else []


def _rows(plans: Sequence[AssetPlan]) -> list[dict[str, Any]]:
    return [
        {"asset": plan.asset.tag, **one, "value": _typed(one.get("value"))}
        for plan in plans
        for one in plan.expected
    ]


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _implementers(change: Change) -> list[Person]:
    rows = Involvement.objects.filter(change=change, role=Role.IMPLEMENTER, until_at=None).select_related(
        "person"
    )
    return [row.person for row in rows]


@login_required
@require_safe
def risk_questions(request: Request) -> HttpResponse:
    """The questions about risk that are asked where these assets stand."""
    try:
        assets = assets_named(request.GET.get("assets", ""), request.user)
    except forms.ValidationError:
        assets = []
    profile = profile_of(assets, None)
    form = ChangeForm(
        initial=request.GET.dict(), user=request.user, profile=profile, people=Person.objects.none()
    )
    return render(request, "changes/_risk.html", {"form": form})
