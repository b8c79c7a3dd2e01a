"""What one check says of one reading."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.rules.checks import CheckSpec, Seen, judge, judge_offline, same
from plantgov.core.verdict import Verdict

AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
PASS, FAIL, ERROR, UNSURE = Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE


def _spec(**changed):
    values = {
        "key": "mode",
        "label": "Key switch",
        "kind": "allow_list",
        "source": "live",
        "severity": "blocking",
        "max_age_s": 60,
        "asset_tag": "FIL-PLC-01",
        "signal_uid": "s1",
        "signal_key": "mode",
        "expected": ["REM", "PROG"],
    }
    return CheckSpec(**{**values, **changed})


def _seen(value="REM", *, age_s=1, **changed):
    moment = AT - timedelta(seconds=age_s)
    values = {
        "code": "ok",
        "value": value,
        "quality": "good",
        "source_time": moment,
        "received_time": moment,
    }
    return Seen(**{**values, **changed})


KINDS = [
    # kind, expected, observed, verdict
    ("equals", "7A1C", "7A1C", PASS),
    ("equals", "7A1C", "7A1D", FAIL),
    ("equals", "7A1C", " 7A1C ", PASS),
    ("equals", "7A1C", None, ERROR),
    ("equals", "7A1C", ["7A1C"], ERROR),
    ("equals", False, False, PASS),
    ("equals", False, True, FAIL),
    ("equals", False, 0, FAIL),
    ("equals", 0, False, FAIL),
    ("equals", 5, "5.0", PASS),
    ("equals", ["A", "B"], ["B", "A"], PASS),
    ("equals", ["A", "B"], ["A"], FAIL),
    ("equals", None, "7A1C", ERROR),
    ("range", {"low": "1.5", "high": "2.5"}, "2.0", PASS),
    ("range", {"low": "1.5", "high": "2.5"}, "2.5", PASS),
    ("range", {"low": "1.5", "high": "2.5"}, "2.51", FAIL),
    ("range", {"low": "1.5", "high": "2.5"}, True, ERROR),
    ("range", {"low": "1.5", "high": "2.5"}, "NaN", ERROR),
    ("range", {"low": "1.5", "high": "2.5"}, "hot", ERROR),
    ("count", 0, 0, PASS),
    ("count", 0, 1, FAIL),
    ("count", 2, ["A", "B"], PASS),
    ("count", 2, ["A", "B", "C"], FAIL),
    ("count", 0, "none", ERROR),
    ("count", 0, True, ERROR),
    ("count", 0, -1, ERROR),
    ("allow_list", ["REM", "PROG"], "PROG", PASS),
    ("allow_list", ["REM", "PROG"], "RUN", FAIL),
    ("allow_list", [], [], PASS),
    ("allow_list", [], ["IL-DOOR"], FAIL),
    ("allow_list", ["IL-DOOR"], ["IL-DOOR"], PASS),
    ("allow_list", ["IL-DOOR"], ["IL-DOOR", "IL-LEVEL"], FAIL),
    ("allow_list", [], 0, PASS),
    ("allow_list", [], 1, FAIL),
    ("allow_list", ["IL-DOOR"], 1, UNSURE),
    ("allow_list", ["IL-DOOR"], 2, FAIL),
    ("allow_list", [], True, ERROR),
    ("allow_list", [], None, ERROR),
    ("age", None, 4711, PASS),
    ("record", None, "abc", UNSURE),
]


@pytest.mark.parametrize(("kind", "expected", "observed", "verdict"), KINDS)
def test_kinds_of_check(kind, expected, observed, verdict):
    found = judge(_spec(kind=kind, expected=expected), _seen(observed), at=AT)
    assert found.verdict == verdict, str(found.reason)


@pytest.mark.parametrize(
    ("code", "quality", "verdict"),
    [
        ("ok", "good", PASS),
        ("uncertain_quality", "uncertain", UNSURE),
        ("no_timestamp", "good", UNSURE),
        ("bad_quality", "bad", ERROR),
        ("timeout", "none", ERROR),
        ("refused", "none", ERROR),
        ("type", "good", ERROR),
        ("deadline", "none", ERROR),
        ("reading_stopped", "none", ERROR),
        ("a_code_of_the_future", "good", ERROR),
        ("ok", "uncertain", ERROR),
        ("ok", "", ERROR),
    ],
)
def test_a_reading_that_is_not_surely_good_never_passes(code, quality, verdict):
    assert judge(_spec(), _seen(code=code, quality=quality), at=AT).verdict == verdict


def test_a_check_without_a_reading_or_without_a_signal_is_an_error():
    assert judge(_spec(), None, at=AT).verdict == ERROR
    found = judge(_spec(signal_uid=""), None, at=AT)
    assert (found.verdict, found.reason.code) == (ERROR, "check_no_signal")


def test_an_old_value_is_inconclusive_and_a_fresh_one_says_until_when_it_is_good():
    assert judge(_spec(), _seen(age_s=61), at=AT).verdict == UNSURE
    found = judge(_spec(), _seen(age_s=20), at=AT)
    assert (found.verdict, found.valid_until) == (PASS, AT + timedelta(seconds=40))


def test_the_older_of_both_times_counts():
    seen = _seen(source_time=AT - timedelta(seconds=50), received_time=AT)
    assert judge(_spec(), seen, at=AT).valid_until == AT + timedelta(seconds=10)


def test_a_configuration_may_carry_an_old_time_of_its_own():
    seen = _seen("7A1C", source_time=AT - timedelta(days=90), received_time=AT)
    spec = _spec(kind="equals", expected="7A1C")
    assert judge(spec, seen, at=AT).verdict == UNSURE
    received = CheckSpec(**{**spec.to_json(), "age_from": "received"})
    assert judge(received, seen, at=AT).verdict == PASS


def test_a_clock_that_runs_ahead_proves_nothing():
    assert judge(_spec(), _seen(source_time=AT + timedelta(minutes=5)), at=AT).verdict == UNSURE


def test_without_a_source_time_a_moving_heartbeat_is_needed():
    seen = _seen(source_time=None)
    assert judge(_spec(), seen, at=AT).verdict == UNSURE
    assert judge(_spec(), seen, at=AT, is_alive=True).verdict == PASS
    assert judge(_spec(), _seen(source_time=None, age_s=61), at=AT, is_alive=True).verdict == UNSURE


def test_a_manual_reading_passes_by_its_value_and_age_and_its_absence_is_an_error():
    spec = _spec(source="manual", signal_uid="", max_age_s=3600)
    seen = _seen("REM", quality="manual", age_s=600, observer="Lena Brandt")
    assert judge(spec, seen, at=AT).verdict == PASS
    assert judge(spec, _seen("RUN", quality="manual"), at=AT).verdict == FAIL
    assert judge(spec, _seen("REM", quality="manual", age_s=3700), at=AT).verdict == UNSURE
    assert judge(spec, None, at=AT).reason.code == "check_manual_missing"


def test_a_device_declared_dead_must_prove_it():
    spec = _spec(kind="offline", expected=False)
    silent, talking = Seen(code="refused", quality="none"), _seen("RUN")
    broken = Seen(code="auth", quality="none")
    assert judge_offline(spec, [silent, silent], at=AT).verdict == PASS
    assert judge_offline(spec, [silent, talking], at=AT).verdict == FAIL
    assert judge_offline(spec, [silent, broken], at=AT).verdict == ERROR
    assert judge_offline(spec, [], at=AT).verdict == ERROR


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.text(max_size=5),
    st.lists(st.text(max_size=3), max_size=3),
    st.sampled_from(["REM", "1.5", "NaN", "Infinity", "-1", "1e400"]),
)
EXPECTED = {
    "equals": VALUES,
    "count": VALUES,
    "allow_list": VALUES,
    "range": st.fixed_dictionaries({"low": VALUES, "high": VALUES}),
}


@given(
    st.sampled_from(sorted(EXPECTED)).flatmap(lambda kind: st.tuples(st.just(kind), EXPECTED[kind])), VALUES
)
def test_whatever_is_read_gets_a_verdict_and_a_sentence(kind_and_expected, observed):
    kind, expected = kind_and_expected
    found = judge(_spec(kind=kind, expected=expected), _seen(observed), at=AT)
    assert isinstance(found.verdict, Verdict)
    assert str(found.reason)
    if found.verdict == PASS:
        assert expected is not None
        assert observed is not None


@given(VALUES, VALUES)
def test_equality_is_symmetric(one, other):
    assert same(one, other) == same(other, one)
