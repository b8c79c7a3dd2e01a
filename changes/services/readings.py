"""Values that people read off the equipment, for what no protocol reaches."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from assets.models import Asset
from changes.models import ManualReading
from changes.rules.reasons import NO_PERSON, WRONG_STATE
from changes.services.moves import lock
from changes.states import TERMINAL, Phase, State
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Refused
from plantgov.core.scope import require
from plantgov.people.models import Person, User

AHEAD = timedelta(minutes=1)


@dataclass(frozen=True)
class ReadingDetails:
    """What was read: of which asset, which property, for which phase, when, and who looked on."""

    asset: Asset
    key: str
    phase: Phase
    value: Any
    observed_at: datetime
    witness: Person | None = None
    note: str = ""


@transaction.atomic
def enter(
    change_id: int | UUID, details: ReadingDetails, *, by: User, at: datetime | None = None
) -> ManualReading:
    """Enter a value that `by` read; it counts at the next run of the gate, shown as MANUAL with its age."""
    dossier = lock(change_id, at=at or now())
    change = dossier.change
    require(by, "changes.check_change", change)
    if by.person is None:
        raise Refused(NO_PERSON())
    if change.state in TERMINAL:
        label = State(change.state).label
        raise Refused(WRONG_STATE(action=_("Enter a reading"), reference=change.reference, state=str(label)))
    _check(details, by.person, dossier.assets, at=dossier.at)
    row = ManualReading(
        change=change,
        asset=details.asset,
        key=details.key,
        phase=details.phase,
        value=details.value,
        observer=by.person,
        witness=details.witness,
        note=details.note,
        observed_at=details.observed_at,
        recorded_by=by,
    )
    return write(row, by=by, action="changes.reading.entered", at=dossier.at, thing=change)


def _check(details: ReadingDetails, observer: Person, assets: list[Asset], *, at: datetime) -> None:
    errors = {}
    if details.asset not in assets:
        errors["asset"] = [_("The change does not cover this asset.")]
    if details.observed_at > at + AHEAD:
        errors["observed_at"] = [_("This lies ahead. Enter when the value was read.")]
    if details.witness == observer:
        errors["witness"] = [_("The witness has to be somebody else than the one who read the value.")]
    if errors:
        raise BadInput(errors)
