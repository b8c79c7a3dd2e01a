"""What you see is what you sign: the basis shown is compared under the lock, then the gate is asked."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from changes.models import CheckRun
from changes.rules import gates
from changes.rules.reasons import CONTENT_MOVED, GATE_MOVED
from changes.selectors.facts import Dossier, facts_of
from changes.selectors.specs import spec_digest, specs_of
from changes.services.moves import Act
from changes.states import TRANSITIONS, Phase
from plantgov.core.errors import Moved, refuse_if
from plantgov.core.verdict import Reason
from plantgov.people.models import Signature
from plantgov.people.services.signing import Reauthentication, Statement, sign


@dataclass(frozen=True)
class Signing:
    """What the signer had on the screen, and the proof of who signs.

    `evidence_digest` is the `results_digest` of the gate's run that was shown; "" if none was.
    """

    content_digest: str
    evidence_digest: str
    reauthentication: Reauthentication


@dataclass(frozen=True)
class Gate:
    """The gate as it stands when something rests on it."""

    run: CheckRun | None
    blockers: list[Reason]
    is_enforced: bool

    def demand(self) -> None:
        """Refuse while the gate is shut; where a place only observes, nothing is refused."""
        if self.is_enforced:
            refuse_if(self.blockers)

    def sentence(self) -> str:
        """How the gate stood, for the sentence that is signed."""
        if self.run is None:
            said = _("the gate was not run")
        elif self.blockers:
            said = _("gate run {number} was shut: {why}").format(
                number=self.run.number, why="; ".join(map(str, self.blockers))
            )
        else:
            said = _("gate run {number} was open").format(number=self.run.number)
        return (
            said
            if self.is_enforced
            else _("{said} (observed only: gates do not block here)").format(said=said)
        )


def gate_of(dossier: Dossier, phase: Phase, *, at: datetime) -> Gate:
    """The newest finished run of a phase and what keeps the gate shut at `at`. No network in it."""
    run = dossier.runs.get(phase)
    facts = facts_of(run) if run else None
    blockers = gates.gate_blockers(
        facts if facts or phase not in dossier.running else facts_of(dossier.running[phase]),
        content_digest=dossier.change.content_digest,
        spec_digest=spec_digest(specs_of(dossier, phase)),
        at=at,
    )
    return Gate(run, blockers, dossier.is_enforced)


def compare(act: Act, gate: Gate | None, signing: Signing) -> None:
    """Raise `Moved` unless content and evidence are those that were on the screen."""
    moved = [] if signing.content_digest == act.change.content_digest else [CONTENT_MOVED()]
    if gate is not None:
        shown = gate.run.results_digest if gate.run else ""
        moved += [] if signing.evidence_digest == shown else [GATE_MOVED()]
    if moved:
        raise Moved(moved)


def signed(act: Act, signing: Signing, *, gate: Gate | None = None, about: str = "") -> Signature:
    """Sign for the transition that has begun, by what it means in the table."""
    row = TRANSITIONS[act.name]
    parts = [f"{row.label}: {act.change}.", about, act.reason]
    if gate is not None:
        parts.append(gate.sentence())
    statement = Statement(
        meaning=row.meaning,
        sentence=" ".join(part.strip() for part in parts if part.strip()),
        content_digest=act.change.content_digest,
        evidence_digest=signing.evidence_digest if gate is not None else "",
        authority=act.authority,
    )
    return sign(act.change, statement, by=act.by, reauthentication=signing.reauthentication, at=act.at)
