"""The work itself: release, start, stop, resume, steps, done, back out."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from changes.models import Change, Release, Snapshot, Step
from changes.rules.approvals import approval_blockers
from changes.rules.policies import strictest
from changes.rules.reasons import NOT_IN_ROLE, WRONG_STATE
from changes.rules.work import hold_blockers, inside_window_blockers, release_blockers, step_blockers
from changes.selectors.facts import Dossier
from changes.services import gates, plant
from changes.services.moves import Act, begin, lock, move
from changes.services.signatures import Gate, Signing, compare, gate_of, signed
from changes.states import ROLE_LABELS, Phase, Role, State
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.core.errors import Refused, refuse_if
from plantgov.core.scope import may, require
from plantgov.core.verdict import Reason
from plantgov.people.models import User

RELEASE_VALID_S = 1800


@transaction.atomic
def release(
    change_id: int | UUID, *, by: User, signing: Signing, comment: str = "", at: datetime | None = None
) -> Release:
    """Release the equipment for the work: signed, inside the window, on an open start gate."""
    act = begin("release", change_id, by=by, at=at or now())
    refuse_if(clearance_blockers(act.dossier))
    gate = gate_of(act.dossier, Phase.START, at=act.at)
    compare(act, gate, signing)
    gate.demand()
    row = _released(act, signing, gate, comment)
    move(act)
    return row


def _released(act: Act, signing: Signing, gate: Gate, comment: str) -> Release:
    assert act.by.person is not None  # noqa: S101 - begin() refused accounts without a person
    valid_s = strictest(act.dossier.bodies, "release_valid_s", RELEASE_VALID_S)
    row = Release(
        change=act.change,
        person=act.by.person,
        signature=signed(act, signing, gate=gate, about=comment),
        check_run=gate.run,
        content_digest=act.change.content_digest,
        released_at=act.at,
        valid_until=act.at + timedelta(seconds=valid_s),
    )
    return write(
        row, by=act.by, action="changes.release.given", at=act.at, thing=act.change, authority=act.authority
    )


def clearance_blockers(dossier: Dossier) -> list[Reason]:
    """What has to hold before work may begin, gate and release aside: approvals, window, holds."""
    found = approval_blockers(dossier.asked) + inside_window_blockers(dossier.change, at=dossier.at)
    return found + hold_blockers(dossier.holds)


@transaction.atomic
def start(change_id: int | UUID, *, by: User, at: datetime | None = None) -> Change:
    """Start the work on a fresh and open start gate: as-found is kept, access and authorisation are given."""
    act = begin("start", change_id, by=by, at=at or now())
    dossier, change = act.dossier, act.change
    refuse_if(start_blockers(dossier))
    gate = gate_of(dossier, Phase.START, at=act.at)
    gate.demand()
    _use_up(dossier, by=by)
    plant.snapshot(dossier, Snapshot.Kind.AS_FOUND, gate.run, by=by)
    plant.open_work(dossier, by=by)
    change.started_at = act.at
    return move(act)


def start_blockers(dossier: Dossier) -> list[Reason]:
    """The same, with the release."""
    return clearance_blockers(dossier) + release_blockers(dossier.release, dossier.change, at=dossier.at)


def _use_up(dossier: Dossier, *, by: User) -> None:
    """A release serves one start."""
    row = dossier.release
    assert row is not None  # noqa: S101 - start_blockers() refused a missing one
    row.used_at = dossier.at
    write(row, by=by, action="changes.release.used", at=dossier.at, thing=dossier.change)


@transaction.atomic
def hold(change_id: int | UUID, *, by: User, reason: str, at: datetime | None = None) -> Change:
    """Stop the work. Stopping is always allowed: no gate, no window, no signature."""
    return move(begin("hold", change_id, by=by, at=at or now(), reason=reason))


@transaction.atomic
def resume(
    change_id: int | UUID, *, by: User, signing: Signing, comment: str = "", at: datetime | None = None
) -> Change:
    """Let the work go on: signed by who releases equipment, on a fresh and open gate."""
    act = begin("resume", change_id, by=by, at=at or now(), reason=comment)
    refuse_if(hold_blockers(act.dossier.holds))
    gate = gate_of(act.dossier, Phase.RESUME, at=act.at)
    compare(act, gate, signing)
    gate.demand()
    row = _released(act, signing, gate, "")
    row.used_at = act.at
    write(row, by=by, action="changes.release.used", at=act.at, thing=act.change)
    act.change.is_backed_out = False
    return move(act)


@transaction.atomic
def note_step(
    change_id: int | UUID, number: int, *, by: User, state: str, note: str = "", at: datetime | None = None
) -> Step:
    """Note that a step is done, or skipped with a reason; only while the work is on."""
    dossier = lock(change_id, at=at or now())
    change, standing = dossier.change, dossier.standing(by)
    require(by, "changes.implement_change", change)
    if change.state not in (State.IMPLEMENTING, State.BACKING_OUT):
        raise Refused(
            WRONG_STATE(action="Step", reference=change.reference, state=str(State(change.state).label))
        )
    if not standing.stands_as(Role.IMPLEMENTER):
        raise Refused(NOT_IN_ROLE(action="Step", roles=str(ROLE_LABELS[Role.IMPLEMENTER])))
    step = change.steps.get(number=number)
    done = state != Step.State.OPEN
    step.state, step.note = state, note
    step.done_by, step.done_at = (by.person, dossier.at) if done else (None, None)
    return write(step, by=by, action=f"changes.step.{state}", reason=note, at=dossier.at, thing=change)


@transaction.atomic
def complete(
    change_id: int | UUID, *, by: User, signing: Signing, comment: str = "", at: datetime | None = None
) -> Change:
    """The work is done: signed by who did it. The verification's gate starts reading at once."""
    act = begin("complete", change_id, by=by, at=at or now(), reason=comment)
    compare(act, None, signing)
    refuse_if(step_blockers(act.dossier.steps))
    signed(act, signing)
    act.change.completed_at = act.at
    move(act)
    _read_for_verification(act)
    return act.change


def _read_for_verification(act: Act) -> None:
    """Ask for the gate that the verifier will look at, if the one who finished may."""
    if may(act.by, "changes.check_change", act.change):
        fresh = Dossier(act.change, act.at)
        gates.request_run(act.change.pk, fresh.verify_phase, by=act.by, at=act.at)


@transaction.atomic
def back_out(change_id: int | UUID, *, by: User, reason: str, at: datetime | None = None) -> Change:
    """Give up the planned state and go back to as-found. Always allowed to who works or releases."""
    return move(begin("back_out", change_id, by=by, at=at or now(), reason=reason))


@transaction.atomic
def backed_out(change_id: int | UUID, *, by: User, signing: Signing, at: datetime | None = None) -> Change:
    """The rollback is done: as-found is proved by the content fingerprint of the program."""
    act = begin("backed_out", change_id, by=by, at=at or now())
    gate = gate_of(act.dossier, Phase.BACK_OUT, at=act.at)
    compare(act, gate, signing)
    gate.demand()
    signed(act, signing, gate=gate)
    act.change.is_backed_out = True
    act.change.completed_at = act.at
    return move(replace(act, dossier=Dossier(act.change, act.at)))
