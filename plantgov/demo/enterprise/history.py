"""What has happened in the demo enterprise: changes in every state, made by its people through the services."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from changes.models import Change, CheckRun
from changes.services import assessment, closing, decisions, drafts, gates, work
from changes.services.signatures import Signing
from changes.states import Phase
from operations.services import probes
from plantgov.core.clock import now
from plantgov.demo.enterprise.seed import Demo
from plantgov.demo.plant import PlantClient
from plantgov.people.models import User
from plantgov.people.services.signing import reauthenticate

GATE_TIMEOUT_S = 30
CALM = {"likelihood": 2, "consequence": 2}
SERIOUS = {"likelihood": 2, "consequence": 4}
NO_TO_ALL = {"hurts": False, "stops": False, "one_way": False, "first_time": False}


@dataclass(frozen=True)
class Tale:
    """One change of the demo and how far it has come."""

    site: str
    tag: str
    title: str
    description: str
    reach: str
    risk: Mapping[str, object]
    requester: str = "engineer"
    approvers: tuple[str, ...] = ("manager", "approver")
    lead: str = "shift_lead"
    verifier: str = "manager"


TALES = (
    Tale(
        "karlstad",
        "FIL-PLC-01",
        "Shorten the fill valve's closing ramp",
        "The filler overfills by 2 ml at 380 bottles a minute. The ramp of the fill valve goes from 120 to 90 ms.",
        "approval",
        CALM,
    ),
    Tale(
        "karlstad",
        "CAP-PLC-01",
        "Raise the torque limit of capping head 6",
        "Head 6 rejects one cap in two hundred. Torque limit from 1.8 to 1.9 Nm after the new chuck.",
        "draft",
        CALM,
    ),
    Tale(
        "karlstad",
        "PCK-PLC-01",
        "Slow the case erector after a jam",
        "After a jam the erector restarts at full speed and jams again. Ramp up over three cases.",
        "assessment",
        SERIOUS,
    ),
    Tale(
        "karlstad",
        "FIL-PLC-02",
        "Update the recipe table for 0.75 l bottles",
        "The new bottle is 4 mm taller. Recipe 14 gets its own height and fill time.",
        "scheduled",
        CALM,
    ),
    Tale(
        "karlstad",
        "CAP-PLC-02",
        "Replace the program of the cap sorter",
        "Version 2.4 of the sorter's block, tested on the bench with the vendor.",
        "implementing",
        CALM,
    ),
    Tale(
        "karlstad",
        "PCK-PLC-02",
        "Move the reject station's trigger",
        "The reject arm hits the next case. Trigger 40 ms later.",
        "verification",
        CALM,
    ),
    Tale(
        "karlstad",
        "CIP-PLC-01",
        "Lengthen the final rinse by 30 seconds",
        "Conductivity after the rinse was above the limit twice last week.",
        "closed",
        CALM,
    ),
    Tale(
        "odense",
        "BLR-PLC-01",
        "Move the low drum level trip to two out of three",
        "One faulted transmitter must no longer trip the boiler; two out of three decide.",
        "rejected",
        SERIOUS,
        "boiler_engineer",
        ("manager", "approver"),
        "boiler_lead",
        "boiler_lead",
    ),
    Tale(
        "odense",
        "WTP-PLC-01",
        "Backwash on differential pressure instead of time",
        "Saves about eight cubic metres a day. Start at 0.7 bar, at the latest after 24 h.",
        "approval",
        CALM,
        "boiler_engineer",
        ("manager", "approver"),
        "boiler_lead",
        "boiler_lead",
    ),
    Tale(
        "odense",
        "BLR-PLC-02",
        "Tune the feed water controller of boiler 2",
        "Level swings by 40 mm at low load. Gain from 2.2 to 1.6, integral time 45 s.",
        "on_hold",
        CALM,
        "boiler_engineer",
        ("manager", "approver"),
        "boiler_lead",
        "boiler_lead",
    ),
    Tale(
        "venlo",
        "SRT-PLC-01",
        "Give the tray jam detector half a second more",
        "Soft parcels make it trip. From 0.3 to 0.8 s, tested on the night shift.",
        "approval",
        NO_TO_ALL,
        "sorter_tech",
        ("sorter_lead",),
        "sorter_lead",
        "sorter_lead",
    ),
    Tale(
        "venlo",
        "SRT-PLC-02",
        "Second induction belt starts with the first",
        "Both belts start together, so that the merge does not wait.",
        "cancelled",
        NO_TO_ALL,
        "sorter_tech",
        ("sorter_lead",),
        "sorter_lead",
        "sorter_lead",
    ),
)


@dataclass
class _Teller:
    """Plays the people of the demo."""

    demo: Demo
    plant: PlantClient
    password: str

    def user(self, name: str) -> User:
        return self.demo.users[name]

    def gate(self, change: Change, phase: Phase, by: User) -> CheckRun:
        """Run a gate here and now, as the worker would."""
        run = gates.request_run(change.pk, phase, by=by)
        until = time.monotonic() + GATE_TIMEOUT_S
        while run.state == CheckRun.State.DUE and time.monotonic() < until:
            if run.probe_run:
                probes.execute(run.probe_run.uid)
            gates.evaluate(run.uid)
            gates.sweep()
            run.refresh_from_db()
            if run.state == CheckRun.State.DUE:
                time.sleep(0.3)
        return run

    def signing(self, change: Change, by: User, run: CheckRun | None = None) -> Signing:
        change.refresh_from_db()
        proof = reauthenticate(by, password=self.password)
        return Signing(change.content_digest, run.results_digest if run else "", proof)


def tell(
    demo: Demo, plant: PlantClient, *, password: str, say: Callable[[str], None] = lambda text: None
) -> None:
    """Make every tale that is not there yet, as far as it is meant to come."""
    teller = _Teller(demo, plant, password)
    for tale in TALES:
        if not Change.objects.filter(title=tale.title).exists():
            _play(teller, tale)
            say(f"change: {tale.title}")


def _play(teller: _Teller, tale: Tale) -> None:
    change = _raise(teller, tale)
    for reached, act in _ACTS:
        if reached in _PATHS[tale.reach]:
            act(teller, tale, change)
            change.refresh_from_db()


def _raise(teller: _Teller, tale: Tale) -> Change:
    asset = teller.demo.assets[f"{tale.site}/{tale.tag}"]
    at = now()
    later = tale.reach in {"approval", "assessment", "draft", "scheduled", "rejected", "cancelled"}
    start = at + timedelta(days=1) if later else at - timedelta(minutes=5)
    by = teller.user(tale.requester)
    details = drafts.ChangeDetails(
        title=tale.title,
        location=asset.location,
        description=tale.description,
        justification="Asked for by operations; agreed in the weekly meeting.",
        assets=[drafts.AssetPlan(asset)],
        steps=["Tell the operator", "Save the running program", "Make the change", "Watch ten cycles"],
        risk_answers=dict(tale.risk),
        rollback_trigger="Any alarm that was not there before",
        rollback_steps="Load the saved program and start again.",
        rollback_max_min=20,
        rollback_backup=f"{tale.tag} saved before the work",
        window_from=start,
        window_until=start + timedelta(hours=8),
    )
    person = by.person
    return drafts.raise_change(details, by=by, implementers=[person] if person else [])


def _submit(teller: _Teller, tale: Tale, change: Change) -> None:
    assessment.submit(change.pk, by=teller.user(tale.requester))


def _assess(teller: _Teller, tale: Tale, change: Change) -> None:
    assessment.finish(change.pk, by=teller.user(tale.lead), comment="Looked at with the shift.")


def _approve(teller: _Teller, tale: Tale, change: Change) -> None:
    for name in tale.approvers:
        by = teller.user(name)
        run = teller.gate(change, Phase.APPROVE, by)
        decisions.approve(change.pk, by=by, signing=teller.signing(change, by, run))


def _reject(teller: _Teller, tale: Tale, change: Change) -> None:
    by = teller.user(tale.approvers[0])
    decisions.reject(
        change.pk,
        by=by,
        signing=teller.signing(change, by),
        reason="No test record of the new voting. Come back with one.",
    )


def _start(teller: _Teller, tale: Tale, change: Change) -> None:
    teller.plant.turn_key(tale.tag, "REM")
    lead, worker = teller.user(tale.lead), teller.user(tale.requester)
    run = teller.gate(change, Phase.START, lead)
    work.release(change.pk, by=lead, signing=teller.signing(change, lead, run))
    work.start(change.pk, by=worker)


def _hold(teller: _Teller, tale: Tale, change: Change) -> None:
    work.hold(change.pk, by=teller.user(tale.lead), reason="Steam demand is too high; go on tonight.")


def _complete(teller: _Teller, tale: Tale, change: Change) -> None:
    by = teller.user(tale.requester)
    for step in change.steps.all():
        work.note_step(change.pk, step.number, by=by, state="done")
    work.complete(change.pk, by=by, signing=teller.signing(change, by))


def _close(teller: _Teller, tale: Tale, change: Change) -> None:
    teller.plant.turn_key(tale.tag, "RUN")
    by = teller.user(tale.verifier)
    run = teller.gate(change, Phase.VERIFY, by)
    closing.close(change.pk, by=by, signing=teller.signing(change, by, run))


def _cancel(teller: _Teller, tale: Tale, change: Change) -> None:
    assessment.cancel(
        change.pk, by=teller.user(tale.requester), reason="The belt is replaced next month anyway."
    )


_ACTS: Sequence[tuple[str, Callable[[_Teller, Tale, Change], None]]] = (
    ("submit", _submit),
    ("assess", _assess),
    ("reject", _reject),
    ("cancel", _cancel),
    ("approve", _approve),
    ("start", _start),
    ("hold", _hold),
    ("complete", _complete),
    ("close", _close),
)
_PATHS: dict[str, tuple[str, ...]] = {
    "draft": (),
    "assessment": ("submit",),
    "approval": ("submit", "assess"),
    "rejected": ("submit", "assess", "reject"),
    "cancelled": ("submit", "cancel"),
    "scheduled": ("submit", "assess", "approve"),
    "implementing": ("submit", "assess", "approve", "start"),
    "on_hold": ("submit", "assess", "approve", "start", "hold"),
    "verification": ("submit", "assess", "approve", "start", "complete"),
    "closed": ("submit", "assess", "approve", "start", "complete", "close"),
}
