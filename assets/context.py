"""What the register shows outside its own pages."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from assets import selectors
from assets.models import Asset, Hold, Location, Zone
from assets.states import Status
from plantgov.core.clock import now
from plantgov.core.scope import scope_of

MOST_GAPS = 8


def asset_url(row: Asset) -> str:
    """The page of an asset."""
    return reverse("assets:detail", args=[row.site.slug, row.tag])


def location_url(row: Location) -> str:
    """The page of a place."""
    return reverse("assets:location-detail", args=[row.uid])


def zone_url(row: Zone) -> str:
    """The page of a zone."""
    return reverse("assets:zone-detail", args=[row.uid])


def may_see(user: Any) -> bool:
    """Whether the register has a place in the user's navigation."""
    return bool(scope_of(user, "assets.view_asset"))


def home_panel(request: HttpRequest) -> str:
    """How many assets there are, which have no owner, what is held."""
    user, at = request.user, now()
    if not may_see(user):
        return ""
    gaps = selectors.ownership_gaps(user, at)
    context = {
        "total": Asset.objects.visible_to(user).exclude(status=Status.RETIRED).count(),
        "gap_count": gaps.count(),
        "gaps": gaps.order_by("tag")[:MOST_GAPS],
        "holds": Hold.objects.visible_to(user)
        .in_force(at)
        .select_related("asset__site", "location", "placed_by__person")[:MOST_GAPS],
        "may_import": bool(scope_of(user, "assets.import_register")),
        "may_add": bool(scope_of(user, "assets.add_asset")),
    }
    return render_to_string("assets/_home.html", context, request)
