"""What goes into a bundle."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from changes.models import Change, CheckResult
from evidence.models import Export
from plantgov.audit.models import Entry
from plantgov.audit.services import bundles
from plantgov.audit.services.entries import plain
from plantgov.people.models import Signature
from plantgov.workspace.models import Comment, File

# Related rows of a change that make up its record.
PARTS = (
    "covered",
    "steps",
    "involved",
    "attachments",
    "requirements",
    "approvals",
    "releases",
    "check_runs",
    "manual_readings",
    "snapshots",
)
APPROVAL_COLUMNS = (
    "person",
    "meaning",
    "statement",
    "signed_at",
    "role",
    "content_digest",
    "evidence_digest",
    "methods",
)
GATE_COLUMNS = (
    "run",
    "phase",
    "finished_at",
    "check",
    "asset",
    "verdict",
    "severity",
    "source",
    "expected",
    "observed",
    "unit",
    "quality",
    "source_time",
    "received_time",
    "endpoint",
    "reason",
)
POPULATION_COLUMNS = (
    "reference",
    "title",
    "place",
    "assets",
    "risk",
    "state",
    "outcome",
    "requested_by",
    "requested_at",
    "scheduled_at",
    "window_from",
    "window_until",
    "started_at",
    "completed_at",
    "ended_at",
    "content_digest",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def exports_visible_to(user: Any) -> QuerySet[Export]:
    """Exports in view."""
    return Export.objects.visible_to(user).select_related("requested_by__person", "job")


def changes_in(
    user: Any, references: Iterable[str], *, start: date | None = None, end: date | None = None
) -> QuerySet[Change]:
    """The changes named, or all of a period, as far as the user may see them."""
    rows = Change.objects.visible_to(user).select_related("location", "requested_by__person")
    names = list(references)
    wanted = Q(reference__in=names) if names else Q()
    if start:
        wanted &= Q(requested_at__date__gte=start)
    if end:
        wanted &= Q(requested_at__date__lte=end)
    return rows.filter(wanted).order_by("reference")


def entries_of(changes: Iterable[Change]) -> QuerySet[Entry]:
    """Every ledger entry about the changes, in the order of the ledger."""
    return Entry.objects.filter(thing_uid__in=[change.uid for change in changes]).order_by("id")


def files_of(change: Change) -> dict[str, bytes]:
    """The files of one change in a bundle, by name."""
    folder = f"changes/{change.reference}"
    signatures = list(
        Signature.objects.filter(thing_uid=change.uid).select_related("person").order_by("signed_at")
    )
    return {
        f"{folder}/record.json": _json(record_of(change)),
        f"{folder}/approvals.csv": _csv(APPROVAL_COLUMNS, (_approval(row) for row in signatures)),
        f"{folder}/gates.csv": _csv(GATE_COLUMNS, (_gate(row) for row in _results(change))),
        **{f"{folder}/signatures/{row.uid}.json": bytes(row.payload) for row in signatures},
    }


def record_of(change: Change) -> dict[str, Any]:
    """Everything that is known about a change, as plain values."""
    record: dict[str, Any] = {"change": bundles.record_of(change)}
    record["change"]["assets"] = [row.asset.tag for row in change.covered.select_related("asset")]
    for name in PARTS:
        record[name] = [bundles.record_of(row) for row in getattr(change, name).order_by("pk")]
    record["comments"] = [bundles.record_of(row) for row in Comment.objects.filter(thing_uid=change.uid)]
    record["files"] = [bundles.record_of(row) for row in File.objects.filter(thing_uid=change.uid)]
    return record


def population(changes: Iterable[Change]) -> bytes:
    """One line for each change, as auditors draw samples from."""
    return _csv(POPULATION_COLUMNS, (_population(change) for change in changes))


def _population(change: Change) -> dict[str, Any]:
    row = {name: getattr(change, name, "") for name in POPULATION_COLUMNS}
    tags = change.covered.order_by("asset__tag").values_list("asset__tag", flat=True)
    return {
        **row,
        "place": change.location.name,
        "assets": " ".join(tags),
        "requested_by": str(change.requested_by),
    }


def _results(change: Change) -> QuerySet[CheckResult]:
    rows = CheckResult.objects.filter(run__change=change).select_related("run", "asset")
    return rows.order_by("run__number", "position")


def _gate(row: CheckResult) -> dict[str, Any]:
    own = {name: getattr(row, name, "") for name in GATE_COLUMNS}
    return {
        **own,
        "run": row.run.number,
        "phase": row.run.phase,
        "finished_at": row.run.finished_at,
        "check": row.label,
        "asset": row.asset.tag if row.asset else "",
        "reason": row.reason_code,
    }


def _approval(row: Signature) -> dict[str, Any]:
    own = {name: getattr(row, name, "") for name in APPROVAL_COLUMNS}
    return {**own, "person": row.printed_name, "methods": "+".join(row.reauthenticated_by)}


def _json(value: Any) -> bytes:
    return json.dumps(plain(value), ensure_ascii=False, indent=2, sort_keys=True).encode()


def _csv(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> bytes:
    """UTF-8 with stable headers; cells that a spreadsheet would take for a formula are made harmless."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    found = plain(value)
    text = "" if found is None else found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
