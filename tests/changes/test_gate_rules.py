"""When a gate is open. The properties that must hold whatever the plant answers."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.rules.gates import RunFacts, gate_blockers, gate_verdict, is_open, valid_until
from plantgov.core.verdict import Verdict

AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    verdict: str
    severity: str = "blocking"
    valid_until: datetime | None = AT + timedelta(minutes=1)
    label: str = "Key switch"
    asset_tag: str = "FIL-PLC-01"
    reason_code: str = "check_no_reading"
    reason_params: tuple = ()


SEVERITIES = st.sampled_from(["blocking", "warning", "shadow"])
RESULTS = st.lists(st.builds(Result, st.sampled_from([str(v) for v in Verdict]), SEVERITIES), max_size=6)
UNKNOWN = [Verdict.ERROR, Verdict.INCONCLUSIVE]


def _run(results, **changed):
    results = [replace(one, reason_params={}) for one in results]
    values = {
        "state": "done",
        "verdict": gate_verdict(results),
        "content_digest": "c",
        "spec_digest": "s",
        "results_digest": "r",
        "requested_at": AT,
        "finished_at": AT,
        "valid_until": valid_until(results),
        "results": results,
    }
    return RunFacts(**{**values, **changed})


def _blockers(run, at=AT):
    return gate_blockers(run, content_digest="c", spec_digest="s", at=at)


@given(RESULTS, st.data())
def test_turning_any_pass_into_unknown_never_opens_a_gate(results, data):
    for index, one in enumerate(results):
        if one.verdict == Verdict.PASS:
            worse = list(results)
            worse[index] = replace(one, verdict=str(data.draw(st.sampled_from(UNKNOWN))))
            assert not (is_open(worse) and not is_open(results))
            if one.severity == "blocking":
                assert not is_open(worse)


@given(RESULTS, st.builds(Result, st.sampled_from(["fail", "error", "inconclusive"])))
def test_one_blocking_check_that_did_not_pass_shuts_the_gate(results, bad):
    assert not is_open([*results, bad])
    assert _blockers(_run([*results, bad]))


@given(RESULTS)
def test_open_and_blockers_say_the_same(results):
    assert is_open(results) == (not _blockers(_run(results)))


@given(RESULTS, RESULTS)
def test_more_checks_never_open_a_gate_that_has_passed_some(results, more):
    if not is_open(results) and any(
        r.severity == "blocking" and r.verdict != "not_applicable" for r in results
    ):
        assert not is_open([*results, *more])


@pytest.mark.parametrize(
    "results",
    [[], [Result("pass", "warning")], [Result("pass", "shadow")], [Result("not_applicable")]],
    ids=["nothing", "warnings only", "shadows only", "nothing that applies"],
)
def test_an_empty_gate_never_opens(results):
    assert not is_open(results)
    assert [reason.code for reason in _blockers(_run(results))] == ["gate_empty"]


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (["pass", "inconclusive"], "inconclusive"),
        (["inconclusive", "error"], "error"),
        (["error", "fail", "inconclusive", "pass"], "fail"),
        (["pass", "not_applicable"], "pass"),
    ],
)
def test_fail_is_above_error_is_above_inconclusive_is_above_pass(verdicts, worst):
    assert gate_verdict([Result(v) for v in verdicts]) == worst


def test_a_run_is_good_as_long_as_its_shortest_lived_check():
    near, far = AT + timedelta(seconds=40), AT + timedelta(minutes=10)
    results = [Result("pass", valid_until=far), Result("pass", valid_until=near), Result("fail", "shadow")]
    assert valid_until(results) == near
    assert not _blockers(_run(results), at=near)
    assert [r.code for r in _blockers(_run(results), at=near + timedelta(seconds=1))] == ["gate_stale"]


def test_a_pass_that_nobody_may_rely_on_makes_the_run_stale_at_once():
    results = [Result("pass"), Result("pass", valid_until=None)]
    assert [r.code for r in _blockers(_run(results))] == ["gate_stale"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"state": "due"}, "gate_running"),
        ({"state": "lost"}, "gate_lost"),
        ({"content_digest": "other"}, "change_content_moved"),
        ({"spec_digest": "other"}, "change_gate_spec_moved"),
    ],
)
def test_a_run_that_says_nothing_about_this_content_keeps_the_gate_shut(changed, code):
    assert code in [r.code for r in _blockers(_run([Result("pass")], **changed))]


def test_a_gate_that_never_ran_is_shut():
    assert [r.code for r in _blockers(None)] == ["gate_not_run"]


def test_every_blocking_check_is_named_with_its_asset():
    sentences = [str(r) for r in _blockers(_run([Result("fail"), Result("error", label="Forces")]))]
    assert sentences[0].startswith("FIL-PLC-01 · Key switch: ")
    assert "Forces" in sentences[1]
