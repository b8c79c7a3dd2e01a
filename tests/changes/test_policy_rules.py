"""Policies add up; stages count persons; risk is rated."""

from datetime import UTC, datetime

import pytest

from changes.rules.approvals import (
    Asked,
    Decision,
    approval_blockers,
    is_complete,
    meets,
    open_stage,
    progress,
    staffing_blockers,
    stage_blockers,
)
from changes.rules.policies import (
    AssetFacts,
    Template,
    manual_rule,
    matches,
    needs_of,
    qualifications_of,
    strictest,
    templates_of,
)
from changes.rules.risk import rate
from changes.services.seeds import POLICIES
from changes.states import PERMISSIONS, Phase

AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
PLC, PUMP = AssetFacts("plc", "high"), AssetFacts("drive", "low")
MANAGER, SECOND = "changes.approve_change", "changes.countersign_change"


def _bodies(profile, risk="low", assets=(PLC,)):
    return [body for _, body in POLICIES.values() if matches(body, profile=profile, risk=risk, assets=assets)]


def _stage(permission, count, order=1):
    return {
        "order": order,
        "name": f"Stage {order}",
        "requirements": [{"label": "x", "permission": permission, "count": count}],
    }


def test_every_matching_policy_attaches_and_the_higher_count_wins():
    needs = needs_of(
        [{"stages": [_stage(MANAGER, 1)]}, {"stages": [_stage(MANAGER, 2), _stage(SECOND, 1, 2)]}]
    )
    assert [(n.stage, n.permission, n.count) for n in needs] == [(1, MANAGER, 2), (2, SECOND, 1)]


def test_the_same_check_of_two_policies_counts_once_at_its_strictest():
    soft = {"key": "k", "label": "K", "kind": "count", "signals": ["forces"], "expected": 0}
    one = {"checks": [{**soft, "phases": {"start": {"severity": "warning", "max_age_s": 600}}}]}
    other = {
        "checks": [
            {
                **soft,
                "phases": {
                    "start": {"severity": "blocking", "max_age_s": 900},
                    "verify": {"severity": "shadow", "max_age_s": 60},
                },
            }
        ]
    }
    for bodies in ([one, other], [other, one]):
        [template] = templates_of(bodies, PLC)
        assert (template.phases["start"].severity, template.phases["start"].max_age_s) == ("blocking", 600)
        assert set(template.phases) == {"start", "verify"}


def test_the_same_key_with_another_expectation_counts_beside_it():
    row = {"key": "k", "label": "K", "kind": "count", "signals": ["forces"], "phases": {}}
    found = templates_of([{"checks": [{**row, "expected": 0}]}, {"checks": [{**row, "expected": 1}]}], PLC)
    assert [template.key for template in found] == ["k", "k+"]


def test_an_unrated_risk_attaches_the_policies_of_every_risk():
    body = {"applies": {"risks": ["high"]}}
    assert matches(body, profile="small", risk="", assets=[PLC])
    assert not matches(body, profile="small", risk="low", assets=[PLC])


def test_manual_reading_is_as_restricted_as_the_strictest_policy_says():
    assert manual_rule([{"manual": "missing"}, {}, {"manual": "no_signals"}]) == "no_signals"
    assert manual_rule([{}]) == "never"
    assert strictest([{"n": 5}, {"n": 3}, {}], "n", 9) == 3
    assert qualifications_of([{"qualifications": ["b"]}, {"qualifications": ["a", "b"]}]) == ["a", "b"]


@pytest.mark.parametrize(
    ("profile", "risk", "stages"),
    [
        ("small", "low", [(1, MANAGER, 1)]),
        ("small", "medium", [(1, MANAGER, 1)]),
        ("small", "high", [(1, MANAGER, 2)]),
        ("standard", "low", [(1, MANAGER, 1), (2, SECOND, 1)]),
        ("standard", "high", [(1, MANAGER, 1), (2, SECOND, 1)]),
        ("regulated", "medium", [(1, MANAGER, 1), (2, SECOND, 1)]),
    ],
)
def test_what_ships_asks_for_these_approvals(profile, risk, stages):
    assert [(n.stage, n.permission, n.count) for n in needs_of(_bodies(profile, risk))] == stages


def test_what_ships_names_permissions_phases_and_templates_that_exist():
    known = {f"changes.{code}" for code, _ in PERMISSIONS}
    for _, body in POLICIES.values():
        assert {n.permission for n in needs_of([body])} <= known
        for row in body.get("checks", []):
            template = Template.from_json(row)
            assert set(template.phases) <= set(Phase.values)
            assert template.signals


def test_controllers_are_checked_fully_and_other_assets_where_they_can_be_read():
    checks = {t.key: t for t in templates_of(_bodies("standard"), PLC)}
    assert {"identity", "program", "firmware", "bypasses", "forces", "mode", "heartbeat"} <= set(checks)
    assert not checks["identity"].is_optional
    assert checks["program"].phases["approve"].severity == "blocking"
    assert checks["mode"].phases["approve"].severity == "warning"
    assert checks["mode"].phases["start"].severity == "blocking"
    pump = {t.key: t for t in templates_of(_bodies("standard", assets=(PUMP,)), PUMP)}
    assert set(pump) == {"identity", "program", "firmware", "heartbeat"}
    assert all(template.is_optional for template in pump.values())


# -- stages ---------------------------------------------------------------------------------------
ASKED = [Asked(1, 1, "Manager", "Manager", MANAGER, 1), Asked(2, 2, "Second", "Second", SECOND, 2)]


def _by(requirement, person, decision="approved"):
    return Decision(requirement, person, f"P{person}", decision, AT)


def test_stages_open_one_after_the_other():
    assert [row.stage for row in open_stage(progress(ASKED, []))] == [1]
    assert [row.stage for row in open_stage(progress(ASKED, [_by(1, 10)]))] == [2]
    assert meets(progress(ASKED, []), {SECOND}) is None
    assert meets(progress(ASKED, [_by(1, 10)]), {SECOND}).id == 2


def test_k_of_n_counts_distinct_persons():
    twice = progress(ASKED, [_by(1, 10), _by(2, 11), _by(2, 11)])
    assert not is_complete(twice)
    assert approval_blockers(twice)
    assert is_complete(progress(ASKED, [_by(1, 10), _by(2, 11), _by(2, 12)]))


def test_one_person_counts_for_one_stage_only():
    decisions = [_by(1, 10)]
    rows = progress(ASKED, decisions)
    [reason] = stage_blockers(rows, decisions, person_id=10, held={MANAGER, SECOND})
    assert reason.code == "approval_already"


def test_a_rejection_meets_nothing():
    assert not is_complete(progress(ASKED[:1], [_by(1, 10, "rejected")]))


def test_without_any_requirement_nothing_is_approved():
    assert not is_complete([])
    assert [r.code for r in approval_blockers([])] == ["change_no_requirement"]
    assert [r.code for r in stage_blockers([], [], person_id=1, held={MANAGER})] == ["change_no_requirement"]


def test_the_stage_says_whom_it_waits_for():
    [reason] = stage_blockers(progress(ASKED, []), [], person_id=10, held={SECOND})
    assert str(reason) == "Stage “Manager” is open now, and it needs: 1 × Manager."


def test_too_few_persons_are_told_at_submission():
    rows = progress(ASKED, [])
    assert not staffing_blockers(rows, {1: [10], 2: [11, 12]}, excluded=[])
    [reason] = staffing_blockers(rows, {1: [10], 2: [10, 11]}, excluded=["Anna"])
    assert reason.code == "change_too_few_people"
    assert "Anna" in str(reason)


# -- risk -----------------------------------------------------------------------------------------
NO = {"hurts": False, "stops": False, "one_way": False, "first_time": False}


@pytest.mark.parametrize(
    ("profile", "answers", "risk"),
    [
        ("small", NO, "low"),
        ("small", NO | {"stops": True}, "medium"),
        ("small", NO | {"stops": True, "one_way": True, "first_time": True}, "high"),
        ("small", NO | {"hurts": True}, "high"),
        ("small", {"hurts": False}, ""),
        ("small", NO | {"hurts": 0}, ""),
        ("standard", {"likelihood": 1, "consequence": 4}, "low"),
        ("standard", {"likelihood": 2, "consequence": 3}, "medium"),
        ("standard", {"likelihood": 3, "consequence": 4}, "high"),
        ("standard", {"likelihood": 1, "consequence": 5}, "high"),
        ("standard", {"likelihood": 6, "consequence": 1}, ""),
        ("standard", {"likelihood": True, "consequence": 1}, ""),
        ("standard", {}, ""),
        ("regulated", NO, ""),
    ],
)
def test_risk_is_rated_as_each_profile_asks(profile, answers, risk):
    assert rate(profile, answers) == risk
