"""Moving a change along the table: the lock, the question who may, and the only place that assigns a state."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from changes.models import Change
from changes.rules.transitions import (
    Standing,
    permission_blockers,
    person_blockers,
    reason_blockers,
    state_blockers,
)
from changes.selectors.facts import Dossier
from changes.services import notices
from changes.states import TRANSITIONS, State
from plantgov.audit.services.entries import Authority, write
from plantgov.core.errors import Forbidden, Hidden, refuse_if
from plantgov.core.scope import can_see
from plantgov.people.models import User


@dataclass(frozen=True)
class Act:
    """A transition that has begun: the locked change, everything around it, and who acts by what right."""

    name: str
    by: User
    at: datetime
    dossier: Dossier
    standing: Standing
    reason: str = ""

    @property
    def change(self) -> Change:
        """The locked change."""
        return self.dossier.change

    @property
    def authority(self) -> Authority:
        """By what right, for the ledger and the signature."""
        row = TRANSITIONS[self.name]
        permission = next((w.permission for w in row.who if w.permission in self.standing.held), "")
        return Authority(role=str(row.acts_as or ""), rule=f"{permission} · {self.name}")


def lock(change_id: int | UUID, *, at: datetime) -> Dossier:
    """The change, locked until the end of the transaction, with nothing read around it yet."""
    if not connection.in_atomic_block:
        raise RuntimeError("A change is locked inside a transaction only.")
    key = {"uid": change_id} if isinstance(change_id, UUID) else {"pk": change_id}
    change = Change.objects.select_for_update(of=("self",)).select_related("location").filter(**key).first()
    if change is None:
        raise Hidden
    return Dossier(change, at)


def begin(name: str, change_id: int | UUID, *, by: User, at: datetime, reason: str = "") -> Act:
    """Lock a change and ask whether `by` may move it along `name`; raises the refusal if not.

    Hidden from the reader → `Hidden`; without the permission → `Forbidden`; everything else → `Refused`.
    """
    row = TRANSITIONS[name]
    dossier = lock(change_id, at=at)
    if not can_see(by, dossier.change):
        raise Hidden
    standing = dossier.standing(by)
    if missing := permission_blockers(row, standing):
        raise Forbidden(missing)
    refuse_if(state_blockers(row, state=dossier.change.state, reference=dossier.change.reference))
    refuse_if(person_blockers(row, standing) + reason_blockers(row, reason))
    return Act(name, by, at, dossier, standing, reason)


def automatic(name: str, dossier: Dossier, *, by: User, reason: str = "") -> Act:
    """The same for what the house does itself: only the state is asked for."""
    change = dossier.change
    refuse_if(state_blockers(TRANSITIONS[name], state=change.state, reference=change.reference))
    return Act(name, by, dossier.at, dossier, Standing(None, str(by), frozenset()), reason)


def move(act: Act) -> Change:
    """Assign the new state, write the entry, tell the world and those for whom something waits now."""
    change, target = act.change, TRANSITIONS[act.name].target
    if change.state != target:
        change.state = target
        change.ended_at = (
            act.at if target in (State.CLOSED, State.REJECTED, State.CANCELLED, State.EXPIRED) else None
        )
    write(
        change,
        by=act.by,
        action=f"changes.change.{act.name}",
        reason=act.reason,
        at=act.at,
        authority=act.authority,
    )
    notices.moved(act.name, change, by=act.by, at=act.at, reason=act.reason)
    return change
