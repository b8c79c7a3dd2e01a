"""Running a gate: what is asked, what comes home, what it says."""

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from assets.selectors import Inherited
from assets.services import assets as register
from assets.services import baselines, holds
from changes.models import Change, CheckResult, CheckRun
from changes.selectors.facts import Dossier
from changes.services import assessment, decisions, drafts, gates, internal, readings
from changes.services.drafts import AssetPlan
from changes.services.signatures import gate_of
from changes.states import Phase, Role
from fieldlink.spec import ReadReason
from operations.models import ProbeRun
from plantgov.audit.services.entries import write
from plantgov.core import slots
from plantgov.core.clock import new_uid, now
from plantgov.core.errors import Forbidden, Moved, Refused
from plantgov.people.services.signing import Reauthentication
from tests import factories as f


def _results(run):
    return {row.key: row for row in run.results.all()}


def _verdicts(run):
    return {key: row.verdict for key, row in _results(run).items()}


def _blockers(change, phase):
    return [str(reason) for reason in gate_of(Dossier(change, now()), phase, at=now()).blockers]


def _approve(plant, change, who="manager"):
    user = f.again(plant.people[who])
    return decisions.approve(change.pk, by=user, signing=f.signing(user, change, Phase.APPROVE))


def _codes(error):
    return [reason.code for reason in error.value.reasons]


# -- the story ------------------------------------------------------------------------------------
def test_an_unlisted_bypass_and_a_foreign_program_refuse_the_approval_with_their_values(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE, bypasses=["IL-GUARD-DOOR-3"], program_fingerprint=f.NEW_PROGRAM)
    with pytest.raises(Refused) as error:
        _approve(plant, change)
    text = str(error.value)
    assert "Not listed in the change: IL-GUARD-DOOR-3" in text
    assert f"Read {f.NEW_PROGRAM}, expected {f.PROGRAM}" in text
    assert "FIL-PLC-01" in text
    f.gate(plant, change, Phase.APPROVE)
    assert _approve(plant, change).approvals.count() == 1


def test_the_key_in_run_is_a_warning_at_approval_blocks_the_start_and_is_wanted_at_verification(plant):
    change = f.make_assessed(plant)
    for phase, key, verdict, severity in (
        (Phase.APPROVE, "RUN", "fail", "warning"),
        (Phase.START, "RUN", "fail", "blocking"),
        (Phase.START, "REM", "pass", "blocking"),
        (Phase.VERIFY, "REM", "fail", "blocking"),
        (Phase.VERIFY, "RUN", "pass", "blocking"),
    ):
        row = _results(f.gate(plant, change, phase, mode=key))["mode"]
        assert (row.verdict, row.severity) == (verdict, severity), (phase, key)


def test_a_healthy_filler_opens_the_gate_and_every_check_has_its_result(plant):
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE)
    assert (run.state, run.verdict) == ("done", "pass")
    assert not _blockers(change, Phase.APPROVE)
    verdicts = _verdicts(run)
    assert len(verdicts) == len(run.specs)
    assert {"no_hold", "no_competing_work", "qualified", "identity", "program", "bypasses"} <= set(verdicts)
    row = _results(run)["program"]
    assert (row.source, row.expected_from, row.endpoint) == (
        "live",
        "baseline.program_fingerprint",
        "FIL-PLC-01",
    )
    assert row.source_time
    assert row.received_time


@pytest.mark.parametrize(
    ("answer", "key", "verdict"),
    [
        ({"program_fingerprint": ReadReason.TIMEOUT}, "program", "error"),
        ({"program_fingerprint": ReadReason.BAD_QUALITY}, "program", "error"),
        ({"bypasses": ReadReason.UNCERTAIN_QUALITY}, "bypasses", "inconclusive"),
        ({"heartbeat": ReadReason.NO_TIMESTAMP}, "heartbeat", "inconclusive"),
        ({"forces": "many"}, "forces", "error"),
        ({"serial": "another"}, "identity", "fail"),
        ({"firmware": "36.011"}, "firmware", "fail"),
        ({"forces": 2}, "forces", "fail"),
        ({"age_s": 900}, "heartbeat", "inconclusive"),
        ({"reason": ReadReason.REFUSED}, "identity", "error"),
    ],
)
def test_whatever_is_not_surely_right_keeps_the_gate_shut(plant, answer, key, verdict):
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE, **answer)
    assert _verdicts(run)[key] == verdict
    assert run.verdict != "pass"
    assert _blockers(change, Phase.APPROVE)


def test_an_asset_without_baseline_has_nothing_to_compare_with(plant):
    asset = f.make_controller(plant, 2)
    with transaction.atomic():
        row = asset.baselines.get()
        row.is_current = False
        write(row, by=plant.manager, action="assets.baseline.superseded", thing=asset)
    change = f.make_assessed(plant, f.details_for(plant, asset))
    run = f.gate(plant, change, Phase.APPROVE)
    assert _results(run)["program"].reason_code == "check_no_expectation"
    assert run.verdict == "error"


def test_a_signal_that_is_not_mapped_is_an_error_where_the_asset_can_be_read(plant):
    asset = f.make_controller(
        plant, 2, signals=["mode", "serial", "heartbeat", "program_fingerprint", "firmware"]
    )
    change = f.make_assessed(plant, f.details_for(plant, asset))
    row = _results(f.gate(plant, change, Phase.APPROVE))["bypasses"]
    assert (row.verdict, row.reason_code) == ("error", "check_no_signal")


def test_a_listed_bypass_passes_in_its_phases_only(plant):
    expected = [{"key": "bypasses", "phases": ["approve", "start"], "value": ["IL-DOOR"], "why": "planned"}]
    change = f.make_assessed(plant, f.details_for(plant, expected=expected))
    assert _verdicts(f.gate(plant, change, Phase.APPROVE, bypasses=["IL-DOOR"]))["bypasses"] == "pass"
    assert _verdicts(f.gate(plant, change, Phase.VERIFY, bypasses=["IL-DOOR"]))["bypasses"] == "fail"


def test_a_program_that_nobody_declared_is_recorded_at_verification_and_not_judged(plant):
    change = f.make_assessed(plant)
    row = _results(f.gate(plant, change, Phase.VERIFY, program_fingerprint=f.NEW_PROGRAM))["program"]
    assert (row.verdict, row.severity, row.reason_code) == ("inconclusive", "warning", "check_recorded")


def test_a_declared_program_blocks_at_verification_unless_it_is_the_one(plant):
    expected = [{"key": "program_fingerprint", "phases": ["verify"], "value": f.NEW_PROGRAM}]
    change = f.make_assessed(plant, f.details_for(plant, expected=expected))
    row = _results(f.gate(plant, change, Phase.VERIFY))["program"]
    assert (row.verdict, row.severity) == ("fail", "blocking")
    run = f.gate(plant, change, Phase.VERIFY, program_fingerprint=f.NEW_PROGRAM)
    assert _results(run)["program"].verdict == "pass"


def test_a_dead_controller_can_be_changed_when_it_is_declared_dead_and_proves_it(plant):
    expected = [{"key": "reachable", "phases": ["approve", "start"], "value": False, "why": "Burnt"}]
    change = f.make_assessed(plant, f.details_for(plant, expected=expected))
    run = f.gate(plant, change, Phase.APPROVE, reason=ReadReason.TIMEOUT)
    assert run.verdict == "pass"
    assert _verdicts(run)["program"] == "not_applicable"
    assert f.gate(plant, change, Phase.APPROVE).verdict == "fail"
    assert f.gate(plant, change, Phase.VERIFY, reason=ReadReason.TIMEOUT).verdict == "error"


# -- internal sources -----------------------------------------------------------------------------
def test_a_hold_shuts_the_gate_and_names_itself(plant):
    change = f.make_assessed(plant)
    holds.place_hold(
        plant.filler, by=f.again(plant.shift_lead), reason="Torque under investigation", at=now()
    )
    run = f.gate(plant, change, Phase.APPROVE)
    assert _verdicts(run)["no_hold"] == "fail"
    assert any("Torque under investigation" in text for text in _blockers(change, Phase.APPROVE))


def test_other_work_on_the_same_equipment_shuts_the_gate(plant):
    other = f.make_scheduled(plant)
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE)
    assert _verdicts(run)["no_competing_work"] == "fail"
    assert any(other.reference in text for text in _blockers(change, Phase.APPROVE))


def test_who_lacks_the_qualification_keeps_the_gate_shut(plant):
    user = f.persona(plant, "shift_lead", username="newcomer", roles=("engineer",))
    change = f.make_change(plant, by="engineer")
    drafts.assign(change.pk, [user.person], role=Role.IMPLEMENTER, by=f.again(plant.engineer))
    assessment.submit(change.pk, by=f.again(plant.engineer))
    run = f.gate(plant, change, Phase.APPROVE)
    assert _verdicts(run)["qualified"] == "fail"


def test_internal_checks_never_stand_in_for_a_reading(plant):
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE, reason=ReadReason.UNREACHABLE)
    verdicts = _verdicts(run)
    assert verdicts["no_hold"] == verdicts["no_competing_work"] == "pass"
    assert run.verdict == "error"


def test_an_internal_check_that_breaks_is_an_error(plant, monkeypatch):
    def broken(context):
        raise ZeroDivisionError

    check = slots.GateCheck("no_hold", "No hold", broken)
    monkeypatch.setitem(slots.gate_checks._items, "no_hold", check)
    change = f.make_assessed(plant)
    row = _results(f.gate(plant, change, Phase.APPROVE))["no_hold"]
    assert (row.verdict, row.reason_code) == ("error", "check_broke")


def test_internal_checks_stand_in_every_gate_also_without_any_signal(small):
    asset = register.add_asset(
        register.AssetDetails(tag="PMP-01", name="Pump", asset_type="drive"),
        location=small.packaging,
        by=f.again(small.a),
    )
    change = f.make_change(small, f.details_for(small, asset), by="a")
    assessment.submit(change.pk, by=f.again(small.a))
    run = f.gate(small, change, Phase.APPROVE, by="b")
    assert run.probe_run is None
    assert run.verdict == "pass"
    assert {check.key for check in internal.GATE_CHECKS} == set(_verdicts(run))


# -- manual readings ------------------------------------------------------------------------------
def _unread_plc(plant):
    return f.make_controller(plant, 7, signals=[])


def _enter(plant, change, asset, phase, *, who="b", **values):
    for key, value in values.items():
        details = readings.ReadingDetails(asset=asset, key=key, phase=phase, value=value, observed_at=now())
        readings.enter(change.pk, details, by=f.again(plant.people[who]))


def test_what_no_protocol_reaches_is_read_by_people_and_shown_as_manual(small):
    asset = _unread_plc(small)
    change = f.make_change(small, f.details_for(small, asset), by="a")
    assessment.submit(change.pk, by=f.again(small.a))
    row = _results(f.gate(small, change, Phase.APPROVE, by="b"))["identity"]
    assert (row.source, row.verdict, row.reason_code) == ("manual", "error", "check_manual_missing")
    said = {
        key: f.HEALTHY[key]
        for key in ("serial", "program_fingerprint", "firmware", "bypasses", "forces", "mode")
    }
    _enter(small, change, asset, Phase.APPROVE, heartbeat="seen running", **said)
    run = f.gate(small, change, Phase.APPROVE, by="b")
    assert run.verdict == "pass", [(r.key, r.verdict, str(r.reason_code)) for r in run.results.all()]
    row = _results(run)["identity"]
    assert (row.source, row.observer) == ("manual", small.b.person.name)


def test_a_manual_reading_counts_for_its_phase_only(small):
    asset = _unread_plc(small)
    change = f.make_change(small, f.details_for(small, asset), by="a")
    _enter(small, change, asset, Phase.START, mode="REM")
    assessment.submit(change.pk, by=f.again(small.a))
    assert _verdicts(f.gate(small, change, Phase.START, by="b"))["mode"] == "pass"
    assert (
        _results(f.gate(small, change, Phase.APPROVE, by="b"))["mode"].reason_code == "check_manual_missing"
    )


# -- runs -----------------------------------------------------------------------------------------
def test_one_run_is_in_flight_per_change_and_phase(plant):
    change = f.make_assessed(plant)
    by = f.again(plant.manager)
    first = gates.request_run(change.pk, Phase.APPROVE, by=by)
    assert gates.request_run(change.pk, Phase.APPROVE, by=by) == first
    assert gates.request_run(change.pk, Phase.START, by=by) != first
    copy = CheckRun.objects.get(pk=first.pk)
    copy.pk, copy.uid, copy.number, copy._state.adding = None, new_uid(), 99, True
    with pytest.raises(IntegrityError), transaction.atomic():
        write(copy, by=by, action="changes.gate.requested", thing=change)


def test_who_may_not_check_does_not_run_the_gate(plant):
    change = f.make_assessed(plant)
    with pytest.raises(Forbidden):
        gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.compliance))


def test_the_gate_of_a_change_that_is_over_is_not_run(plant):
    change = f.cancel(plant, f.make_assessed(plant))
    with pytest.raises(Refused) as error:
        gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.manager))
    assert _codes(error) == ["change_wrong_state"]


def test_a_gate_is_shut_while_it_runs_and_when_it_never_ran(plant):
    change = f.make_assessed(plant)
    assert "has not been run" in _blockers(change, Phase.APPROVE)[0]
    gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.manager))
    assert "is reading the equipment" in _blockers(change, Phase.APPROVE)[0]


def test_judging_comes_twice_and_writes_once(plant):
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE)
    count = CheckResult.objects.count()
    assert gates.evaluate(run.uid) is False
    assert CheckResult.objects.count() == count


def test_nothing_is_judged_before_the_readings_are_home(plant):
    change = f.make_assessed(plant)
    run = gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.manager))
    assert gates.evaluate(run.uid) is False
    run.refresh_from_db()
    assert (run.state, run.verdict) == ("due", "")


@pytest.mark.parametrize("end", ["lost", "failed"])
def test_a_run_whose_readings_are_lost_ends_lost_and_opens_nothing(plant, end):
    change = f.make_assessed(plant)
    run = gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.manager))
    ProbeRun.objects.filter(pk=run.probe_run_id).update(state=end)
    assert gates.evaluate(run.uid)
    run.refresh_from_db()
    assert (run.state, run.verdict, run.results.count()) == ("lost", "", 0)
    assert "were lost" in _blockers(change, Phase.APPROVE)[0]
    with pytest.raises(Refused) as error:
        _approve(plant, change)
    assert _codes(error) == ["gate_lost"]


def test_a_lost_wake_up_is_made_good_by_the_sweep(plant, monkeypatch):
    woken = []
    monkeypatch.setattr(gates, "wake", lambda task, uid: woken.append((task, uid)))
    change = f.make_assessed(plant)
    run = gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.manager))
    assert gates.sweep() == 0
    f.answer(run.probe_run)
    assert gates.sweep() == 1
    assert woken == [(gates.TASK, str(run.uid))]


def test_a_killed_evaluation_leaves_the_run_due_and_the_next_one_finishes_it(plant, monkeypatch):
    change = f.make_assessed(plant)
    run = gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.manager))
    f.answer(run.probe_run)

    def killed(rows, *args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(CheckResult.objects, "bulk_create", killed)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            gates.evaluate(run.uid)
    run.refresh_from_db()
    assert (run.state, run.verdict, run.results.count()) == ("due", "", 0)
    assert gates.evaluate(run.uid)
    run.refresh_from_db()
    assert (run.state, run.verdict) == ("done", "pass")


def test_results_are_never_rewritten(plant):
    f.gate(plant, f.make_assessed(plant), Phase.APPROVE)
    with pytest.raises(IntegrityError), transaction.atomic():
        CheckResult.objects.update(verdict="pass")
    with pytest.raises(IntegrityError), transaction.atomic():
        CheckResult.objects.all().delete()


# -- devices without a clock ----------------------------------------------------------------------
def test_a_device_without_a_clock_is_read_twice_and_its_heartbeat_has_to_move(plant, monkeypatch):
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE, has_source_time=False, heartbeat=7)
    assert run.state == "due"
    first = run.probe_run_id
    assert gates.sweep() == 0
    later = now() + timedelta(seconds=3)
    monkeypatch.setattr(gates, "now", lambda: later)
    gates.sweep()
    run.refresh_from_db()
    assert run.probe_run_id != first
    f.answer(run.probe_run, has_source_time=False, heartbeat=8)
    gates.evaluate(run.uid)
    run.refresh_from_db()
    assert (run.state, run.verdict) == ("done", "pass")
    again = f.gate(plant, change, Phase.APPROVE, has_source_time=False, heartbeat=9)
    assert (again.state, again.verdict) == ("done", "pass")


def test_a_heartbeat_that_stands_still_proves_nothing(plant, monkeypatch):
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE, has_source_time=False, heartbeat=7)
    later = now() + timedelta(seconds=3)
    monkeypatch.setattr(gates, "now", lambda: later)
    gates.sweep()
    run.refresh_from_db()
    f.answer(run.probe_run, has_source_time=False, heartbeat=7)
    gates.evaluate(run.uid)
    run.refresh_from_db()
    assert (run.state, run.verdict) == ("done", "inconclusive")


# -- what you see is what you sign ----------------------------------------------------------------
def test_a_newer_run_moves_the_basis(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    shown = f.signing(manager, change, Phase.APPROVE)
    f.gate(plant, change, Phase.APPROVE, change_counter=43)
    with pytest.raises(Moved) as error:
        decisions.approve(change.pk, by=manager, signing=shown)
    assert _codes(error) == ["change_gate_moved"]
    assert not change.approvals.exists()


def test_an_edit_moves_the_basis(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    shown = f.signing(manager, change, Phase.APPROVE)
    drafts.edit(change.pk, f.replaced(drafts.details_of(change), title="Other"), by=f.again(plant.engineer))
    assessment.finish(change.pk, by=f.again(plant.engineer))
    with pytest.raises(Moved) as error:
        decisions.approve(change.pk, by=manager, signing=shown)
    assert "change_content_moved" in _codes(error)


def test_a_stale_run_has_to_be_made_anew(plant):
    change = f.make_assessed(plant)
    run = f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    later = run.valid_until + timedelta(seconds=1)
    shown = f.signing(manager, change, Phase.APPROVE)
    proof = Reauthentication(manager.pk, ("password",), later)
    with pytest.raises(Refused) as error:
        decisions.approve(change.pk, by=manager, signing=replace(shown, reauthentication=proof), at=later)
    assert _codes(error) == ["gate_stale"]


def test_a_baseline_adopted_since_the_run_changes_what_had_to_be_checked(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    values = baselines.Configuration(firmware="36.011", program_fingerprint=f.NEW_PROGRAM)
    baselines.adopt(plant.filler, values, by=f.again(plant.manager), at=now())
    with pytest.raises(Refused) as error:
        _approve(plant, change)
    assert "change_gate_spec_moved" in _codes(error)


def test_where_a_place_only_observes_a_shut_gate_blocks_nothing_and_the_signature_says_so(db):
    plant = f.make_plant(mode="observe")
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE, forces=3)
    _approve(plant, change)
    [approval] = change.approvals.all()
    assert "observed only" in approval.signature.statement
    assert "Forces" in approval.signature.statement or "forces" in approval.signature.statement


def test_one_place_that_enforces_is_enough(db):
    plant = f.make_plant(mode="observe")
    change = f.make_assessed(plant, f.details_for(plant, assets=[AssetPlan(plant.filler)]))
    dossier = Dossier(Change.objects.get(pk=change.pk), now())
    assert not dossier.is_enforced
    dossier.settings = [*dossier.settings, Inherited("small", "enforce", "UTC", None)]
    assert dossier.is_enforced


# -- the command ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("values", "code", "word"), [({}, 0, True), ({"forces": 1}, 1, False)])
def test_the_command_runs_the_gate_and_says_by_its_exit_code_whether_it_is_open(
    plant, monkeypatch, values, code, word
):
    change = f.make_assessed(plant)

    def execute(uid):
        f.answer(ProbeRun.objects.get(uid=uid), **values)
        return True

    monkeypatch.setattr("changes.management.commands.check_change.probes.execute", execute)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_change", change.reference, "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert (ended.value.code, answer["is_open"]) == (code, word)
    assert {row["key"] for row in answer["results"]} >= {"program", "no_hold"}


def test_the_command_says_when_there_is_no_such_change(db):
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_change", "CHG-1999-0001", stderr=err)
    assert ended.value.code == 2
    assert "CHG-1999-0001" in err.getvalue()
