"""The life of a change as data: its states, who may move it, what is signed and which gate must be open."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """Where a change stands."""

    DRAFT = "draft", _("Draft")
    ASSESSMENT = "assessment", _("In assessment")
    APPROVAL = "approval", _("Awaiting approval")
    SCHEDULED = "scheduled", _("Scheduled")
    IMPLEMENTING = "implementing", _("Implementing")
    ON_HOLD = "on_hold", _("On hold")
    BACKING_OUT = "backing_out", _("Backing out")
    VERIFICATION = "verification", _("In verification")
    CLOSED = "closed", _("Closed")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


TERMINAL = frozenset({State.CLOSED, State.REJECTED, State.CANCELLED, State.EXPIRED})
WORK_BEGUN = frozenset({State.IMPLEMENTING, State.ON_HOLD, State.BACKING_OUT, State.VERIFICATION})
UNDER_APPROVAL = frozenset({State.ASSESSMENT, State.APPROVAL, State.SCHEDULED})


class Outcome(TextChoices):
    """How a closed change ended."""

    OPEN = "", _("Open")
    SUCCESS = "success", _("As planned")
    ROLLED_BACK = "rolled_back", _("Rolled back to as-found")
    NONCONFORMING = "nonconforming", _("Nonconforming, deviation accepted")


class Phase(TextChoices):
    """The moments at which the plant is asked whether the change may go on."""

    APPROVE = "approve", _("Approval")
    START = "start", _("Start of work")
    RESUME = "resume", _("Resuming work")
    VERIFY = "verify", _("Verification")
    BACK_OUT = "back_out", _("Proof of the rollback")


class Role(StrEnum):
    """What a person can be to a change. Four eyes are counted over these."""

    REQUESTER = "requester"
    EDITOR = "editor"
    ASSESSOR = "assessor"
    APPROVER = "approver"
    RELEASER = "releaser"
    IMPLEMENTER = "implementer"
    VERIFIER = "verifier"
    DEVIATION = "deviation"


ROLE_LABELS = {
    Role.REQUESTER: _("requester"),
    Role.EDITOR: _("material editor"),
    Role.ASSESSOR: _("assessor"),
    Role.APPROVER: _("approver"),
    Role.RELEASER: _("releaser"),
    Role.IMPLEMENTER: _("implementer"),
    Role.VERIFIER: _("verifier"),
    Role.DEVIATION: _("signer of a deviation"),
}

# Beside Django's own view, add and change. Roles that carry them stand in access/roles.py.
PERMISSIONS: list[tuple[str, str | Promise]] = [
    ("assess_change", "Assess a change and its risk"),
    ("check_change", "Run the gate of a change"),
    ("approve_change", "Approve or reject a change"),
    ("countersign_change", "Approve a change as the second approver"),
    ("release_change", "Release equipment for the work of a change"),
    ("implement_change", "Carry out a change"),
    ("hold_change", "Stop the work of a change"),
    ("verify_change", "Verify and close a change"),
    ("deviate_change", "Close a change as nonconforming with a signed deviation"),
    ("cancel_change", "Cancel a change that somebody else requested"),
]


@dataclass(frozen=True)
class Who:
    """One kind of person who may do something: holds the permission and, if given, stands in that role."""

    permission: str
    role: Role | None = None


@dataclass(frozen=True)
class Transition:
    """One way from one state to another.

    Any of `who` suffices; nobody in it means that only the house itself does this. `acts_as` is the role in
    which the actor then counts for four eyes, `meaning` what the signature means ("" = not signed), `gate` the
    phase whose gate must be open and fresh.
    """

    name: str
    label: str | Promise
    sources: tuple[State, ...]
    target: State
    who: tuple[Who, ...] = ()
    acts_as: Role | None = None
    meaning: str = ""
    gate: Phase | None = None
    needs_reason: bool = False

    @property
    def is_automatic(self) -> bool:
        """Whether only the house itself does this."""
        return not self.who


S, W, R = State, Who, Role
_APPROVERS = (W("changes.approve_change"), W("changes.countersign_change"))
_WORKERS = (W("changes.implement_change", R.IMPLEMENTER), W("changes.release_change"))

TRANSITIONS: dict[str, Transition] = {
    row.name: row
    for row in (
        Transition("submit", _("Submit"), (S.DRAFT,), S.ASSESSMENT, (W("changes.add_change", R.REQUESTER),)),
        Transition(
            "return",
            _("Return to the requester"),
            (S.ASSESSMENT,),
            S.DRAFT,
            (W("changes.assess_change"),),
            needs_reason=True,
        ),
        Transition(
            "assess",
            _("Finish the assessment"),
            (S.ASSESSMENT,),
            S.APPROVAL,
            (W("changes.assess_change"),),
            acts_as=R.ASSESSOR,
        ),
        Transition(
            "approve",
            _("Approve"),
            (S.APPROVAL,),
            S.APPROVAL,
            _APPROVERS,
            acts_as=R.APPROVER,
            meaning="approved",
            gate=Phase.APPROVE,
        ),
        Transition("schedule", _("Schedule"), (S.APPROVAL,), S.SCHEDULED),
        Transition(
            "reject",
            _("Reject"),
            (S.APPROVAL,),
            S.REJECTED,
            _APPROVERS,
            acts_as=R.APPROVER,
            meaning="rejected",
            needs_reason=True,
        ),
        Transition(
            "rework",
            _("Take back for rework"),
            (S.APPROVAL, S.SCHEDULED),
            S.DRAFT,
            (W("changes.view_change", R.REQUESTER), W("changes.assess_change"), *_APPROVERS),
            needs_reason=True,
        ),
        Transition("amend", _("Edited: assess again"), (S.APPROVAL, S.SCHEDULED), S.ASSESSMENT),
        Transition(
            "withdraw",
            _("Withdraw the approval"),
            (S.APPROVAL, S.SCHEDULED),
            S.APPROVAL,
            (W("changes.view_change", R.APPROVER),),
            meaning="revoked",
            needs_reason=True,
        ),
        Transition(
            "cancel",
            _("Cancel"),
            (S.DRAFT, S.ASSESSMENT, S.APPROVAL, S.SCHEDULED),
            S.CANCELLED,
            (W("changes.view_change", R.REQUESTER), W("changes.cancel_change")),
            needs_reason=True,
        ),
        Transition("expire", _("Expired"), (S.ASSESSMENT, S.APPROVAL, S.SCHEDULED), S.EXPIRED),
        Transition(
            "release",
            _("Release the equipment"),
            (S.SCHEDULED,),
            S.SCHEDULED,
            (W("changes.release_change"),),
            acts_as=R.RELEASER,
            meaning="released",
            gate=Phase.START,
        ),
        Transition(
            "start",
            _("Start the work"),
            (S.SCHEDULED,),
            S.IMPLEMENTING,
            (W("changes.implement_change", R.IMPLEMENTER),),
            acts_as=R.IMPLEMENTER,
            gate=Phase.START,
        ),
        Transition(
            "hold",
            _("Stop the work"),
            (S.IMPLEMENTING, S.BACKING_OUT),
            S.ON_HOLD,
            (W("changes.hold_change"), *_WORKERS),
            needs_reason=True,
        ),
        Transition(
            "resume",
            _("Resume the work"),
            (S.ON_HOLD,),
            S.IMPLEMENTING,
            (W("changes.release_change"),),
            acts_as=R.RELEASER,
            meaning="released",
            gate=Phase.RESUME,
        ),
        Transition(
            "complete",
            _("Work is done"),
            (S.IMPLEMENTING,),
            S.VERIFICATION,
            (W("changes.implement_change", R.IMPLEMENTER),),
            acts_as=R.IMPLEMENTER,
            meaning="implemented",
        ),
        Transition(
            "back_out",
            _("Back out"),
            (S.IMPLEMENTING, S.ON_HOLD, S.VERIFICATION),
            S.BACKING_OUT,
            _WORKERS,
            needs_reason=True,
        ),
        Transition(
            "backed_out",
            _("Rollback is done"),
            (S.BACKING_OUT,),
            S.VERIFICATION,
            (W("changes.implement_change", R.IMPLEMENTER),),
            acts_as=R.IMPLEMENTER,
            meaning="implemented",
            gate=Phase.BACK_OUT,
        ),
        Transition(
            "fail",
            _("Verification failed"),
            (S.VERIFICATION,),
            S.ON_HOLD,
            (W("changes.verify_change"),),
            needs_reason=True,
        ),
        Transition(
            "close",
            _("Verify and close"),
            (S.VERIFICATION,),
            S.CLOSED,
            (W("changes.verify_change"),),
            acts_as=R.VERIFIER,
            meaning="verified",
            gate=Phase.VERIFY,
        ),
        Transition(
            "deviate",
            _("Close as nonconforming"),
            (S.BACKING_OUT, S.VERIFICATION),
            S.CLOSED,
            (W("changes.deviate_change"),),
            acts_as=R.DEVIATION,
            meaning="overrode",
            needs_reason=True,
        ),
    )
}


def from_state(state: str) -> list[Transition]:
    """The ways out of `state`, in the order of the table."""
    return [row for row in TRANSITIONS.values() if state in row.sources]


def reference() -> str:
    """The table and its diagram as the page docs/reference/states.md."""
    lines = ["# States of a change", "", "```mermaid", "stateDiagram-v2", "    [*] --> draft"]
    for row in TRANSITIONS.values():
        lines += [f"    {source} --> {row.target}: {row.name}" for source in row.sources]
    lines += [f"    {state} --> [*]" for state in State if state in TERMINAL]
    lines += ["```", "", "| transition | from | to | who | counts as | signed | gate | reason |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    lines += [_row(row) for row in TRANSITIONS.values()]
    return "\n".join([*lines, "", *_permissions(), ""])


def _row(row: Transition) -> str:
    who = "; ".join(f"`{w.permission}`" + (f" as {w.role}" if w.role else "") for w in row.who) or "the house"
    cells = (
        f"**{row.name}** – {row.label}",
        ", ".join(row.sources),
        row.target,
        who,
        row.acts_as or "",
        row.meaning,
        row.gate or "",
        "needed" if row.needs_reason else "",
    )
    return f"| {' | '.join(cells)} |"


def _permissions() -> list[str]:
    rows = [f"| `changes.{code}` | {sentence} |" for code, sentence in PERMISSIONS]
    return ["## Permissions", "", "| permission | allows to |", "|---|---|", *rows]
