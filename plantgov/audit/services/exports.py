"""Handing out the ledger as a table."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import models, transaction

from plantgov.audit.models import Entry
from plantgov.audit.services.entries import plain, record
from plantgov.core.scope import require_anywhere

COLUMNS = {
    "entry": "uid",
    "at": "at",
    "actor": "actor_label",
    "acting_for": "acting_for_label",
    "action": "action",
    "kind": "thing_kind",
    "thing": "thing_label",
    "thing_uid": "thing_uid",
    "seq": "thing_seq",
    "reason": "reason",
    "role": "role",
    "rule": "rule",
    "before": "before",
    "after": "after",
    "attributed": "attributed",
    "leaf": "leaf__index",
    "leaf_hash": "leaf_hash",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|")


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


@transaction.atomic
def record_export(rows: models.QuerySet[Entry], *, filters: dict[str, Any], by: Any, at: datetime) -> int:
    """Enter into the ledger that somebody took it out; returns the newest id that goes with it.

    Raises `Forbidden` without `audit.export_entry` anywhere.
    """
    require_anywhere(by, "audit.export_entry")
    newest = rows.aggregate(newest=models.Max("pk"), count=models.Count("pk"))
    facts = {"filters": filters, "entries": newest["count"], "format": "csv"}
    record(by, by=by, action="audit.ledger.exported", facts=facts, at=at)
    return newest["newest"] or 0


def table(rows: models.QuerySet[Entry]) -> Iterator[str]:
    """The entries as lines of CSV, oldest first, without holding them all; no cell is a formula."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for row in rows.order_by("pk").values_list(*COLUMNS.values()).iterator(chunk_size=2000):
        yield writer.writerow([safe_cell(value) for value in row])


def safe_cell(value: Any) -> str:
    """A value as no spreadsheet takes it for a formula."""
    if value is None:
        return ""
    text = str(plain(value))
    return f"'{text}" if text.startswith(FORMULA) else text
