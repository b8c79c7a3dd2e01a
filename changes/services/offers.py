"""What a person may do with a change now and, where not, why: asked of the rules that the services keep."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assets.models import Asset
from changes.models import CheckRun
from changes.rules.approvals import stage_blockers
from changes.rules.reasons import NOT_IN_ROLE
from changes.rules.transitions import Standing, permission_blockers, person_blockers
from changes.rules.work import hold_blockers, step_blockers
from changes.selectors.facts import Dossier
from changes.services.assessment import completeness_blockers
from changes.services.signatures import Gate, gate_of
from changes.services.work import clearance_blockers, start_blockers
from changes.states import Phase, State, Transition, from_state
from plantgov.core.verdict import Reason

_PHASES = {
    State.DRAFT: Phase.APPROVE,
    State.ASSESSMENT: Phase.APPROVE,
    State.APPROVAL: Phase.APPROVE,
    State.SCHEDULED: Phase.START,
    State.IMPLEMENTING: Phase.START,
    State.ON_HOLD: Phase.RESUME,
    State.BACKING_OUT: Phase.BACK_OUT,
}


def phase_of(dossier: Dossier) -> Phase:
    """The phase whose gate counts now; of a change that is over, the one it ended with."""
    state = State(dossier.change.state)
    if state in (State.VERIFICATION, State.CLOSED):
        return dossier.verify_phase
    return _PHASES.get(state, Phase.APPROVE)


@dataclass(frozen=True)
class Offer:
    """A transition that somebody has the right to take, and what blocks it now."""

    row: Transition
    blockers: list[Reason]


@dataclass
class Desk:
    """One change as one person finds it: the gate that counts now, and the ways that are offered."""

    dossier: Dossier
    user: Any

    @cached_property
    def phase(self) -> Phase:
        """The phase whose gate counts now."""
        return phase_of(self.dossier)

    @cached_property
    def gate(self) -> Gate:
        """That gate."""
        return gate_of(self.dossier, self.phase, at=self.dossier.at)

    @property
    def run(self) -> CheckRun | None:
        """Its newest finished or lost run."""
        return self.gate.run

    @cached_property
    def visible_assets(self) -> set[int]:
        """The ids of those of its assets that this person may see."""
        ids = [row.asset_id for row in self.dossier.covered]
        return set(Asset.objects.visible_to(self.user).filter(pk__in=ids).values_list("pk", flat=True))

    @property
    def sees_all(self) -> bool:
        """Whether this person may see everything that the change covers, and so everything that it says."""
        return len(self.visible_assets) == len(self.dossier.covered)

    @cached_property
    def standing(self) -> Standing:
        """Who the user is to the change."""
        return self.dossier.standing(self.user)

    @cached_property
    def offers(self) -> list[Offer]:
        """Every way out of the present state that this person has the right to take."""
        if self.standing.person_id is None:
            return []
        rows = [
            row
            for row in from_state(self.dossier.change.state)
            if not permission_blockers(row, self.standing)
        ]
        found = [Offer(row, person_blockers(row, self.standing)) for row in rows]
        mine = [one for one in found if not any(reason.code == NOT_IN_ROLE.code for reason in one.blockers)]
        return [Offer(one.row, one.blockers + self.blockers(one.row)) for one in mine]

    def blockers(self, row: Transition) -> list[Reason]:
        """What keeps a way shut whoever takes it: approvals, window, holds, steps, gate."""
        found = self._before_gate(row.name)
        if row.gate is not None and self.gate.is_enforced:
            found = found + self.gate.blockers
        return found

    def _before_gate(self, name: str) -> list[Reason]:
        dossier = self.dossier
        match name:
            case "submit" | "assess":
                return completeness_blockers(dossier)
            case "approve" | "reject":
                return self._stage_blockers()
            case "release":
                return clearance_blockers(dossier)
            case "start":
                return start_blockers(dossier)
            case "resume":
                return hold_blockers(dossier.holds)
            case "complete":
                return step_blockers(dossier.steps)
            case _:
                return []

    def _stage_blockers(self) -> list[Reason]:
        person_id = self.standing.person_id
        if person_id is None:
            return []
        dossier, held = self.dossier, self.standing.held
        return stage_blockers(dossier.asked, dossier.decisions, person_id=person_id, held=held)
