"""Four eyes, as a truth table over persons."""

import pytest

from changes.rules.separation import MATRIX, excluded_persons, separation_blockers
from changes.rules.transitions import Standing, permission_blockers, person_blockers
from changes.states import TRANSITIONS, Role

R = Role
ANNA, BEN = 1, 2


def _blocked(role, other, *, profile, risk):
    return bool(separation_blockers(role, ANNA, {other: {ANNA: "Anna"}}, profile=profile, risk=risk))


TRUTH = [
    # role, what the person is already, profile, risk, refused
    (R.APPROVER, R.REQUESTER, "small", "low", True),
    (R.APPROVER, R.REQUESTER, "standard", "low", True),
    (R.APPROVER, R.EDITOR, "small", "low", True),
    (R.APPROVER, R.EDITOR, "regulated", "low", True),
    (R.APPROVER, R.IMPLEMENTER, "small", "low", False),
    (R.APPROVER, R.IMPLEMENTER, "small", "medium", True),
    (R.APPROVER, R.IMPLEMENTER, "standard", "low", False),
    (R.APPROVER, R.IMPLEMENTER, "standard", "medium", True),
    (R.APPROVER, R.IMPLEMENTER, "standard", "high", True),
    (R.APPROVER, R.IMPLEMENTER, "standard", "", True),
    (R.APPROVER, R.ASSESSOR, "standard", "high", False),
    (R.IMPLEMENTER, R.APPROVER, "standard", "medium", True),
    (R.IMPLEMENTER, R.APPROVER, "standard", "low", False),
    (R.IMPLEMENTER, R.VERIFIER, "small", "low", True),
    (R.IMPLEMENTER, R.REQUESTER, "standard", "high", False),
    (R.VERIFIER, R.IMPLEMENTER, "small", "low", True),
    (R.VERIFIER, R.IMPLEMENTER, "regulated", "low", True),
    (R.VERIFIER, R.APPROVER, "small", "low", False),
    (R.VERIFIER, R.APPROVER, "standard", "high", False),
    (R.VERIFIER, R.APPROVER, "regulated", "low", True),
    (R.VERIFIER, R.REQUESTER, "small", "high", False),
    (R.VERIFIER, R.REQUESTER, "standard", "low", True),
    (R.VERIFIER, R.EDITOR, "standard", "low", True),
    (R.RELEASER, R.IMPLEMENTER, "small", "low", True),
    (R.RELEASER, R.APPROVER, "small", "low", False),
    (R.RELEASER, R.APPROVER, "standard", "low", False),
    (R.RELEASER, R.APPROVER, "regulated", "low", True),
    (R.DEVIATION, R.IMPLEMENTER, "small", "low", True),
    (R.DEVIATION, R.REQUESTER, "small", "low", False),
    (R.DEVIATION, R.REQUESTER, "standard", "low", True),
]


@pytest.mark.parametrize(("role", "other", "profile", "risk", "refused"), TRUTH)
def test_one_person_in_two_roles(role, other, profile, risk, refused):
    assert _blocked(role, other, profile=profile, risk=risk) is refused


@pytest.mark.parametrize("profile", ["small", "standard", "regulated", "unheard-of"])
@pytest.mark.parametrize("risk", ["low", "medium", "high", ""])
def test_the_hard_pairs_hold_in_every_profile_and_at_every_risk(profile, risk):
    for role, other in (
        (R.APPROVER, R.REQUESTER),
        (R.APPROVER, R.EDITOR),
        (R.VERIFIER, R.IMPLEMENTER),
    ):
        assert _blocked(role, other, profile=profile, risk=risk)
        assert _blocked(other, role, profile=profile, risk=risk)


def test_a_higher_risk_and_a_stricter_profile_never_allow_more():
    for pair in MATRIX:
        for profile in ("small", "standard", "regulated"):
            held = [pair.holds(profile, risk) for risk in ("low", "medium", "high", "")]
            assert held == sorted(held)
        for risk in ("low", "medium", "high"):
            held = [pair.holds(profile, risk) for profile in ("small", "standard", "regulated")]
            assert held == sorted(held)


def test_two_people_suffice_at_a_small_site():
    acts = {
        R.REQUESTER: {ANNA: "Anna"},
        R.EDITOR: {ANNA: "Anna"},
        R.ASSESSOR: {ANNA: "Anna"},
        R.IMPLEMENTER: {ANNA: "Anna"},
    }
    for risk in ("low", "medium"):
        for role in (R.APPROVER, R.RELEASER, R.VERIFIER, R.DEVIATION):
            assert not separation_blockers(role, BEN, acts, profile="small", risk=risk)
            assert separation_blockers(role, ANNA, acts, profile="small", risk=risk)
            acts = {**acts, role: {BEN: "Ben"}}


def test_the_reason_names_person_and_both_roles():
    [reason] = separation_blockers(
        R.VERIFIER, ANNA, {R.IMPLEMENTER: {ANNA: "Anna Berg"}}, profile="small", risk="low"
    )
    assert str(reason) == (
        "Anna Berg is implementer of this change and so cannot be its verifier. Somebody else has to do this."
    )


def test_excluded_persons_are_those_whom_the_rule_refuses():
    acts = {R.REQUESTER: {ANNA: "Anna"}, R.IMPLEMENTER: {BEN: "Ben"}}
    assert excluded_persons(R.APPROVER, acts, profile="standard", risk="medium") == {ANNA, BEN}
    assert excluded_persons(R.APPROVER, acts, profile="standard", risk="low") == {ANNA}


def _standing(*held, person=ANNA, acts=None, risk="low"):
    return Standing(person, "Anna", frozenset(held), acts or {}, "standard", risk)


def test_the_permission_comes_before_everything_else():
    row = TRANSITIONS["approve"]
    assert permission_blockers(row, _standing("changes.view_change"))
    assert not permission_blockers(row, _standing("changes.countersign_change"))


def test_nobody_does_by_hand_what_the_house_does():
    [reason] = permission_blockers(TRANSITIONS["schedule"], _standing("changes.approve_change"))
    assert reason.code == "change_automatic"


def test_start_is_for_the_implementers_named():
    row, permission = TRANSITIONS["start"], "changes.implement_change"
    assert [r.code for r in person_blockers(row, _standing(permission))] == ["change_not_in_role"]
    assert not person_blockers(row, _standing(permission, acts={R.IMPLEMENTER: {ANNA: "Anna"}}))


def test_a_program_cannot_do_what_only_persons_do():
    row = TRANSITIONS["approve"]
    [reason] = person_blockers(row, _standing("changes.approve_change", person=None))
    assert reason.code == "change_no_person"


def test_the_requester_or_a_holder_of_the_permission_may_cancel():
    row, own = TRANSITIONS["cancel"], {R.REQUESTER: {ANNA: "Anna"}}
    assert not person_blockers(row, _standing("changes.view_change", acts=own))
    assert person_blockers(row, _standing("changes.view_change"))
    assert not person_blockers(row, _standing("changes.view_change", "changes.cancel_change"))
