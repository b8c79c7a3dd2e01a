"""The table of transitions, exhaustively."""

from itertools import product

import pytest

from changes.rules.transitions import state_blockers
from changes.states import PERMISSIONS, TERMINAL, TRANSITIONS, State, from_state, reference

PAIRS = sorted(product(State.values, TRANSITIONS))


@pytest.mark.parametrize(("state", "name"), PAIRS)
def test_only_the_pairs_of_the_table_are_possible(state, name):
    row = TRANSITIONS[name]
    reasons = state_blockers(row, state=state, reference="CHG-2026-0001")
    assert bool(reasons) == (state not in row.sources)
    if reasons:
        assert "CHG-2026-0001" in str(reasons[0])


@pytest.mark.parametrize("state", State.values)
def test_every_state_but_the_terminal_ones_has_a_way_out_that_a_person_can_take(state):
    ways = [row for row in from_state(state) if not row.is_automatic and row.target != state]
    assert bool(ways) == (state not in TERMINAL)


@pytest.mark.parametrize("state", sorted(set(State.values) - TERMINAL))
def test_an_end_is_reached_from_every_state_without_any_open_gate(state):
    reached, grown = {state}, True
    while grown:
        ways = [row for row in TRANSITIONS.values() if row.gate is None and reached & set(row.sources)]
        grown = bool({row.target for row in ways} - reached)
        reached |= {row.target for row in ways}
    assert reached & TERMINAL


def test_nothing_leaves_an_end():
    assert not [row.name for row in TRANSITIONS.values() if TERMINAL & set(row.sources)]


def test_scheduled_work_and_the_end_are_entered_by_one_way_each():
    ways = {state: {r.name for r in TRANSITIONS.values() if r.target == state} for state in State}
    assert ways[State.SCHEDULED] == {"schedule", "release"}
    assert ways[State.IMPLEMENTING] == {"start", "resume"}
    assert ways[State.CLOSED] == {"close", "deviate"}


def test_what_commits_the_plant_is_signed_and_gated():
    for name in ("approve", "release", "resume", "backed_out", "close"):
        assert TRANSITIONS[name].meaning, name
        assert TRANSITIONS[name].gate, name
    assert TRANSITIONS["start"].gate


def test_stopping_needs_neither_gate_nor_signature():
    for name in ("hold", "back_out"):
        assert not TRANSITIONS[name].gate
        assert not TRANSITIONS[name].meaning


def test_every_permission_of_the_table_exists_on_the_model():
    known = {f"changes.{code}" for code, _ in PERMISSIONS}
    known |= {f"changes.{verb}_change" for verb in ("view", "add", "change")}
    assert {who.permission for row in TRANSITIONS.values() for who in row.who} <= known


def test_the_reference_page_names_every_state_and_transition():
    page = reference()
    assert all(f"**{name}**" in page for name in TRANSITIONS)
    assert all(state in page for state in State.values)
    assert page.count("```") == 2
