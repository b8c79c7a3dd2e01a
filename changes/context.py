"""What changes show on pages of other floors."""

from collections import Counter
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from assets.models import Asset
from changes.models import Change, ChangeAsset
from changes.selectors import desk
from changes.states import TERMINAL, TRANSITIONS
from plantgov.core.clock import now
from plantgov.core.scope import may, scope_of
from plantgov.core.slots import WaitingRow

MOST = 8


def url_of(change: Change) -> str:
    """The page of a change."""
    return reverse("changes:detail", args=[change.reference])


def waiting_rows(user: Any) -> list[WaitingRow]:
    """The changes that wait for somebody: to submit, assess, approve, release, start, finish or verify."""
    return [
        WaitingRow(
            title=str(row.change),
            url=url_of(row.change),
            what=TRANSITIONS[row.name].label,
            since=row.change.submitted_at or row.change.requested_at,
            due_at=row.change.due_at or row.change.window_from,
            detail=row.change.location.name,
        )
        for row in desk.waiting_for(user, at=now())
    ]


def asset_panel(request: HttpRequest, asset: Asset) -> str:
    """The changes of an asset, open ones first."""
    if not scope_of(request.user, "changes.view_change"):
        return ""
    rows = desk.changes_visible_to(request.user).filter(covered__asset=asset)
    open_rows = rows.exclude(state__in=TERMINAL)
    context = {
        "asset": asset,
        "open": open_rows[:MOST],
        "closed": rows.filter(state__in=TERMINAL)[:3],
        "count": rows.count(),
        "may_raise": may(request.user, "changes.add_change", asset),
    }
    return render_to_string("changes/_asset_panel.html", context, request)


def open_changes(user: Any, assets: list[Any]) -> dict[int, Any]:
    """How many open changes each asset has, in the reader's view; one query."""
    rows = ChangeAsset.objects.filter(asset__in=[asset.pk for asset in assets])
    visible = Change.objects.visible_to(user).exclude(state__in=TERMINAL)
    return dict(Counter(rows.filter(change__in=visible).values_list("asset_id", flat=True)))


def home_panel(request: HttpRequest) -> str:
    """Work that is under way or comes next."""
    if not scope_of(request.user, "changes.view_change"):
        return ""
    rows = desk.changes_visible_to(request.user).exclude(state__in=TERMINAL)
    running = rows.filter(state__in=["implementing", "on_hold", "backing_out", "verification"])
    ahead = rows.filter(state="scheduled", window_until__gt=now()).order_by("window_from")
    found = [*running[:MOST], *ahead[:MOST]]
    context = {
        "rows": [{"change": change, "url": url_of(change)} for change in found],
        "open_count": rows.count(),
        "held_count": rows.filter(state="on_hold").count(),
    }
    return render_to_string("changes/_home_panel.html", context, request)
