"""Owners and holds: who answers, and what is stopped."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from assets import selectors
from assets.forms import HoldForm, OwnerForm, ReasonForm
from assets.models import Asset, Hold, Location, Ownership, Zone
from assets.services import holds, ownership
from assets.views.assets import CRUMB, url_of
from assets.views.pages import SignedIn, asset_at, form_page
from plantgov.core.clock import now
from plantgov.core.scope import may, require, require_anywhere
from plantgov.people.models import Person, Team
from plantgov.workspace.selectors import url_of as page_of


def _owner_form(request: SignedIn) -> OwnerForm:
    people = Person.objects.visible_to(request.user).filter(left_at=None)
    return OwnerForm(request.POST or None, people=people, teams=Team.objects.visible_to(request.user))


def _assign(request: SignedIn, thing: Any, back: str, title: str) -> HttpResponse:
    require(request.user, "assets.assign_ownership", thing)
    form = _owner_form(request)

    def save() -> str:
        reason = form.cleaned_data["reason"]
        ownership.assign(thing, form.owner, by=request.user, at=now(), post=form.post(), reason=reason)
        return back

    lede = _("Who was accountable or deputy before ends at this moment.")
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=back, lede=lede)


@login_required
def asset_owner(request: SignedIn, site: str, tag: str) -> HttpResponse:
    """Say who answers for an asset."""
    asset = asset_at(request, site, tag)
    return _assign(request, asset, url_of(asset), _("Name an owner of %s") % asset.tag)


@login_required
def location_owner(request: SignedIn, uid: str) -> HttpResponse:
    """Say who answers for a place and, where nobody else is named, for everything in it."""
    row = get_object_or_404(Location.objects.visible_to(request.user), uid=uid)
    back = reverse("assets:location-detail", args=[row.uid])
    return _assign(request, row, back, _("Name an owner of %s") % row.name)


@login_required
def zone_owner(request: SignedIn, uid: str) -> HttpResponse:
    """Say who answers for a zone."""
    row = get_object_or_404(Zone.objects.visible_to(request.user), uid=uid)
    back = reverse("assets:zone-detail", args=[row.uid])
    return _assign(request, row, back, _("Name an owner of %s") % row.name)


@login_required
def owner_bulk(request: SignedIn) -> HttpResponse:
    """Say who answers for all the selected assets."""
    require_anywhere(request.user, "assets.assign_ownership")
    chosen = request.GET.getlist("uid") or request.POST.getlist("uid")
    rows = selectors.assets_visible_to(request.user).filter(uid__in=[u for u in chosen if len(u) == 36])
    assets = [asset for asset in rows if may(request.user, "assets.assign_ownership", asset)]
    form = _owner_form(request)

    def save() -> str:
        wanted = [(asset, form.owner, form.post()) for asset in assets]
        ownership.assign_all(wanted, by=request.user, at=now(), reason=form.cleaned_data["reason"])
        messages.success(
            request,
            _("%(owner)s now answers for %(count)d assets.") % {"owner": form.owner, "count": len(assets)},
        )
        return reverse("assets:list")

    lede = _("%(count)d of the %(all)d selected assets, where you may decide that.") % {
        "count": len(assets),
        "all": len(chosen),
    }
    title = _("Name an owner")
    return form_page(
        request, form, save, title=title, back=CRUMB, cancel_url=reverse("assets:list"), lede=lede
    )


@login_required
def owner_end(request: SignedIn, uid: str) -> HttpResponse:
    """End what somebody is to a thing."""
    row = get_object_or_404(Ownership.objects.visible_to(request.user), uid=uid)
    thing = row.thing
    require(request.user, "assets.assign_ownership", thing)
    form = ReasonForm(request.POST or None)
    back = page_of(thing)

    def save() -> str:
        ownership.end(row, by=request.user, at=now(), reason=form.cleaned_data["reason"])
        return back

    title = _("End: %(owner)s, %(role)s") % {"owner": row.owner, "role": row.get_role_display()}
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=back)


def _hold(request: SignedIn, target: Asset | Location, back: str, name: str) -> HttpResponse:
    require(request.user, "assets.place_hold", target)
    form = HoldForm(request.POST or None)

    def save() -> str:
        given = form.cleaned_data
        holds.place_hold(
            target, by=request.user, reason=given["reason"], at=now(), expires_at=given["expires_at"]
        )
        return back

    lede = _("No work may start there, and running work stops, until the hold is lifted or ends.")
    title = _("Place a hold on %s") % name
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=back, lede=lede)


@login_required
def asset_hold(request: SignedIn, site: str, tag: str) -> HttpResponse:
    """Stop work on an asset."""
    asset = asset_at(request, site, tag)
    return _hold(request, asset, url_of(asset), asset.tag)


@login_required
def location_hold(request: SignedIn, uid: str) -> HttpResponse:
    """Stop work at a place and everywhere below it."""
    row = get_object_or_404(Location.objects.visible_to(request.user), uid=uid)
    return _hold(request, row, reverse("assets:location-detail", args=[row.uid]), row.name)


@login_required
def hold_lift(request: SignedIn, uid: str) -> HttpResponse:
    """Lift a hold."""
    row = get_object_or_404(Hold.objects.visible_to(request.user), uid=uid)
    require(request.user, "assets.lift_hold", row)
    target: Any = row.target
    back = page_of(target)
    form = ReasonForm(request.POST or None)

    def save() -> str:
        holds.lift_hold(row, by=request.user, reason=form.cleaned_data["reason"], at=now())
        return back

    name = row.asset.tag if row.asset else row.location
    title = _("Lift the hold on %s") % name
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=back, lede=row.reason)
