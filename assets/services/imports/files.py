"""A file's way in: brought, checked, previewed, applied."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from assets.models import Import
from assets.rules import IMPORT_APPLIED, IMPORT_MOVED, IMPORT_NOT_READY, moment
from assets.services.imports.reading import read_table
from assets.services.imports.sheet import Desk, Importer, lines_of
from assets.services.locations import lock_tree
from assets.states import ImportState
from plantgov.audit.services.entries import record
from plantgov.core import slots
from plantgov.core.errors import BadInput, Moved, Refused
from plantgov.core.scope import require_anywhere
from plantgov.people.models import User

MOST_SHOWN = 2_000  # problems kept in the report; the rest is counted


@dataclass(frozen=True)
class Choices:
    """How a file is to be taken."""

    create_locations: bool = False
    reason: str = ""


def importer_for(kind: str) -> Importer:
    """The importer of a kind of file. Raises BadInput for a kind that nobody offers."""
    found = slots.import_kinds.get(kind)
    if found is None:
        known = ", ".join(item.key for item in slots.import_kinds)
        raise BadInput({"kind": [_("There is no such kind of file. Known: %(known)s.") % {"known": known}]})
    return found.importer


@transaction.atomic
def bring(
    data: bytes, file_name: str, *, kind: str, by: User, at: datetime, choices: Choices | None = None
) -> Import:
    """Read and check a file and keep what it would do. Nothing in the register changes."""
    require_anywhere(by, "assets.import_register")
    choices = choices or Choices()
    desk, _checked = _look(data, importer_for(kind), choices, by=by, at=at)
    return Import.objects.create(
        kind=kind,
        file_name=file_name[-200:] or "import.csv",
        sha256=hashlib.sha256(data).hexdigest(),
        content=data,
        options=asdict(choices),
        state=ImportState.INVALID if desk.has_errors else ImportState.READY,
        report=_report(desk),
        by=by,
        uploaded_at=at,
    )


def _look(data: bytes, importer: Importer, choices: Choices, *, by: User, at: datetime) -> tuple[Desk, Any]:
    desk = Desk(by, at, choices.reason.strip(), choices.create_locations)
    lines = lines_of(read_table(data), importer.columns, desk)
    if any(problem.is_error and problem.row in (None, 1) for problem in desk.problems):
        return desk, None  # without its columns a row says nothing
    return desk, importer.check(lines, desk)


def _report(desk: Desk) -> dict[str, Any]:
    counts = {word: sum(o.what == word for o in desk.outcomes) for word in ("new", "changed", "unchanged")}
    errors = sum(problem.is_error for problem in desk.problems)
    ordered = sorted(desk.problems, key=lambda p: (not p.is_error, p.row or 0, p.column))
    return {
        "summary": {**counts, "errors": errors, "warnings": len(desk.problems) - errors},
        "problems": [problem.as_json() for problem in ordered[:MOST_SHOWN]],
        "rows": [outcome.as_json() for outcome in desk.outcomes],
        "digest": desk.digest(),
    }


def apply(file: Import, *, by: User, at: datetime) -> Import:
    """Write everything that the preview showed, or nothing. Refused when the register moved since."""
    try:
        applied, moved = _apply(file, by=by, at=at)
    except IntegrityError as error:
        raise Moved(IMPORT_MOVED()) from error
    if moved:
        raise Moved(IMPORT_MOVED())
    return applied


@transaction.atomic
def _apply(file: Import, *, by: User, at: datetime) -> tuple[Import, bool]:
    require_anywhere(by, "assets.import_register")
    lock_tree()
    row = Import.objects.visible_to(by).select_for_update().get(pk=file.pk)
    if row.state == ImportState.APPLIED and row.applied_at:
        raise Refused(IMPORT_APPLIED(at=moment(row.applied_at)))
    if row.state != ImportState.READY:
        raise Refused(IMPORT_NOT_READY())
    importer = importer_for(row.kind)
    desk, checked = _look(bytes(row.content), importer, Choices(**row.options), by=by, at=at)
    if desk.has_errors or desk.digest() != row.report["digest"]:
        row.report = _report(desk)
        row.state = ImportState.INVALID if desk.has_errors else ImportState.READY
        row.save(update_fields=["report", "state"])
        return row, True
    importer.write(checked, desk)
    row.state, row.applied_at = ImportState.APPLIED, at
    row.save(update_fields=["state", "applied_at"])
    facts = {"kind": row.kind, "sha256": row.sha256, **row.report["summary"]}
    record(row, by=by, action="assets.import.applied", facts=facts, reason=desk.reason, at=at)
    return row, False
