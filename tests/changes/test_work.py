"""The work: release, start, stop, resume, back out, verify."""

from dataclasses import replace
from datetime import timedelta

import pytest

from access.models import Grant
from assets.selectors import authorisations_on, current_baseline
from assets.services import holds
from changes.models import Change
from changes.services import closing, drafts, scheduling, work
from changes.states import Phase, Role
from fieldlink.spec import ReadReason
from plantgov.core.clock import now
from plantgov.core.errors import Refused
from plantgov.people.models import Signature
from plantgov.people.services.signing import Reauthentication
from tests import factories as f


def _codes(error):
    return [reason.code for reason in error.value.reasons]


def _state(change):
    return Change.objects.get(pk=change.pk).state


def _start(plant, change):
    return work.start(change.pk, by=f.again(plant.engineer))


def _signed(plant, who, change, phase=None):
    user = f.again(plant.people[who])
    return {"by": user, "signing": f.signing(user, change, phase)}


def _with_key(plant, change, phase=Phase.START, **values):
    return f.gate(plant, change, phase, **{"mode": "REM", **values})


# -- release and start ----------------------------------------------------------------------------
def test_the_key_in_run_refuses_the_release_until_it_is_turned(plant):
    change = f.make_scheduled(plant)
    f.gate(plant, change, Phase.START)
    with pytest.raises(Refused, match="Read RUN, expected REM, PROG"):
        work.release(change.pk, **_signed(plant, "shift_lead", change, Phase.START))
    _with_key(plant, change)
    work.release(change.pk, **_signed(plant, "shift_lead", change, Phase.START))
    assert _start(plant, change).state == "implementing"


def test_nobody_starts_without_a_release(plant):
    change = f.make_scheduled(plant)
    _with_key(plant, change)
    with pytest.raises(Refused) as error:
        _start(plant, change)
    assert _codes(error) == ["change_no_release"]


def test_the_start_gate_counts_for_a_minute_only(plant):
    change = f.make_scheduled(plant)
    f.release(plant, change)
    run = _with_key(plant, change)
    late = run.finished_at + timedelta(seconds=61)
    with pytest.raises(Refused) as error:
        work.start(change.pk, by=f.again(plant.engineer), at=late)
    assert _codes(error) == ["gate_stale"]


def test_a_release_runs_out(plant):
    change = f.make_scheduled(plant)
    f.release(plant, change)
    late = now() + timedelta(minutes=31)
    with pytest.raises(Refused) as error:
        work.start(change.pk, by=f.again(plant.engineer), at=late)
    assert _codes(error) == ["change_release_old"]


def test_a_key_turned_back_after_the_release_stops_the_start(plant):
    change = f.make_scheduled(plant)
    f.release(plant, change)
    f.gate(plant, change, Phase.START, mode="RUN")
    with pytest.raises(Refused) as error:
        _start(plant, change)
    assert _codes(error) == ["gate_check"]
    assert not authorisations_on([plant.filler])


def test_only_those_named_start_the_work(plant):
    change = f.make_scheduled(plant)
    f.release(plant, change)
    other = f.persona(plant, "engineer", username="other_engineer")
    with pytest.raises(Refused) as error:
        work.start(change.pk, by=other)
    assert _codes(error) == ["change_not_in_role"]


def test_who_does_the_work_does_not_release_it(plant):
    f.give(plant, plant.engineer, "shift_lead", plant.site)
    change = f.make_scheduled(plant)
    _with_key(plant, change)
    with pytest.raises(Refused) as error:
        work.release(change.pk, **_signed(plant, "engineer", change, Phase.START))
    assert _codes(error) == ["change_four_eyes"]


@pytest.mark.parametrize(
    ("shift", "code"),
    [(timedelta(hours=2), "change_before_window"), (timedelta(hours=-6), "change_after_window")],
)
def test_work_begins_inside_its_window_only(plant, shift, code):
    change = f.make_scheduled(plant)
    _with_key(plant, change)
    outside = now() - shift if shift > timedelta() else change.window_until
    lead = f.again(plant.shift_lead)
    proof = Reauthentication(lead.pk, ("password",), outside)
    signing = replace(f.signing(lead, change, Phase.START), reauthentication=proof)
    with pytest.raises(Refused) as error:
        work.release(change.pk, by=lead, signing=signing, at=outside)
    assert code in _codes(error)


def test_a_hold_placed_after_the_gate_ran_stops_the_start(plant):
    change = f.make_scheduled(plant)
    f.release(plant, change)
    _with_key(plant, change)
    holds.place_hold(plant.site, by=f.again(plant.shift_lead), reason="Ammonia alarm", at=now())
    with pytest.raises(Refused, match="Ammonia alarm"):
        _start(plant, change)


def test_the_window_of_other_work_on_the_same_equipment_is_refused_until_it_is_free(plant):
    first, second = f.make_assessed(plant), f.make_assessed(plant)
    f.approve(plant, second, "manager")
    f.approve_all(plant, first)
    assert _state(first) == "scheduled"
    with pytest.raises(Refused, match=first.reference):
        f.approve(plant, second, "approver")
    f.cancel(plant, first)
    f.approve(plant, second, "approver")
    assert _state(second) == "scheduled"


def test_windows_side_by_side_do_not_disturb_each_other(plant):
    first = f.make_scheduled(plant)
    later = f.details_for(
        plant, window_from=first.window_until, window_until=first.window_until + timedelta(hours=2)
    )
    assert f.make_scheduled(plant, later).state == "scheduled"


def test_an_approved_change_waits_for_its_window_and_the_sweep_schedules_it(db):
    plant = f.make_plant(mode="observe")
    first, second = f.make_assessed(plant), f.make_assessed(plant)
    f.approve_all(plant, first)
    assert f.approve_all(plant, second).state == "approval"
    assert scheduling.sweep() == 0
    f.cancel(plant, first)
    assert scheduling.sweep() == 1
    assert _state(second) == "scheduled"


# -- stop and go on -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "who", ["operator", "shift_lead", "engineer", "ot_security", "manager", "contractor"]
)
def test_anybody_who_may_stop_work_stops_it_at_once(plant, who):
    change = f.make_started(plant)
    work.hold(change.pk, by=f.again(plant.people[who]), reason="Somebody is in the cell")
    assert _state(change) == "on_hold"
    assert authorisations_on([plant.filler])


def test_going_on_needs_a_signature_and_a_fresh_gate_but_not_the_old_program(plant):
    change = f.make_started(plant)
    work.hold(change.pk, by=f.again(plant.shift_lead), reason="Break")
    with pytest.raises(Refused) as error:
        work.resume(change.pk, **_signed(plant, "shift_lead", change, Phase.RESUME))
    assert _codes(error) == ["gate_not_run"]
    _with_key(plant, change, Phase.RESUME, program_fingerprint=f.NEW_PROGRAM, forces=1)
    work.resume(change.pk, **_signed(plant, "shift_lead", change, Phase.RESUME))
    assert _state(change) == "implementing"
    assert Signature.objects.filter(thing_uid=change.uid, meaning="released").count() == 2


def test_work_is_not_done_while_a_step_is_open(plant):
    change = f.make_started(plant)
    engineer = f.again(plant.engineer)
    work.note_step(change.pk, 1, by=engineer, state="done")
    with pytest.raises(Refused, match="Steps 2, 3"):
        work.complete(change.pk, **_signed(plant, "engineer", change))
    work.note_step(change.pk, 2, by=engineer, state="done")
    work.note_step(change.pk, 3, by=engineer, state="skipped", note="Done by the line")
    work.complete(change.pk, **_signed(plant, "engineer", change))
    assert _state(change) == "verification"
    assert change.check_runs.filter(phase=Phase.VERIFY, state="due").exists()


def test_steps_are_noted_by_implementers_while_the_work_is_on(plant):
    change = f.make_scheduled(plant)
    with pytest.raises(Refused) as error:
        work.note_step(change.pk, 1, by=f.again(plant.engineer), state="done")
    assert _codes(error) == ["change_wrong_state"]


# -- verification ---------------------------------------------------------------------------------
def test_verification_is_refused_until_the_key_is_back_in_run(plant):
    change = f.make_done(plant)
    f.gate(plant, change, Phase.VERIFY, mode="REM")
    with pytest.raises(Refused, match="Read REM, expected RUN"):
        closing.close(change.pk, **_signed(plant, "shift_lead", change, Phase.VERIFY))
    f.gate(plant, change, Phase.VERIFY)
    closing.close(change.pk, **_signed(plant, "shift_lead", change, Phase.VERIFY))
    assert _state(change) == "closed"


def test_who_did_the_work_does_not_verify_it(plant):
    change = f.make_done(plant)
    f.gate(plant, change, Phase.VERIFY)
    with pytest.raises(Refused) as error:
        closing.close(change.pk, **_signed(plant, "engineer", change, Phase.VERIFY))
    assert set(_codes(error)) == {"change_four_eyes"}


def test_an_implementer_taken_off_the_list_later_still_did_not_verify_their_own_work(plant):
    change = f.make_done(plant)
    other = f.persona(plant, "engineer", username="other_engineer")
    drafts.assign(change.pk, [other.person], role=Role.IMPLEMENTER, by=f.again(plant.engineer))
    names = {row.person.name for row in change.involved.filter(role=Role.IMPLEMENTER, until_at=None)}
    assert names == {plant.engineer.person.name, other.person.name}


def test_who_joins_running_work_gets_access_to_exactly_its_assets(plant):
    change = f.make_started(plant)
    other = f.persona(plant, "engineer", username="other_engineer")
    both = [plant.engineer.person, other.person]
    drafts.assign(change.pk, both, role=Role.IMPLEMENTER, by=f.again(plant.engineer))
    given = Grant.objects.filter(change_uid=change.uid, revoked_at=None)
    assert {(row.user.username, row.asset.tag) for row in given} == {
        ("engineer", "FIL-PLC-01"),
        ("other_engineer", "FIL-PLC-01"),
    }


def test_a_failed_verification_puts_the_work_on_hold(plant):
    change = f.make_done(plant)
    closing.fail(change.pk, by=f.again(plant.shift_lead), reason="The labeller rejects")
    assert _state(change) == "on_hold"
    work.back_out(change.pk, by=f.again(plant.engineer), reason="Back to R12")
    assert _state(change) == "backing_out"


# -- back out -------------------------------------------------------------------------------------
def test_a_rollback_counts_only_when_the_fingerprint_is_as_found_again(plant):
    change = f.make_started(plant)
    work.back_out(change.pk, by=f.again(plant.engineer), reason="Rejects")
    f.gate(plant, change, Phase.BACK_OUT, program_fingerprint=f.NEW_PROGRAM)
    with pytest.raises(Refused, match="Program"):
        work.backed_out(change.pk, **_signed(plant, "engineer", change, Phase.BACK_OUT))
    f.gate(plant, change, Phase.BACK_OUT)
    work.backed_out(change.pk, **_signed(plant, "engineer", change, Phase.BACK_OUT))
    before = current_baseline(plant.filler)
    f.gate(plant, change, Phase.BACK_OUT)
    closing.close(change.pk, **_signed(plant, "shift_lead", change, Phase.BACK_OUT))
    change = Change.objects.get(pk=change.pk)
    assert (change.state, change.outcome) == ("closed", "rolled_back")
    assert current_baseline(plant.filler) == before
    assert not authorisations_on([plant.filler])


def test_the_change_counter_proves_nothing_about_a_rollback(plant):
    change = f.make_started(plant)
    work.back_out(change.pk, by=f.again(plant.engineer), reason="Rejects")
    run = f.gate(plant, change, Phase.BACK_OUT, change_counter=77)
    assert run.verdict == "pass"


def test_a_rollback_that_cannot_reach_as_found_ends_nonconforming_with_a_signed_deviation(plant):
    change = f.make_started(plant)
    work.back_out(change.pk, by=f.again(plant.engineer), reason="Rejects")
    f.gate(plant, change, Phase.BACK_OUT, reason=ReadReason.TIMEOUT)
    with pytest.raises(Refused):
        work.backed_out(change.pk, **_signed(plant, "engineer", change, Phase.BACK_OUT))
    closing.deviate(
        change.pk,
        **_signed(plant, "approver", change, Phase.BACK_OUT),
        reason="The controller is dead; WO 4711",
    )
    change = Change.objects.get(pk=change.pk)
    assert (change.state, change.outcome) == ("closed", "nonconforming")
    signature = Signature.objects.get(thing_uid=change.uid, meaning="overrode")
    assert "WO 4711" in signature.statement
    assert "was shut" in signature.statement
    assert current_baseline(plant.filler).program_fingerprint == f.PROGRAM
    assert not authorisations_on([plant.filler])


def test_a_deviation_is_not_signed_by_who_did_the_work_nor_without_a_reason(plant):
    f.give(plant, plant.engineer, "approver", plant.site)
    change = f.make_done(plant)
    f.gate(plant, change, Phase.VERIFY)
    with pytest.raises(Refused) as error:
        closing.deviate(change.pk, **_signed(plant, "engineer", change, Phase.VERIFY), reason="It works")
    assert set(_codes(error)) == {"change_four_eyes"}
    with pytest.raises(Refused) as error:
        closing.deviate(change.pk, **_signed(plant, "approver", change, Phase.VERIFY), reason=" ")
    assert _codes(error) == ["change_no_reason"]


def test_approvals_that_grew_too_old_expire(plant, monkeypatch):
    details = f.details_for(plant)
    far = f.replaced(details, window_until=details.window_until + timedelta(days=60))
    change = f.make_scheduled(plant, far)
    later = now() + timedelta(days=31)
    monkeypatch.setattr(scheduling, "now", lambda: later)
    assert scheduling.sweep() == 1
    assert _state(change) == "expired"
