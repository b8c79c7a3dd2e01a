"""The list of assets: search, filters, export."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assets import selectors
from assets.filters import PortalAssetFilter
from assets.models import Asset
from assets.states import ATTRIBUTES
from assets.views.pages import SignedIn
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.scope import scope_of
from plantgov.people.models import Person

ORDERINGS = {"tag", "name", "asset_type", "criticality", "status", "zone__name", "location__path"}
EXPORTED: tuple[str, ...] = (
    "asset_tag",
    "name",
    "asset_type",
    "path",
    "zone",
    "parent_tag",
    "status",
    "criticality",
)
EXPORTED += ("safety_related", "purdue_level", "manufacturer", "model", "serial_number")
EXPORTED += ("firmware_version", "accountable", "notes", *ATTRIBUTES)


def _found(request: SignedIn) -> tuple[PortalAssetFilter, QuerySet[Asset]]:
    """The filter and the rows that it leaves, in the order asked for."""
    found = PortalAssetFilter(
        request.GET, queryset=selectors.assets_visible_to(request.user), request=request
    )
    wanted = request.GET.get("ordering", "tag")
    field = wanted.removeprefix("-")
    order = wanted if field in ORDERINGS else "tag"
    return found, found.qs.order_by(order, "site", "tag")


@login_required
@require_safe
def asset_list(request: SignedIn) -> HttpResponse:
    """Every asset in view."""
    found, rows = _found(request)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {
        "filter": found,
        "page": page,
        "filtered": any(request.GET.get(name) for name in found.filters),
        "clear_url": reverse("assets:list"),
        **_shown(request.user, list(page.object_list)),
        "may_add": bool(scope_of(request.user, "assets.add_asset")),
        "may_import": bool(scope_of(request.user, "assets.import_register")),
        "bulk": _bulk(request.user),
        "query": request.GET.urlencode(),
    }
    return render(request, "assets/asset_list.html", context)


def _shown(user: Any, assets: list[Asset]) -> dict[str, Any]:
    """What the columns show, with one query each."""
    at = now()
    owners = selectors.accountable_of(assets, at=at)
    paths = selectors.paths_of([asset.location for asset in assets])
    holds = selectors.holds_on(assets, at=at)
    columns = [column for column in slots.columns if column.on == "assets.asset"]
    cells = [column.values(user, assets) for column in columns]
    rows = [
        {
            "asset": asset,
            "owner": owners.get(asset.pk),
            "path": paths.get(asset.location_id, ""),
            "is_held": bool(holds[asset.pk]),
            "cells": [values.get(asset.pk, "–") for values in cells],
        }
        for asset in assets
    ]
    return {"rows": rows, "columns": columns}


def _bulk(user: Any) -> list[dict[str, Any]]:
    actions = [
        {
            "label": _("Export"),
            "url": reverse("assets:export"),
            "icon": "download",
            "method": "get",
        }
    ]
    if scope_of(user, "assets.assign_ownership"):
        actions.append(
            {
                "label": _("Name an owner"),
                "url": reverse("assets:owner-bulk"),
                "icon": "user-check",
                "method": "get",
            }
        )
    return actions


class _Echo:
    def write(self, value: str) -> str:
        return value


def safe_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@login_required
@require_safe
def asset_export(request: SignedIn) -> StreamingHttpResponse:
    """The list, or what was selected in it, as CSV with the headers that the import takes."""
    _filter, rows = _found(request)
    chosen = request.GET.getlist("uid")
    if chosen:
        rows = rows.filter(uid__in=[uid for uid in chosen if len(uid) == 36])
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="assets.csv"'
    return response


def _lines(rows: QuerySet[Asset]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(EXPORTED)
    batch: list[Asset] = []
    for asset in rows.select_related("parent").iterator(chunk_size=500):
        batch.append(asset)
        if len(batch) == 500:
            yield from _batch(writer, batch)
            batch = []
    yield from _batch(writer, batch)


def _batch(writer: Any, assets: list[Asset]) -> Iterable[str]:
    owners = selectors.accountable_of(assets, at=now())
    paths = selectors.paths_of([asset.location for asset in assets])
    for asset in assets:
        owner = owners.get(asset.pk)
        own = owner.owner if owner and owner.source is None else None
        party = (own.email or own.name) if isinstance(own, Person) else own.name if own else ""
        values = [
            asset.tag,
            asset.name,
            asset.asset_type,
            paths.get(asset.location_id, ""),
            asset.zone.name if asset.zone else "",
            asset.parent.tag if asset.parent else "",
            asset.status,
            asset.criticality,
            "yes" if asset.safety_related else "no",
            asset.purdue_level,
            asset.manufacturer,
            asset.model,
            asset.serial_number,
            asset.firmware_version,
            party,
            asset.description,
            *(asset.attributes.get(key, "") for key in ATTRIBUTES),
        ]
        yield writer.writerow([safe_cell(value) for value in values])
