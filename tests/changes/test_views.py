"""Every transition through the portal and through the API: the same codes."""

import pytest

from changes.models import Change
from changes.services import work
from changes.states import TRANSITIONS, Phase
from tests import factories as f
from tests.changes.doors import client_of, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("signers")]
BY_HAND = [name for name, row in TRANSITIONS.items() if not row.is_automatic]
NEW = [{"key": "program_fingerprint", "phases": ["verify"], "value": f.NEW_PROGRAM, "why": "Filler_R13"}]


def _state(change):
    return Change.objects.get(pk=change.pk).state


def test_a_change_lives_its_whole_life_through_a_door(plant, door):
    change = f.make_change(plant, f.details_for(plant, expected=NEW))
    assert door.take(plant.engineer, "submit", change) == 200
    assert door.take(plant.engineer, "assess", change) == 200
    f.gate(plant, change, Phase.APPROVE)
    for name in ("manager", "approver"):
        if _state(change) == "approval":
            assert door.take(plant.people[name], "approve", change) == 200, door.last.content
    assert _state(change) == "scheduled"
    f.gate(plant, change, Phase.START, mode="REM")
    assert door.take(plant.shift_lead, "release", change) == 200
    assert door.take(plant.engineer, "start", change) == 200
    for step in change.steps.all():
        work.note_step(change.pk, step.number, by=f.again(plant.engineer), state="done")
    assert door.take(plant.engineer, "complete", change) == 200
    f.gate(plant, change, Phase.VERIFY, program_fingerprint=f.NEW_PROGRAM)
    assert door.take(plant.shift_lead, "close", change) == 200, door.last.content
    assert _state(change) == "closed"


def test_the_ways_back_through_a_door(plant, door):
    change = f.make_assessed(plant)
    assert door.take(plant.engineer, "rework", change) == 200
    assert door.take(plant.engineer, "submit", change) == 200
    assert door.take(plant.engineer, "return", change) == 200
    assert door.take(plant.engineer, "cancel", change) == 200
    assert _state(change) == "cancelled"


def test_rejecting_is_signed_and_final(plant, door):
    change = f.make_assessed(plant)
    assert door.take(plant.manager, "reject", change, reason="Not in May") == 200
    assert _state(change) == "rejected"


def test_stopping_and_backing_out_through_a_door(plant, door):
    change = f.make_started(plant)
    assert door.take(plant.engineer, "hold", change) == 200
    f.gate(plant, change, Phase.RESUME, mode="REM")
    assert door.take(plant.shift_lead, "resume", change) == 200, door.last.content
    assert door.take(plant.engineer, "back_out", change) == 200
    f.gate(plant, change, Phase.BACK_OUT)
    assert door.take(plant.engineer, "backed_out", change) == 200, door.last.content
    assert door.take(plant.shift_lead, "fail", change) == 200
    assert _state(change) == "on_hold"


def test_whoever_may_not_see_a_change_finds_nothing(plant, door):
    change = f.make_change(plant)
    assert {name: door.take(plant.stranger, name, change) for name in BY_HAND} == dict.fromkeys(BY_HAND, 404)


def test_who_sees_but_lacks_the_right_is_forbidden_each_way(plant, door):
    change = f.make_change(plant)
    allowed = {"submit", "cancel", "rework", "withdraw"}  # asked for by role, not by permission
    codes = {name: door.take(plant.compliance, name, change) for name in BY_HAND if name not in allowed}
    assert set(codes.values()) == {403}, codes


def test_a_way_from_another_state_is_refused_with_its_reason(plant, door):
    change = f.make_change(plant)
    assert door.take(plant.engineer, "assess", change) == 409
    assert "In assessment" not in door.last.content.decode()
    assert change.reference in door.last.content.decode()


def test_author_cannot_approve_own_change(plant, door):
    f.give(plant, plant.engineer, "manager", plant.site)
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    assert door.take(with_password(plant.engineer), "approve", change) == 409
    assert "requester" in door.last.content.decode()


def test_a_shut_gate_refuses_with_the_value_that_was_read(plant, door):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE, forces=2)
    assert door.take(plant.manager, "approve", change) == 409
    assert "Read 2" in door.last.content.decode()
    assert _state(change) == "approval"


def test_what_moved_since_it_was_shown_is_not_signed(plant, door):
    change = f.make_assessed(plant)
    old = f.gate(plant, change, Phase.APPROVE)
    f.gate(plant, change, Phase.APPROVE)
    code = door.take(plant.manager, "approve", change, evidence_digest=old.results_digest)
    assert code == 409
    assert "run again after you opened" in door.last.content.decode()
    assert not change.approvals.exists()


def test_other_content_than_shown_is_not_signed(plant, door):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    assert door.take(plant.manager, "approve", change, content_digest="0" * 64) == 409
    assert "edited after you opened it" in door.last.content.decode()


def test_a_wrong_password_signs_nothing(plant, door):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    assert door.take(plant.manager, "approve", change, password="no such password") == 409
    assert not change.approvals.exists()


def test_a_reason_that_is_asked_for_is_not_left_out(plant, door):
    change = f.make_assessed(plant)
    assert door.take(plant.engineer, "rework", change, reason=" ") == 409
    assert "Say why" in door.last.content.decode()


def test_a_refused_signature_keeps_what_was_typed_and_opens_the_dialog_again(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    typed = {"reason": "It stops the line", "password": "wrong", "content_digest": change.content_digest}
    response = client_of(plant.manager).post(f"/changes/{change.reference}/reject", typed)
    page = response.content.decode()
    assert response.status_code == 409
    assert "It stops the line" in page
    assert 'value="wrong"' not in page
    assert "data-pg-open" in page


def test_without_a_second_factor_nobody_signs_where_one_is_asked_for(plant, door, settings):
    settings.PLANTGOV_SIGN_SECOND_FACTOR = "required"
    change = f.make_assessed(plant)
    assert door.take(plant.manager, "reject", change) == 409
    assert "second factor" in door.last.content.decode()


def test_no_transition_is_taken_by_get(plant):
    change = f.make_change(plant)
    client = client_of(plant.engineer)
    assert {client.get(f"/changes/{change.reference}/{name}").status_code for name in BY_HAND} == {405}
    assert _state(change) == "draft"


def test_what_the_house_does_itself_has_no_door(plant):
    change = f.make_change(plant)
    for name in ("schedule", "amend", "expire"):
        assert client_of(plant.engineer).post(f"/changes/{change.reference}/{name}").status_code == 404


def test_steps_are_noted_done_and_skipped(plant):
    change = f.make_started(plant)
    client = client_of(plant.engineer)
    assert client.post(f"/changes/{change.reference}/steps/1/done").status_code == 302
    assert client.post(f"/changes/{change.reference}/steps/2/skip", {"note": ""}).status_code == 302
    assert client.post(f"/changes/{change.reference}/steps/3/skip", {"note": "Not needed"}).status_code == 302
    assert [step.state for step in change.steps.all()] == ["done", "open", "skipped"]
