"""Whatever anybody tries in whatever order: nothing is scheduled or started without distinct signatures and open gates."""

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from changes.models import Change, Snapshot
from changes.services import drafts, verbs
from changes.services.work import note_step
from changes.states import TERMINAL, TRANSITIONS, Outcome, Phase, Role, State
from fieldlink.spec import ReadReason
from plantgov.core.errors import BadInput, Hidden, Refused
from tests import factories as f

PEOPLE = ("engineer", "manager", "approver", "shift_lead", "allrounder", "operator")
# Without the two that only end a walk early.
BY_HAND = sorted(
    n for n, row in TRANSITIONS.items() if not row.is_automatic and n not in {"cancel", "reject"}
)
ANSWERS = st.sampled_from(
    [{}, {"mode": "REM"}, {"forces": 2}, {"bypasses": ["IL"]}, {"reason": ReadReason.TIMEOUT}, {"age_s": 999}]
)
# A walk that gets somewhere is taken more often than one that is refused at once.
USUAL = (
    "submit",
    "assess",
    "approve",
    "approve",
    "release",
    "start",
    "complete",
    "close",
    "hold",
    "resume",
    "back_out",
)


class Life(RuleBasedStateMachine):
    """One change and everybody who may or may not do something with it."""

    plant: f.Plant

    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.change = f.make_change(self.plant)

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def _take(self, name, who):
        user = f.again(self.plant.people[who])
        phase = TRANSITIONS[name].gate
        if phase and name in ("close", "backed_out", "deviate"):
            phase = Phase.BACK_OUT if self._fresh().is_backed_out or name == "backed_out" else phase
        given = verbs.Given(reason="So", comment="", signing=f.signing(user, self.change, phase))
        try:
            with transaction.atomic():
                verbs.take(name, self.change, by=user, given=given)
        except (Refused, Hidden, BadInput):
            pass

    def _fresh(self):
        return Change.objects.get(pk=self.change.pk)

    @rule(name=st.sampled_from(BY_HAND), who=st.sampled_from(PEOPLE))
    def anybody_tries_anything(self, name, who):
        self._take(name, who)

    @rule(name=st.sampled_from(USUAL), who=st.sampled_from(PEOPLE), answers=ANSWERS)
    def somebody_looks_and_acts(self, name, who, answers):
        phase = TRANSITIONS[name].gate
        if phase is not None:
            self._gate(phase, **answers)
        self._take(name, who)

    @rule()
    def everybody_does_their_part(self):
        match self._fresh().state:
            case State.DRAFT:
                self._take("submit", "engineer")
            case State.ASSESSMENT:
                self._take("assess", "engineer")
            case State.APPROVAL:
                self.somebody_looks_and_acts("approve", "manager", {})
                self.somebody_looks_and_acts("approve", "approver", {})
            case State.SCHEDULED:
                self.somebody_looks_and_acts("release", "shift_lead", {"mode": "REM"})
                self.somebody_looks_and_acts("start", "engineer", {"mode": "REM"})
            case State.IMPLEMENTING:
                for number in (1, 2, 3):
                    self.a_step_is_done(number, "engineer")
                self._take("complete", "engineer")
            case State.VERIFICATION:
                self.somebody_looks_and_acts("close", "shift_lead", {})

    @rule(phase=st.sampled_from(list(Phase)), answers=ANSWERS)
    def the_gate_runs(self, phase, answers):
        self._gate(phase, **answers)

    def _gate(self, phase, **answers):
        if self._fresh().state not in TERMINAL:
            f.gate(self.plant, self.change, phase, **answers)

    @rule(who=st.sampled_from(PEOPLE), text=st.sampled_from(["Load R13", "Load R14"]))
    def somebody_edits(self, who, text):
        details = f.replaced(drafts.details_of(self._fresh()), description=text)
        try:
            with transaction.atomic():
                drafts.edit(self.change.pk, details, by=f.again(self.plant.people[who]))
        except (Refused, Hidden):
            pass

    @rule(whom=st.sampled_from(PEOPLE))
    def somebody_else_is_named(self, whom):
        people = [self.plant.people[whom].person]
        try:
            with transaction.atomic():
                drafts.assign(self.change.pk, people, role=Role.IMPLEMENTER, by=f.again(self.plant.engineer))
        except Refused:
            pass

    @rule(number=st.integers(1, 3), who=st.sampled_from(["engineer", "allrounder"]))
    def a_step_is_done(self, number, who):
        try:
            with transaction.atomic():
                note_step(self.change.pk, number, by=f.again(self.plant.people[who]), state="done")
        except Refused:
            pass

    @invariant()
    def what_is_scheduled_was_approved_by_others_on_open_gates(self):
        change = self._fresh()
        if change.state not in {State.SCHEDULED, State.IMPLEMENTING}:
            return
        rows = list(change.approvals.filter(superseded_at=None).select_related("check_run", "signature"))
        outsiders = change.involved.filter(role__in=[Role.REQUESTER, Role.EDITOR]).values_list(
            "person_id", flat=True
        )
        assert len({row.person_id for row in rows}) >= 2
        assert not {row.person_id for row in rows} & set(outsiders)
        for row in rows:
            assert row.signature.content_digest == change.content_digest
            assert row.signature.evidence_digest == row.check_run.results_digest
            assert row.check_run.content_digest == change.content_digest
            assert (row.check_run.phase, row.check_run.verdict) == (Phase.APPROVE, "pass")
            assert row.check_run.valid_until >= row.decided_at

    @invariant()
    def work_began_on_a_release_by_somebody_else_and_an_open_gate(self):
        change = self._fresh()
        if change.started_at is None:
            return
        release = change.releases.filter(used_at__isnull=False).last()
        found = change.snapshots.get(kind=Snapshot.Kind.AS_FOUND).check_run
        workers = change.involved.filter(role=Role.IMPLEMENTER).values_list("person_id", flat=True)
        assert release is not None
        assert release.person_id not in set(workers)
        assert (found.phase, found.verdict) == (Phase.START, "pass")
        assert found.valid_until >= change.started_at

    @invariant()
    def what_ended_well_was_verified_by_somebody_else(self):
        change = self._fresh()
        if change.outcome != Outcome.SUCCESS:
            return
        workers = set(change.involved.filter(role=Role.IMPLEMENTER).values_list("person_id", flat=True))
        verifiers = set(change.involved.filter(role=Role.VERIFIER).values_list("person_id", flat=True))
        assert verifiers
        assert not verifiers & workers
        assert change.snapshots.get(kind=Snapshot.Kind.AS_LEFT).check_run.verdict == "pass"


def _run(plant, *, examples, steps):
    plant.people["allrounder"] = f.persona(
        plant, "engineer", username="allrounder", roles=("engineer", "manager", "approver", "shift_lead")
    )
    machine = type("LifeHere", (Life,), {"plant": plant})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not os.environ.get("PLANTGOV_SEED"),
            phases=[Stage.generate] if examples < 50 else list(Stage),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nobody_gets_past_the_signatures_and_the_gates(plant):
    _run(plant, examples=6, steps=12)


def test_the_machine_itself_reaches_the_end(plant):
    machine = type("LifeHere", (Life,), {"plant": plant})()
    reached = set()
    for _ in range(6):
        machine.everybody_does_their_part()
        reached.add(machine._fresh().state)
    machine.teardown()
    assert reached == {"assessment", "approval", "scheduled", "implementing", "verification", "closed"}


@pytest.mark.deep
def test_nobody_gets_past_them_in_a_long_run_either(plant):
    _run(plant, examples=60, steps=40)
