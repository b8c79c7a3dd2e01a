"""Two at the same moment, on a database that really commits; and what is left when the ledger fails."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from changes.models import Approval, Change, CheckRun, Release
from changes.services import assessment, closing, decisions, drafts, gates, work
from changes.states import Phase
from operations.models import ProbeRun
from plantgov.audit.models import Entry
from plantgov.audit.services import entries
from plantgov.core.errors import Refused
from plantgov.people.models import Signature
from tests import factories as f

pytestmark = [pytest.mark.enable_socket, pytest.mark.dialect]


def _at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; a refusal is an answer."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=20)
            return call()
        except Refused as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def _approval(user, change, signing):
    return lambda: decisions.approve(change.pk, by=user, signing=signing)


@pytest.fixture
def plant(fresh_database):
    return f.make_plant()


def test_two_approvers_at_the_same_moment_give_one_decision_each_and_one_transition(plant):
    plant.people["second"] = f.persona(plant, "manager", username="second", roles=("approver", "manager"))
    change = f.make_assessed(plant)
    f.approve(plant, change, "manager")
    change = Change.objects.get(pk=change.pk)
    f.gate(plant, change, Phase.APPROVE)
    users = [f.again(plant.people[name]) for name in ("approver", "second")]
    shown = [f.signing(user, change, Phase.APPROVE) for user in users]
    answers = _at_once(*(_approval(u, change, s) for u, s in zip(users, shown, strict=True)))
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 1
    assert refused[0].reasons[0].code == "change_wrong_state"
    assert Change.objects.get(pk=change.pk).state == "scheduled"
    assert Approval.objects.filter(change=change).count() == 2
    assert Entry.objects.filter(thing_uid=change.uid, action="changes.change.schedule").count() == 1


def test_two_approvers_of_one_stage_at_the_same_moment_both_count(fresh_database):
    plant = f.make_plant(profile="small")
    for name in ("b", "c"):
        plant.people[name] = f.persona(plant, "manager", username=name)
    details = f.details_for(plant, risk_answers=f.SMALL_RISK | {"hurts": True})
    change = f.make_assessed(plant, details)
    f.gate(plant, change, Phase.APPROVE)
    users = [f.again(plant.people[name]) for name in ("b", "c")]
    shown = [f.signing(user, change, Phase.APPROVE) for user in users]
    answers = _at_once(*(_approval(u, change, s) for u, s in zip(users, shown, strict=True)))
    assert not [answer for answer in answers if isinstance(answer, Refused)]
    assert Change.objects.get(pk=change.pk).state == "scheduled"
    assert Approval.objects.filter(change=change, superseded_at=None).count() == 2
    assert Entry.objects.filter(thing_uid=change.uid, action="changes.change.schedule").count() == 1


def test_the_same_approver_twice_at_the_same_moment_is_one(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    shown = f.signing(f.again(plant.manager), change, Phase.APPROVE)
    answers = _at_once(*(_approval(f.again(plant.manager), change, shown) for _ in range(2)))
    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    assert Approval.objects.filter(change=change).count() == 1
    assert Signature.objects.filter(thing_uid=change.uid).count() == 1


def test_an_edit_and_an_approval_at_the_same_moment_never_leave_an_approval_of_other_content(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    manager, engineer = f.again(plant.manager), f.again(plant.engineer)
    shown = f.signing(manager, change, Phase.APPROVE)
    details = f.replaced(drafts.details_of(change), description="Something else")
    _at_once(
        _approval(manager, change, shown),
        lambda: drafts.edit(change.pk, details, by=engineer),
    )
    change = Change.objects.get(pk=change.pk)
    assert change.state == "assessment"
    assert not change.approvals.filter(superseded_at=None).exists()


def test_two_requests_for_a_gate_at_the_same_moment_are_one_run(plant):
    change = f.make_assessed(plant)
    users = [f.again(plant.manager), f.again(plant.approver)]
    runs = _at_once(*(lambda user=u: gates.request_run(change.pk, Phase.APPROVE, by=user) for u in users))
    assert len({run.pk for run in runs}) == 1
    assert ProbeRun.objects.count() == 1


def test_two_judges_at_the_same_moment_write_one_set_of_results(plant):
    change = f.make_assessed(plant)
    run = gates.request_run(change.pk, Phase.APPROVE, by=f.again(plant.manager))
    f.answer(run.probe_run)
    done = _at_once(*(lambda: gates.evaluate(run.uid) for _ in range(3)))
    run = CheckRun.objects.get(pk=run.pk)
    assert sum(done) == 1
    assert run.results.count() == len(run.specs)


def test_two_starts_at_the_same_moment_use_one_release_once(plant):
    change = f.make_scheduled(plant)
    f.release(plant, change)
    f.gate(plant, change, Phase.START, mode="REM")
    answers = _at_once(*(lambda: work.start(change.pk, by=f.again(plant.engineer)) for _ in range(2)))
    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    assert Release.objects.filter(used_at__isnull=False).count() == 1


def test_nothing_happened_when_the_ledger_cannot_be_written(plant, monkeypatch):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    manager = f.again(plant.manager)
    shown = f.signing(manager, change, Phase.APPROVE)
    count, real = Entry.objects.count(), entries.append

    def broken(found):
        if any(draft.action == "changes.approval.approved" for draft in found):
            raise OSError("disk full")
        return real(found)

    monkeypatch.setattr(entries, "append", broken)
    with pytest.raises(OSError, match="disk full"):
        decisions.approve(change.pk, by=manager, signing=shown)
    monkeypatch.undo()
    assert not Approval.objects.exists()
    assert not Signature.objects.filter(thing_uid=change.uid).exists()
    assert Entry.objects.count() == count
    assert Change.objects.get(pk=change.pk).state == "approval"


def test_the_whole_life_of_a_change_commits_under_the_guard(plant):
    change = f.make_done(plant)
    f.gate(plant, change, Phase.VERIFY)
    lead = f.again(plant.shift_lead)
    closing.close(change.pk, by=lead, signing=f.signing(lead, change, Phase.VERIFY))
    assert Change.objects.get(pk=change.pk).state == "closed"
    other = f.make_assessed(plant)
    assessment.rework(other.pk, by=f.again(plant.engineer), reason="Later")
    drafts.edit(other.pk, f.details_for(plant, steps=["One"], assets=[]), by=f.again(plant.engineer))
    assert other.steps.count() == 1
