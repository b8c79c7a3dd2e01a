"""Approving and rejecting: one signed decision per person, under the lock of the change."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from changes.models import Approval, Change
from changes.rules.approvals import Asked, is_complete, meets, stage_blockers
from changes.selectors.facts import Dossier
from changes.services import supersede
from changes.services.moves import Act, begin, move
from changes.services.scheduling import approvals_until, schedule_if_free
from changes.services.signatures import Gate, Signing, compare, gate_of, signed
from changes.states import Phase
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.core.errors import refuse_if
from plantgov.people.models import Person, User


@transaction.atomic
def approve(
    change_id: int | UUID, *, by: User, signing: Signing, comment: str = "", at: datetime | None = None
) -> Change:
    """Approve the open stage. The last approval of the last stage schedules the change if its window is free.

    Raises `Moved` when content or gate are not those that were shown, `Refused` for everything that blocks.
    """
    act = begin("approve", change_id, by=by, at=at or now())
    asked = _your_stage(act)
    gate = gate_of(act.dossier, Phase.APPROVE, at=act.at)
    compare(act, gate, signing)
    gate.demand()
    _decide(act, asked, signing, gate=gate, decision=Approval.Decision.APPROVED, comment=comment)
    return _after_approval(act)


def _your_stage(act: Act) -> Asked:
    person = _person(act.by)
    dossier = act.dossier
    refuse_if(stage_blockers(dossier.asked, dossier.decisions, person_id=person.pk, held=act.standing.held))
    asked = meets(dossier.asked, act.standing.held)
    assert asked is not None  # noqa: S101 - the line above refused everything else
    return asked


def _person(user: User) -> Person:
    assert user.person is not None  # noqa: S101 - begin() refused accounts without a person
    return user.person


def _decide(
    act: Act, asked: Asked, signing: Signing, *, gate: Gate | None, decision: str, comment: str
) -> Approval:
    about = f"{asked.stage_name}. {comment}" if comment else f"{asked.stage_name}."
    row = Approval(
        change=act.change,
        requirement_id=asked.id,
        decision=decision,
        person=_person(act.by),
        signature=signed(act, signing, gate=gate, about=about),
        check_run=gate.run if gate else None,
        comment=comment or act.reason,
        decided_at=act.at,
    )
    authority = replace(act.authority, rule=f"{asked.permission} · {asked.stage_name}")
    action = f"changes.approval.{decision}"
    return write(row, by=act.by, action=action, at=act.at, thing=act.change, authority=authority)


def _after_approval(act: Act) -> Change:
    fresh, change = Dossier(act.change, act.at), act.change
    if is_complete(fresh.asked):
        change.approved_at = act.at
        change.approvals_until = approvals_until(fresh)
    move(replace(act, dossier=fresh))
    schedule_if_free(fresh, by=act.by)
    return change


@transaction.atomic
def reject(
    change_id: int | UUID, *, by: User, signing: Signing, reason: str, at: datetime | None = None
) -> Change:
    """Reject a change for good: a follow-up is a new one. Needs no gate."""
    act = begin("reject", change_id, by=by, at=at or now(), reason=reason)
    asked = _your_stage(act)
    compare(act, None, signing)
    _decide(act, asked, signing, gate=None, decision=Approval.Decision.REJECTED, comment="")
    return move(act)


@transaction.atomic
def withdraw(
    change_id: int | UUID, *, by: User, signing: Signing, reason: str, at: datetime | None = None
) -> Change:
    """Take one's own approval back before work begins: a new signed statement, nothing is deleted."""
    act = begin("withdraw", change_id, by=by, at=at or now(), reason=reason)
    compare(act, None, signing)
    own = act.change.approvals.get(person=_person(by), superseded_at=None)
    signed(act, signing)
    supersede.approvals(act.dossier, by=by, reason=reason, only=own)
    return move(replace(act, dossier=Dossier(act.change, act.at)))
