"""The ledger's pages: entries, one entry with its seal, checkpoints, export."""

from typing import Any

from django.apps import apps
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from plantgov.audit import selectors
from plantgov.audit.filters import EntryFilter
from plantgov.audit.models import Checkpoint, Entry
from plantgov.audit.rules import notes
from plantgov.audit.services import exports
from plantgov.audit.services.entries import matches_canonical
from plantgov.core import slots
from plantgov.core.scope import require_anywhere, scope_of


@login_required
@require_safe
def entry_list(request: HttpRequest) -> HttpResponse:
    """Entries in view, newest first."""
    require_anywhere(request.user, "audit.view_entry")
    found = EntryFilter(request.GET, queryset=Entry.objects.visible_to(request.user))
    before, after = (selectors.number(request.GET.get(name)) or None for name in ("before", "after"))
    context = {
        "filter": found,
        "ledger": selectors.page_of(found.qs, before=before, after=after),
        "checkpoint": selectors.latest_checkpoint(),
        "may_export": bool(scope_of(request.user, "audit.export_entry")),
    }
    return render(request, "audit/entry_list.html", context)


@login_required
@require_safe
def entry_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """One entry: what it says, what it changed, and how it is sealed."""
    entry = get_object_or_404(Entry.objects.visible_to(request.user).select_related("leaf"), uid=uid)
    leaf = getattr(entry, "leaf", None)
    context = {
        "entry": entry,
        "leaf": leaf,
        "rows": selectors.difference(entry),
        "checkpoint": selectors.sealed_by(leaf) if leaf else None,
        "is_whole": matches_canonical(entry),
        "canonical": bytes(entry.canonical).decode(),
        "thing_url": _url_of(request.user, entry),
    }
    return render(request, "audit/entry_detail.html", context)


def _url_of(user: Any, entry: Entry) -> str:
    """The page of the thing, if there is one and the reader may see it."""
    slot = slots.things.get(entry.thing_kind)
    if slot is None or entry.thing_uid is None:
        return ""
    rows: Any = apps.get_model(slot.model)._default_manager
    thing = rows.visible_to(user).filter(uid=entry.thing_uid).first()
    return slot.url(thing) if thing else ""


@login_required
@require_safe
def checkpoint_list(request: HttpRequest) -> HttpResponse:
    """The log's state, its keys with their fingerprints, and the newest checkpoints."""
    require_anywhere(request.user, "audit.view_entry")
    waiting = selectors.waiting()
    context = {
        "latest": selectors.latest_checkpoint(),
        "checkpoints": Checkpoint.objects.select_related("origin", "key")[:50],
        "keys": [(key, notes.pem(bytes(key.public_key))) for key in selectors.keys_of_log()],
        "waiting": waiting,
        "holder": selectors.horizon_holder() if waiting.count else None,
    }
    return render(request, "audit/checkpoint_list.html", context)


@login_required
@require_safe
def checkpoint_note(request: HttpRequest, pk: int) -> HttpResponse:
    """A checkpoint as the signed note that it is, to keep outside."""
    require_anywhere(request.user, "audit.view_entry")
    checkpoint = get_object_or_404(Checkpoint, pk=pk)
    response = HttpResponse(checkpoint.note, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="checkpoint-{checkpoint.size}.txt"'
    return response


@login_required
@require_POST
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered entries as CSV."""
    found = EntryFilter(request.GET, queryset=exports.exportable(request.user))
    filters = {name: value for name, value in request.GET.items() if name in found.filters and value}
    lines = exports.export(found.qs, by=request.user, filters=filters)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    response["Cache-Control"] = "no-store"
    return response
