"""Places and zones."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assets import selectors
from assets.filters import ZoneFilter
from assets.forms import LocationForm, MoveForm, ZoneForm
from assets.models import Asset, Hold, Location, Zone
from assets.rules import kinds_below
from assets.services import locations, zones
from assets.states import LocationKind
from assets.views.assets import actions_on, entries_of
from assets.views.pages import SignedIn, form_page
from plantgov.core.clock import now
from plantgov.core.scope import may, require, require_anywhere, scope_of

CRUMB = ("assets:location-list", _("Places"))


def _location(request: SignedIn, uid: Any) -> Location:
    return get_object_or_404(selectors.locations_visible_to(request.user), uid=uid)


@login_required
@require_safe
def location_list(request: SignedIn) -> HttpResponse:
    """The tree of places in view, each with how many assets stand there."""
    tree = selectors.tree_visible_to(request.user)
    rows = [row for row, _depth in tree]
    counts = selectors.asset_counts(request.user)
    told = selectors.settings_of(rows)
    context = {
        "rows": [
            {"place": row, "depth": range(depth), "count": counts.get(row.pk, 0), "told": told[row.pk]}
            for row, depth in tree
        ],
        "may_add": bool(scope_of(request.user, "assets.add_location")),
    }
    return render(request, "assets/location_list.html", context)


@login_required
@require_safe
def location_detail(request: SignedIn, uid: str) -> HttpResponse:
    """One place: what counts there, who answers for it, what is in it."""
    row, user, at = _location(request, uid), request.user, now()
    verbs = ("change_location", "add_location", "add_asset", "assign_ownership", "place_hold", "lift_hold")
    context = {
        "location": row,
        "places": selectors.with_path(row),
        "told": selectors.settings_at(row),
        "owners": selectors.owners_of(row, at=at),
        "children": selectors.locations_visible_to(user).filter(parent=row),
        "count": Asset.objects.visible_to(user).filter(location__path__contains=[row.pk]).count(),
        "zones": selectors.zones_visible_to(user).filter(site=row) if row.kind == LocationKind.SITE else [],
        "holds": Hold.objects.in_force(at)
        .filter(location__in=row.path)
        .select_related("placed_by__person", "location"),
        "entries": entries_of(request, row),
        "actions": actions_on(request, row),
        "may": {verb: may(user, f"assets.{verb}", row) for verb in verbs},
    }
    return render(request, "assets/location_detail.html", context)


def _offer(request: SignedIn, form: Any, field: str, permission: str) -> None:
    rows = selectors.locations_for(request.user, permission).order_by("path")
    form.fields[field].offer(rows, selectors.paths_of(rows))


@login_required
def location_add(request: SignedIn) -> HttpResponse:
    """Add a place below another."""
    require_anywhere(request.user, "assets.add_location")
    parent = (
        selectors.locations_visible_to(request.user).filter(uid=_uid(request.GET.get("parent", ""))).first()
    )
    form = LocationForm(request.POST or None, initial={"parent": parent.uid if parent else None})
    _offer(request, form, "parent", "assets.add_location")
    if parent:
        form.fields["kind"].initial = kinds_below(parent.kind)[0]
    if not scope_of(request.user, "assets.set_regime"):
        form.keep_regime(None)

    def save() -> str:
        given = form.cleaned_data
        row = locations.add_location(
            form.place(), parent=given["parent"], by=request.user, reason=given["reason"]
        )
        return reverse("assets:location-detail", args=[row.uid])

    title = _("Add a place")
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=reverse("assets:location-list"))


def _uid(text: str) -> str | None:
    return text if len(text) == 36 and text.replace("-", "").isalnum() else None


@login_required
def location_edit(request: SignedIn, uid: str) -> HttpResponse:
    """Change a place."""
    row = _location(request, uid)
    require(request.user, "assets.change_location", row)
    names = ("name", "slug", "zone_name", "profile", "mode")
    form = LocationForm(request.POST or None, initial={name: getattr(row, name) for name in names})
    del form.fields["parent"], form.fields["kind"]
    if not may(request.user, "assets.set_regime", row):
        form.keep_regime(row)
    back = reverse("assets:location-detail", args=[row.uid])

    def save() -> str:
        revision = request.POST.get("revision", "")
        locations.change_location(
            row,
            form.place(row.kind),
            by=request.user,
            revision=int(revision) if revision.isdigit() else None,
            reason=form.cleaned_data["reason"],
        )
        return back

    title = _("Edit %s") % row.name
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=back, revision=row.revision)


@login_required
def location_move(request: SignedIn, uid: str) -> HttpResponse:
    """Move a place with everything below it."""
    row = _location(request, uid)
    require(request.user, "assets.change_location", row)
    form = MoveForm(request.POST or None)
    _offer(request, form, "to", "assets.change_location")
    back = reverse("assets:location-detail", args=[row.uid])

    def save() -> str:
        given = form.cleaned_data
        locations.move_location(row, to=given["to"], by=request.user, reason=given["reason"])
        return back

    lede = _("Everything below moves along. A place stays within its site.")
    title = _("Move %s") % row.name
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=back, lede=lede)


@login_required
@require_safe
def zone_list(request: SignedIn) -> HttpResponse:
    """Zones in view."""
    found = ZoneFilter(request.GET, queryset=selectors.zones_with_counts(request.user))
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    context = {"page": page, "filter": None, "may_add": bool(scope_of(request.user, "assets.add_zone"))}
    return render(request, "assets/zone_list.html", context)


@login_required
@require_safe
def zone_detail(request: SignedIn, uid: str) -> HttpResponse:
    """One zone: who answers for it, what is in it."""
    zone = get_object_or_404(selectors.zones_visible_to(request.user), uid=uid)
    assets = selectors.assets_visible_to(request.user).filter(zone=zone)
    context = {
        "zone": zone,
        "owners": selectors.owners_of(zone, at=now()),
        "assets": assets[:200],
        "count": assets.count(),
        "entries": entries_of(request, zone),
        "may": {v: may(request.user, f"assets.{v}", zone) for v in ("change_zone", "assign_ownership")},
    }
    return render(request, "assets/zone_detail.html", context)


@login_required
def zone_add(request: SignedIn) -> HttpResponse:
    """Add a zone to a site."""
    require_anywhere(request.user, "assets.add_zone")
    sites = selectors.locations_for(request.user, "assets.add_zone").filter(kind=LocationKind.SITE)
    form = ZoneForm(request.POST or None, sites=sites, initial={"site": request.GET.get("site")})

    def save() -> str:
        given = form.cleaned_data
        row = zones.add_zone(given["site"], given["name"], by=request.user, description=given["description"])
        return reverse("assets:zone-detail", args=[row.uid])

    back = ("assets:zone-list", _("Zones"))
    title = _("Add a zone")
    return form_page(request, form, save, title=title, back=back, cancel_url=reverse("assets:zone-list"))


@login_required
def zone_edit(request: SignedIn, uid: str) -> HttpResponse:
    """Change a zone."""
    zone = get_object_or_404(Zone.objects.visible_to(request.user), uid=uid)
    require(request.user, "assets.change_zone", zone)
    initial = {"name": zone.name, "description": zone.description}
    form = ZoneForm(request.POST or None, sites=Location.objects.none(), zone=zone, initial=initial)
    page = reverse("assets:zone-detail", args=[zone.uid])

    def save() -> str:
        given = form.cleaned_data
        zones.change_zone(zone, given["name"], by=request.user, description=given["description"])
        return page

    back = ("assets:zone-list", _("Zones"))
    title = _("Edit %s") % zone.name
    return form_page(request, form, save, title=title, back=back, cancel_url=page)
