"""The list of changes."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assets.models import Asset
from changes.filters import ChangeFilter
from changes.models import Change, Involvement
from changes.selectors import desk
from changes.selectors.facts import Dossier
from changes.states import TERMINAL, State
from changes.views import Request
from changes.views.present import status_code
from plantgov.core.clock import now
from plantgov.core.scope import scope_of

ORDERINGS = ("reference", "title", "state", "risk", "window_from")
SHOWN_TAGS = 3


@login_required
@require_safe
def change_list(request: Request) -> HttpResponse:
    """Changes in view: open ones, what waits for the reader, the reader's own, closed ones."""
    at = now()
    view = request.GET.get("view", "open")
    waiting = {row.change.pk: row.dossier for row in desk.waiting_for(request.user, at=at)}
    views = _views(request, waiting)
    if view not in views:
        view = "open"
    found = ChangeFilter(request.GET, queryset=_ordered(request, views[view][1]), request=request)
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    context = {
        "filter": found,
        "page": page,
        "rows": _rows(request, desk.dossiers_of(page.object_list, at=at), set(waiting)),
        "tabs": _tabs(views, view),
        "view": view,
        "filtered": any(request.GET.get(name) for name in found.filters),
        "clear_url": f"?view={view}",
        "may_raise": bool(scope_of(request.user, "changes.add_change")),
    }
    return render(request, "changes/change_list.html", context)


def _views(request: Request, waiting: dict[int, Dossier]) -> dict[str, tuple[str, QuerySet[Change]]]:
    rows = desk.changes_visible_to(request.user)
    return {
        "open": (_("Open"), rows.exclude(state__in=TERMINAL)),
        "waiting": (_("Waiting for me"), rows.filter(pk__in=list(waiting))),
        "mine": (_("Mine"), rows.filter(_own(request))),
        "closed": (_("Closed"), rows.filter(state__in=TERMINAL)),
    }


def _own(request: Request) -> Q:
    """Those that the reader raised, or has a part in."""
    parts = Involvement.objects.filter(person=request.user.person, until_at=None).values("change")
    return Q(requested_by=request.user) | Q(pk__in=parts)


def _ordered(request: Request, rows: QuerySet[Change]) -> QuerySet[Change]:
    wanted = request.GET.get("ordering", "")
    return (
        rows.order_by(wanted, "-pk")
        if wanted.removeprefix("-") in ORDERINGS
        else rows.order_by("-requested_at")
    )


def _tabs(views: dict[str, tuple[str, QuerySet[Change]]], current: str) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": f"{reverse('changes:list')}?view={key}",
            "active": key == current,
            "count": rows.count() if key in ("open", "waiting") else None,
        }
        for key, (label, rows) in views.items()
    ]


def _rows(request: Request, dossiers: list[Dossier], waiting: set[int]) -> list[dict[str, Any]]:
    ids = {row.asset_id for dossier in dossiers for row in dossier.covered}
    visible = set(Asset.objects.visible_to(request.user).filter(pk__in=ids).values_list("pk", flat=True))
    return [_row(dossier, dossier.change.pk in waiting, visible) for dossier in dossiers]


def _row(dossier: Dossier, is_mine: bool, visible: set[int]) -> dict[str, Any]:
    change = dossier.change
    tags = [row.asset.tag for row in dossier.covered if row.asset_id in visible]
    whom = _("You") if is_mine else ", ".join(desk.whom(dossier))
    return {
        "change": change,
        "url": reverse("changes:detail", args=[change.reference]),
        "tags": tags[:SHOWN_TAGS],
        "more_tags": max(0, len(dossier.covered) - len(tags[:SHOWN_TAGS])),
        "status": status_code(change),
        "zone": next((one.zone_name for one in dossier.settings), "UTC"),
        "waits_for": whom or _next_word(dossier),
    }


def _next_word(dossier: Dossier) -> str:
    words = {
        State.ASSESSMENT: _("Assessment"),
        State.SCHEDULED: _("Release of the equipment"),
        State.ON_HOLD: _("Release to resume"),
        State.VERIFICATION: _("Verification"),
    }
    return words.get(State(dossier.change.state), "")
