"""Pages of the ledger."""

from typing import Any

from django.apps import apps
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from plantgov.audit import selectors
from plantgov.audit.filters import EntryFilter
from plantgov.audit.models import Checkpoint, Entry, SigningKey
from plantgov.audit.rules import notes
from plantgov.audit.services import exports, inclusion
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.scope import can_see, require_anywhere, scope_of

PAGE = 50


def _filtered(request: HttpRequest) -> EntryFilter:
    rows = Entry.objects.visible_to(request.user).select_related("leaf")
    return EntryFilter(request.GET, queryset=rows)


@login_required
@require_safe
def entry_list(request: HttpRequest) -> HttpResponse:
    """The ledger, newest first; pages go by number of entry, so they stand still while the ledger grows."""
    require_anywhere(request.user, "audit.view_entry")
    found = _filtered(request)
    rows = found.qs.order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdigit():
        rows = rows.filter(pk__lt=min(int(before), 2**63 - 1))
    page = list(rows[: PAGE + 1])
    context = {
        "filter": found,
        "entries": page[:PAGE],
        "older": page[PAGE - 1].pk if len(page) > PAGE else None,
        "is_newest": not before,
        "query": request.GET.urlencode(),
        "may_export": bool(scope_of(request.user, "audit.export_entry")),
    }
    return render(request, "audit/entry_list.html", context)


@login_required
@require_safe
def entry_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """One entry: what was before and after, and whether it is proven."""
    entry = get_object_or_404(Entry.objects.visible_to(request.user).select_related("leaf"), uid=uid)
    of_thing = Entry.objects.visible_to(request.user).filter(thing_uid=entry.thing_uid)
    context = {
        "entry": entry,
        "rows": _difference(entry),
        "leaf_hash": bytes(entry.leaf_hash).hex(),
        "thing_url": _thing_url(request, entry),
        "inclusion": inclusion.state_of(entry),
        "previous": of_thing.filter(thing_seq=entry.thing_seq - 1).first() if entry.thing_uid else None,
        "next": of_thing.filter(thing_seq=entry.thing_seq + 1).first() if entry.thing_uid else None,
    }
    return render(request, "audit/entry_detail.html", context)


def _difference(entry: Entry) -> list[dict[str, Any]]:
    before, after = entry.before or {}, entry.after or {}
    names = [*after, *(name for name in before if name not in after)]
    return [{"field": name, "before": before.get(name), "after": after.get(name)} for name in names]


def _thing_url(request: HttpRequest, entry: Entry) -> str:
    """The page of what the entry is about, if it has one that the reader may open."""
    kind = slots.things.get(entry.thing_kind)
    if kind is None or entry.thing_uid is None:
        return ""
    thing = apps.get_model(kind.model)._default_manager.filter(uid=entry.thing_uid).first()
    return kind.url(thing) if thing is not None and can_see(request.user, thing) else ""


@login_required
@require_POST
def export(request: HttpRequest) -> StreamingHttpResponse:
    """What the list shows, as a table; that it was taken out is itself an entry."""
    require_anywhere(request.user, "audit.export_entry")
    found = EntryFilter(request.GET, queryset=Entry.objects.visible_to(request.user, "export"))
    at = now()
    rows = _within_view(request, found.qs)
    newest = exports.record_export(rows, filters=request.GET.dict(), by=request.user, at=at)
    lines = exports.table(rows.filter(pk__lte=newest))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ledger-{at:%Y%m%dT%H%M%SZ}.csv"'
    return response


def _within_view(request: HttpRequest, rows: QuerySet[Entry]) -> QuerySet[Entry]:
    return rows.filter(pk__in=Entry.objects.visible_to(request.user).values("pk"))


@login_required
@require_safe
def checkpoint_list(request: HttpRequest) -> HttpResponse:
    """Signed tree heads, the keys that signed them, and how far the sealer is."""
    require_anywhere(request.user, "audit.view_entry")
    rows = Checkpoint.objects.select_related("origin", "key")
    before = request.GET.get("before", "")
    if before.isdigit():
        rows = rows.filter(pk__lt=min(int(before), 2**63 - 1))
    page = list(rows[: PAGE + 1])
    waiting = selectors.waiting()
    context = {
        "checkpoints": page[:PAGE],
        "older": page[PAGE - 1].pk if len(page) > PAGE else None,
        "is_newest": not before,
        "latest": selectors.latest_checkpoint(),
        "keys": SigningKey.objects.order_by("-pk"),
        "waiting": waiting,
        "holder": selectors.horizon_holder() if waiting.count else None,
    }
    return render(request, "audit/checkpoint_list.html", context)


@login_required
@require_safe
def checkpoint_note(request: HttpRequest, pk: int) -> HttpResponse:
    """A checkpoint as the signed note that verifiers read."""
    require_anywhere(request.user, "audit.view_entry")
    note = get_object_or_404(Checkpoint, pk=pk)
    return _text(note.note, f"checkpoint-{note.size}.txt")


@login_required
@require_safe
def public_key(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """A key that signs checkpoints, in PEM."""
    require_anywhere(request.user, "audit.view_entry")
    key = SigningKey.objects.filter(fingerprint=fingerprint).first()
    if key is None:
        raise Http404
    return _text(notes.pem(bytes(key.public_key)), f"ledger-{fingerprint[:16]}.pub")


def _text(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)
