"""The ledger as CSV; that somebody took it along is an entry itself."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from plantgov.audit.models import Entry
from plantgov.audit.rules.cells import cell
from plantgov.audit.services.entries import record
from plantgov.core.clock import now
from plantgov.core.scope import require_anywhere

PORTION = 2000
COLUMNS = (
    "leaf_index",
    "uid",
    "at_utc",
    "action",
    "actor",
    "acting_for",
    "role",
    "rule",
    "reason",
    "thing_kind",
    "thing",
    "thing_uid",
    "thing_seq",
    "table",
    "key",
    "locations",
    "before",
    "after",
    "channel",
    "request_id",
    "leaf_sha256",
)


def exportable(user: Any) -> QuerySet[Entry]:
    """The entries that `user` may take along: on none of their places may the right be missing."""
    require_anywhere(user, "audit.export_entry")
    return Entry.objects.visible_to(user).visible_to(user, verb="export")


def export(rows: QuerySet[Entry], *, by: Any, filters: dict[str, str]) -> Iterator[str]:
    """Note the export in the ledger, then give the CSV line by line, newest entry first."""
    newest = rows.order_by("-pk").values_list("pk", flat=True).first()
    count = rows.count()
    with transaction.atomic():
        facts = {"filters": filters, "rows": count}
        record(by, by=by, action="audit.entries.exported", facts=facts, at=now())
    return _lines(rows, (newest or 0) + 1)


def _lines(rows: QuerySet[Entry], below: int) -> Iterator[str]:
    yield _csv(COLUMNS)
    while True:
        portion = list(rows.filter(pk__lt=below).select_related("leaf").order_by("-pk")[:PORTION])
        for entry in portion:
            yield _csv(_row(entry))
        if len(portion) < PORTION:
            return
        below = portion[-1].pk


def _row(entry: Entry) -> list[str]:
    leaf = getattr(entry, "leaf", None)
    values = [
        leaf.index if leaf else None,
        str(entry.uid),
        entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        entry.action,
        entry.actor_label,
        entry.acting_for_label,
        entry.role,
        entry.rule,
        entry.reason,
        entry.thing_kind,
        entry.thing_label,
        str(entry.thing_uid or ""),
        entry.thing_seq,
        entry.row_table,
        entry.row_key,
        " ".join(map(str, entry.location_ids)),
        entry.before,
        entry.after,
        entry.channel,
        entry.request_id,
        bytes(entry.leaf_hash).hex(),
    ]
    return [cell(value) for value in values]


def _csv(values: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()
