"""Making evidence bundles: asked for in the portal, built by a worker, kept by their digest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from changes.models import Change
from evidence import selectors
from evidence.models import Export
from plantgov.audit.services import bundles
from plantgov.audit.services.entries import record, write
from plantgov.core.clock import now
from plantgov.core.errors import BadInput
from plantgov.core.scope import require, require_anywhere
from plantgov.people.models import User
from plantgov.workspace.models import Job
from plantgov.workspace.services import files, jobs

JOB = "evidence.export"


@transaction.atomic
def request(references: Sequence[str], *, purpose: str, by: User, at: datetime) -> Export:
    """Ask for the evidence of changes; each has to be in the view of who asks."""
    require_anywhere(by, "evidence.add_export")
    changes = list(selectors.changes_in(by, references)) if references else []
    missing = sorted(set(references) - {change.reference for change in changes})
    errors: dict[str, list[str]] = {}
    if not changes or missing:
        named = ", ".join(missing) or "–"
        errors["references"] = [_("You know no such change: %(named)s.") % {"named": named}]
    if not purpose.strip():
        errors["purpose"] = [_("Say what it is for; the purpose stands in the bundle and in the ledger.")]
    if errors:
        raise BadInput(errors)
    row = Export(
        title=_("Evidence of %s") % ", ".join(change.reference for change in changes[:5]),
        purpose=purpose.strip(),
        references=[change.reference for change in changes],
        requested_by=by,
        requested_at=at,
        location_ids=sorted({pk for change in changes for pk in change.scope_location_ids()}),
    )
    require(by, "evidence.add_export", row)
    write(row, by=by, action="evidence.export.requested", reason=purpose, at=at)
    for change in changes:
        record(
            change,
            by=by,
            action="changes.change.exported",
            facts={"export": str(row.uid)},
            reason=purpose,
            at=at,
        )
    row.job = jobs.submit(JOB, {"export": str(row.uid)}, by=by)
    return write(row, by=by, action="evidence.export.queued", at=at)


def run(job: Job) -> dict[str, Any]:
    """Build the bundle of an export; what goes wrong is written on the export too."""
    export = Export.objects.select_related("requested_by").get(uid=job.arguments["export"])
    try:
        content = build(
            export.requested_by, export.references, purpose=export.purpose, at=export.requested_at
        )
    except Exception as error:
        _fail(export, f"{type(error).__name__}: {error}", by=job.by)
        raise
    sha256, size = files.store([content])
    return _ready(export, sha256, size, by=job.by)


@transaction.atomic
def _ready(export: Export, sha256: str, size: int, *, by: User) -> dict[str, Any]:
    row = Export.objects.select_for_update(of=("self",)).get(pk=export.pk)
    if row.state != Export.State.READY:
        row.state, row.sha256, row.size, row.ready_at, row.error = Export.State.READY, sha256, size, now(), ""
        write(row, by=by, action="evidence.export.made")
    return {"sha256": sha256, "size": size}


@transaction.atomic
def _fail(export: Export, error: str, *, by: User) -> None:
    row = Export.objects.select_for_update(of=("self",)).get(pk=export.pk)
    row.state, row.error = Export.State.FAILED, error[:1000]
    write(row, by=by, action="evidence.export.failed")


def build(user: User, references: Sequence[str], *, purpose: str, at: datetime) -> bytes:
    """The bundle of changes as a ZIP that verifies offline. Seals first, so it must not run in a transaction."""
    changes = list(selectors.changes_in(user, references))
    content: dict[str, bytes] = {"population/changes.csv": selectors.population(changes)}
    for change in changes:
        content |= selectors.files_of(change)
        content |= _attachments(change)
    facts = {
        "purpose": purpose,
        "generated_by": str(user),
        "changes": [change.reference for change in changes],
    }
    return bundles.build(files=content, entries=selectors.entries_of(changes), facts=facts, at=at)


def _attachments(change: Change) -> dict[str, bytes]:
    folder = f"changes/{change.reference}/attachments"
    rows = selectors.File.objects.filter(thing_uid=change.uid)
    found = {f"{folder}/{row.sha256[:12]}-{row.name}": files.path_of(row.sha256) for row in rows}
    return {name: path.read_bytes() for name, path in found.items() if path.exists()}
