"""A change from draft to its end, through the services."""

import pytest

from access.models import Grant
from assets.selectors import authorisations_on, current_baseline
from changes.models import Change, Snapshot
from changes.services import assessment, closing, decisions, drafts, scheduling, work
from changes.states import Phase, Role
from plantgov.audit.models import Entry
from plantgov.core.errors import BadInput, Forbidden, Hidden, Refused
from plantgov.people.models import Signature
from plantgov.workspace.models import Event, InboxItem
from tests import factories as f

NEW_PROGRAM = [{"key": "program_fingerprint", "phases": ["verify"], "value": f.NEW_PROGRAM, "why": "R13"}]


def _codes(error):
    return [reason.code for reason in error.value.reasons]


def _state(change):
    return Change.objects.get(pk=change.pk).state


def test_a_change_goes_from_draft_to_closed(plant):
    change = f.make_done(plant, f.details_for(plant, expected=NEW_PROGRAM))
    assert change.state == "verification"
    run = f.gate(plant, change, Phase.VERIFY, program_fingerprint=f.NEW_PROGRAM)
    assert run.verdict == "pass", [(r.key, r.verdict, r.reason_code) for r in run.results.all()]
    lead = f.again(plant.shift_lead)
    closing.close(change.pk, by=lead, signing=f.signing(lead, change, Phase.VERIFY))
    change = Change.objects.get(pk=change.pk)
    assert (change.state, change.outcome) == ("closed", "success")
    assert current_baseline(plant.filler).program_fingerprint == f.NEW_PROGRAM
    assert current_baseline(plant.filler).change_reference == change.reference
    assert not authorisations_on([plant.filler])
    found = {row.kind: row.values[str(plant.filler.uid)] for row in change.snapshots.all()}
    assert found[Snapshot.Kind.AS_FOUND]["program_fingerprint"] == f.PROGRAM
    assert found[Snapshot.Kind.AS_LEFT]["program_fingerprint"] == f.NEW_PROGRAM
    meanings = Signature.objects.filter(thing_uid=change.uid).values_list("meaning", flat=True)
    assert list(meanings) == ["approved", "approved", "released", "implemented", "verified"]
    assert not Grant.objects.filter(change_uid=change.uid, revoked_at=None).exists()


def test_every_signature_binds_content_and_evidence(plant):
    change = f.make_scheduled(plant)
    run = change.check_runs.get(phase=Phase.APPROVE, number=1)
    signature = Signature.objects.filter(thing_uid=change.uid).first()
    assert signature.content_digest == change.content_digest
    assert signature.evidence_digest == run.results_digest
    assert change.reference in signature.statement
    assert "gate run 1 was open" in signature.statement


def test_work_gives_authorisation_and_access_for_exactly_its_assets(plant):
    change = f.make_started(plant)
    [grant] = Grant.objects.filter(change_uid=change.uid)
    assert (grant.asset, grant.user) == (plant.filler, plant.engineer)
    assert authorisations_on([plant.filler])[plant.filler.pk].change_reference == change.reference


def test_every_move_is_in_the_ledger_and_announced(plant):
    change = f.make_started(plant)
    actions = set(Entry.objects.filter(thing_uid=change.uid).values_list("action", flat=True))
    assert {
        "changes.change.raised",
        "changes.change.submit",
        "changes.change.assess",
        "changes.approval.approved",
        "changes.change.schedule",
        "changes.release.given",
        "changes.change.start",
        "changes.gate.finished",
    } <= actions
    kinds = set(Event.objects.filter(thing_uid=change.uid).values_list("kind", flat=True))
    assert {"changes.submit", "changes.approve", "changes.schedule", "changes.start", "changes.gate"} <= kinds


def test_it_waits_for_those_who_can_act_now_and_for_nobody_else(plant):
    def waiting():
        rows = InboxItem.objects.filter(done_at=None, is_task=True).select_related("user")
        return {(row.kind.rsplit(".", 1)[1], row.user.username) for row in rows}

    change = f.make_assessed(plant)
    assert waiting() == {("approve", "manager")}
    f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    decisions.approve(change.pk, by=manager, signing=f.signing(manager, change, Phase.APPROVE))
    assert waiting() == {("approve", "approver")}
    approver = f.again(plant.approver)
    decisions.approve(change.pk, by=approver, signing=f.signing(approver, change, Phase.APPROVE))
    assert waiting() == {("release", "shift_lead"), ("start", "engineer")}


# -- before approval ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"description": " "}, "change_field_missing"),
        ({"rollback_steps": ""}, "change_field_missing"),
        ({"assets": []}, "change_no_assets"),
        ({"steps": []}, "change_no_steps"),
        ({"window_from": None, "window_until": None}, "change_no_window"),
        ({"risk_answers": {"likelihood": 2}}, "change_risk_open"),
    ],
)
def test_an_incomplete_change_is_not_submitted(plant, changed, code):
    change = f.make_change(plant, f.details_for(plant, **changed))
    with pytest.raises(Refused) as error:
        assessment.submit(change.pk, by=f.again(plant.engineer))
    assert code in _codes(error)
    assert _state(change) == "draft"


def test_a_window_that_ends_before_it_begins_is_bad_input(plant):
    details = f.details_for(plant)
    with pytest.raises(BadInput):
        f.make_change(
            plant, f.details_for(plant, window_until=details.window_from, window_from=details.window_until)
        )


def test_an_expected_state_names_phases_that_exist(plant):
    with pytest.raises(Refused) as error:
        f.make_change(
            plant, f.details_for(plant, expected=[{"key": "mode", "phases": ["someday"], "value": "RUN"}])
        )
    assert _codes(error) == ["change_expectation_unknown"]


def test_only_the_requester_submits(plant):
    change = f.make_change(plant)
    with pytest.raises(Refused) as error:
        assessment.submit(change.pk, by=f.again(plant.shift_lead))
    assert _codes(error) == ["change_not_in_role"]


def test_who_cannot_see_it_is_told_that_there_is_none(plant):
    change = f.make_assessed(plant)
    with pytest.raises(Hidden):
        assessment.cancel(change.pk, by=f.again(plant.stranger), reason="No")


def test_who_sees_it_without_the_right_is_told_so(plant):
    change = f.make_assessed(plant)
    with pytest.raises(Forbidden):
        decisions.approve(
            change.pk,
            by=f.again(plant.compliance),
            signing=f.signing(plant.compliance, change, Phase.APPROVE),
        )


def test_a_return_needs_a_reason_and_leads_back_to_the_draft(plant):
    change = f.make_change(plant)
    engineer = f.again(plant.engineer)
    assessment.submit(change.pk, by=engineer)
    with pytest.raises(Refused) as error:
        assessment.send_back(change.pk, by=engineer, reason=" ")
    assert _codes(error) == ["change_no_reason"]
    assessment.send_back(change.pk, by=engineer, reason="The backup is missing")
    assert _state(change) == "draft"


def test_a_material_edit_supersedes_approvals_visibly_and_asks_again(plant):
    change = f.make_scheduled(plant)
    before = change.content_digest
    details = drafts.details_of(change)
    changed = drafts.edit(
        change.pk,
        f.replaced(details, description="Load Filler_R14"),
        by=f.again(plant.engineer),
        reason="New build",
    )
    assert changed.state == "assessment"
    assert changed.round == 2
    assert changed.content_digest != before
    assert [row.superseded_reason for row in changed.approvals.all()] == ["New build", "New build"]
    assert changed.attachments.filter(round=2).exists()
    assessment.finish(change.pk, by=f.again(plant.engineer))
    f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    decisions.approve(change.pk, by=manager, signing=f.signing(manager, change, Phase.APPROVE))
    assert changed.approvals.count() == 3


def test_an_edit_that_changes_nothing_material_supersedes_nothing(plant):
    change = f.make_scheduled(plant)
    drafts.edit(change.pk, drafts.details_of(change), by=f.again(plant.engineer))
    assert _state(change) == "scheduled"
    assert not change.approvals.filter(superseded_at__isnull=False).exists()


def test_who_edited_the_content_cannot_approve_it(plant):
    f.give(plant, plant.manager, "engineer", plant.site)
    change = f.make_assessed(plant)
    drafts.edit(
        change.pk,
        f.replaced(drafts.details_of(change), title="Raise the rate to 630"),
        by=f.again(plant.manager),
    )
    assessment.finish(change.pk, by=f.again(plant.engineer))
    f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    with pytest.raises(Refused) as error:
        decisions.approve(change.pk, by=manager, signing=f.signing(manager, change, Phase.APPROVE))
    assert _codes(error) == ["change_four_eyes"]


def test_an_approver_cannot_be_named_as_implementer_at_medium_risk(plant):
    change = f.make_scheduled(plant)
    with pytest.raises(Refused) as error:
        drafts.assign(change.pk, [plant.manager.person], role=Role.IMPLEMENTER, by=f.again(plant.engineer))
    assert _codes(error) == ["change_four_eyes"]


# -- ends -----------------------------------------------------------------------------------------
def test_a_rejection_is_signed_and_final(plant):
    change = f.make_assessed(plant)
    manager = f.again(plant.manager)
    decisions.reject(change.pk, by=manager, signing=f.signing(manager, change), reason="Not in May")
    assert _state(change) == "rejected"
    assert Signature.objects.get(thing_uid=change.uid).meaning == "rejected"
    with pytest.raises(Refused) as error:
        assessment.rework(change.pk, by=manager, reason="After all")
    assert _codes(error) == ["change_wrong_state"]


def test_the_requester_or_a_manager_cancels_before_work_begins(plant):
    for who in ("engineer", "manager"):
        change = f.make_assessed(plant)
        assessment.cancel(change.pk, by=f.again(plant.people[who]), reason="Not needed any more")
        assert _state(change) == "cancelled"
    change = f.make_assessed(plant)
    with pytest.raises(Refused):
        assessment.cancel(change.pk, by=f.again(plant.shift_lead), reason="I say so")


def test_work_that_has_begun_is_not_cancelled_but_backed_out(plant):
    change = f.make_started(plant)
    with pytest.raises(Refused) as error:
        assessment.cancel(change.pk, by=f.again(plant.engineer), reason="Enough")
    assert _codes(error) == ["change_wrong_state"]
    work.back_out(change.pk, by=f.again(plant.engineer), reason="Enough")
    assert _state(change) == "backing_out"


def test_a_change_whose_window_went_by_expires(plant, monkeypatch):
    change = f.make_scheduled(plant)
    assert scheduling.sweep() == 0
    later = change.window_until
    monkeypatch.setattr(scheduling, "now", lambda: later)
    assert scheduling.sweep() == 1
    assert _state(change) == "expired"


def test_rework_takes_a_scheduled_change_back_and_the_next_round_asks_for_everything(plant):
    change = f.make_scheduled(plant)
    assessment.rework(change.pk, by=f.again(plant.manager), reason="Other recipe first")
    assert _state(change) == "draft"
    engineer = f.again(plant.engineer)
    assessment.submit(change.pk, by=engineer)
    again = assessment.finish(change.pk, by=engineer)
    assert again.round == 2
    assert not again.approvals.filter(superseded_at=None).exists()


def test_an_approval_may_be_withdrawn_before_work_and_given_again(plant):
    change = f.make_scheduled(plant)
    manager = f.again(plant.manager)
    decisions.withdraw(change.pk, by=manager, signing=f.signing(manager, change), reason="Line 2 is down")
    assert _state(change) == "approval"
    assert Signature.objects.filter(thing_uid=change.uid, meaning="revoked").exists()
    f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    decisions.approve(change.pk, by=manager, signing=f.signing(manager, change, Phase.APPROVE))
    assert _state(change) == "scheduled"


def test_somebody_elses_approval_cannot_be_withdrawn(plant):
    change = f.make_scheduled(plant)
    lead = f.again(plant.shift_lead)
    with pytest.raises(Refused) as error:
        decisions.withdraw(change.pk, by=lead, signing=f.signing(lead, change), reason="No")
    assert _codes(error) == ["change_not_in_role"]


# -- small sites ----------------------------------------------------------------------------------
def _as_b(small, change, phase=None):
    user = f.again(small.b)
    return {"by": user, "signing": f.signing(user, change, phase)}


def test_two_people_suffice_at_a_small_site(small):
    change = f.make_change(small, by="a")
    assessment.submit(change.pk, by=f.again(small.a))
    assessment.finish(change.pk, by=f.again(small.a))
    f.gate(small, change, Phase.APPROVE, by="b")
    decisions.approve(change.pk, **_as_b(small, change, Phase.APPROVE))
    assert _state(change) == "scheduled"
    f.gate(small, change, Phase.START, by="b", mode="REM")
    work.release(change.pk, **_as_b(small, change, Phase.START))
    f.gate(small, change, Phase.START, by="a", mode="REM")
    work.start(change.pk, by=f.again(small.a))
    for step in change.steps.all():
        work.note_step(change.pk, step.number, by=f.again(small.a), state="done")
    work.complete(change.pk, by=f.again(small.a), signing=f.signing(small.a, change))
    f.gate(small, change, Phase.VERIFY, by="b")
    closing.close(change.pk, **_as_b(small, change, Phase.VERIFY))
    assert _state(change) == "closed"


def test_the_first_of_the_two_can_neither_approve_nor_verify(small):
    for role in ("manager", "shift_lead", "approver"):
        f.give(small, small.a, role, small.site)
    change = f.make_change(small, by="a")
    assessment.submit(change.pk, by=f.again(small.a))
    assessment.finish(change.pk, by=f.again(small.a))
    f.gate(small, change, Phase.APPROVE, by="b")
    a = f.again(small.a)
    with pytest.raises(Refused) as error:
        decisions.approve(change.pk, by=a, signing=f.signing(a, change, Phase.APPROVE))
    assert set(_codes(error)) == {"change_four_eyes"}
