"""Making evidence bundles: asked for in the portal, built by a worker, kept by their digest."""

import io
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from changes.models import Change
from evidence import selectors
from evidence.models import Export
from plantgov.audit.models import Checkpoint
from plantgov.audit.selectors import horizon_holder, latest_checkpoint
from plantgov.audit.services import bundles, sealing
from plantgov.audit.services.entries import plain, record, write
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Refused
from plantgov.core.scope import require, require_anywhere
from plantgov.people.models import User
from plantgov.workspace.models import Job
from plantgov.workspace.services import files, jobs

JOB = "evidence.export"
SEAL_TIMEOUT_S = 15


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
    checkpoint = _sealed(changes)
    content: dict[str, bytes] = {"population/changes.csv": selectors.population(changes)}
    for change in changes:
        content |= selectors.files_of(change)
        content |= _attachments(change)
    uids = [change.uid for change in changes]
    contents = bundles.Contents(
        entries=bundles.sealed_entries(uids, checkpoint),
        files=content,
        facts={
            "purpose": purpose,
            "generated_by": str(user),
            "generated_at": plain(at),
            "changes": [change.reference for change in changes],
        },
        complete=uids,
    )
    target = io.BytesIO()
    bundles.write_bundle(target, contents, checkpoint=checkpoint)
    return target.getvalue()


def _sealed(changes: Sequence[Change]) -> Checkpoint:
    """A checkpoint under which everything about the changes is sealed; waits for the sealer a little."""
    until = time.monotonic() + SEAL_TIMEOUT_S
    while True:
        sealing.seal(at=now())
        open_entries = selectors.entries_of(changes).filter(leaf=None)
        checkpoint = None if open_entries.exists() else latest_checkpoint()
        if checkpoint:
            return checkpoint
        if time.monotonic() > until:
            raise Refused(bundles.NOT_SEALED(count=open_entries.count(), holder=horizon_holder() or "–"))
        time.sleep(0.3)


def _attachments(change: Change) -> dict[str, bytes]:
    folder = f"changes/{change.reference}/attachments"
    rows = selectors.File.objects.filter(thing_uid=change.uid)
    found = {f"{folder}/{row.sha256[:12]}-{row.name}": files.path_of(row.sha256) for row in rows}
    return {name: path.read_bytes() for name, path in found.items() if path.exists()}
