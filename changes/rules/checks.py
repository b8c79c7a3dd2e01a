"""What one check says of one reading. Whatever is not surely right is not a pass."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from changes.rules import reasons as r
from plantgov.core.verdict import Reason, Verdict

CLOCK_TOLERANCE = timedelta(seconds=5)
OFFLINE_CODES = frozenset({"refused", "unreachable", "timeout", "dns"})
NEVER_WAIVED = "internal"


@dataclass(frozen=True)
class CheckSpec:
    """One check of one run, with everything resolved that it compares with. Frozen: its digest is signed.

    `source` is live, manual or internal; `signal_uid` is set for live checks that have a signal.
    """

    key: str
    label: str
    kind: str
    source: str
    severity: str
    max_age_s: int
    asset_uid: str = ""
    asset_tag: str = ""
    signal_uid: str = ""
    signal_key: str = ""
    expected: Any = None
    expected_from: str = ""
    unit: str = ""
    age_from: str = "source"
    is_waivable: bool = False

    def to_json(self) -> dict[str, Any]:
        """The spec as a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "CheckSpec":
        """The spec from a plain dict."""
        return cls(**row)


@dataclass(frozen=True)
class Seen:
    """One reading as a check takes it; `code` is "ok" only for a value read with good quality."""

    code: str
    value: Any = None
    unit: str = ""
    quality: str = ""
    source_time: datetime | None = None
    received_time: datetime | None = None
    endpoint: str = ""
    observer: str = ""
    reason: Reason | None = None


@dataclass(frozen=True)
class Judgement:
    """What a check says, why, and until when it may be relied on (None: not at all)."""

    verdict: Verdict
    reason: Reason
    valid_until: datetime | None = None


def judge(spec: CheckSpec, seen: Seen | None, *, at: datetime, is_alive: bool = False) -> Judgement:
    """Judge one reading. `is_alive`: a heartbeat of the same asset was seen to move, for readings without time."""
    unknown = _unreadable(spec, seen)
    if unknown is not None or seen is None:
        return unknown or Judgement(Verdict.ERROR, r.CHECK_NO_READING())
    taken = _taken_at(spec, seen, is_alive)
    too_old = _not_fresh(spec, seen, taken, at)
    if too_old is not None or taken is None:
        return too_old or Judgement(Verdict.INCONCLUSIVE, r.CHECK_NO_TIME())
    verdict, reason = _compare(spec, seen.value, age_s=_seconds(at - taken))
    return Judgement(verdict, reason, taken + timedelta(seconds=spec.max_age_s))


def _unreadable(spec: CheckSpec, seen: Seen | None) -> Judgement | None:
    if spec.source == "manual" and seen is None:
        return Judgement(Verdict.ERROR, r.MANUAL_MISSING(asset=spec.asset_tag))
    if spec.source == "live" and not spec.signal_uid:
        return Judgement(Verdict.ERROR, r.CHECK_NO_SIGNAL(asset=spec.asset_tag, key=spec.signal_key))
    if seen is None:
        return Judgement(Verdict.ERROR, r.CHECK_NO_READING())
    if seen.code == "uncertain_quality":
        return Judgement(Verdict.INCONCLUSIVE, r.CHECK_UNCERTAIN(observed=shown(seen.value)))
    if seen.code == "no_timestamp":
        return Judgement(Verdict.INCONCLUSIVE, r.CHECK_NO_TIME())
    if seen.code != "ok" or seen.quality not in {"good", "manual"}:
        return Judgement(Verdict.ERROR, _why(seen))
    return None


def _why(seen: Seen) -> Reason:
    return r.CHECK_UNREAD(sentence=str(seen.reason)) if seen.reason else r.CHECK_NO_READING()


def _taken_at(spec: CheckSpec, seen: Seen, is_alive: bool) -> datetime | None:
    """From when the age counts; None when nothing proves that the value is not from long ago."""
    if seen.received_time is None:
        return None
    if seen.source_time is None:
        return seen.received_time if is_alive else None
    return seen.received_time if spec.age_from == "received" else min(seen.source_time, seen.received_time)


def _not_fresh(spec: CheckSpec, seen: Seen, taken: datetime | None, at: datetime) -> Judgement | None:
    if taken is None:
        return None
    newest = max(filter(None, (seen.source_time, seen.received_time)))
    if newest - at > CLOCK_TOLERANCE:
        return Judgement(Verdict.INCONCLUSIVE, r.CHECK_FUTURE(ahead_s=_seconds(newest - at)))
    if at - taken > timedelta(seconds=spec.max_age_s):
        return Judgement(
            Verdict.INCONCLUSIVE, r.CHECK_OLD(age_s=_seconds(at - taken), max_age_s=spec.max_age_s)
        )
    return None


def _seconds(span: timedelta) -> int:
    return max(0, round(span.total_seconds()))


def _compare(spec: CheckSpec, value: Any, *, age_s: int) -> tuple[Verdict, Reason]:
    if spec.kind == "age":
        return Verdict.PASS, r.CHECK_FRESH(age_s=age_s)
    if spec.kind == "record":
        return Verdict.INCONCLUSIVE, r.CHECK_RECORDED(observed=shown(value))
    if spec.expected is None:
        return Verdict.ERROR, r.CHECK_NO_EXPECTATION(source=spec.expected_from, asset=spec.asset_tag)
    return _COMPARISONS[spec.kind](spec.expected, value)


def _equals(expected: Any, value: Any) -> tuple[Verdict, Reason]:
    if value is None or isinstance(value, list) != isinstance(expected, list):
        return Verdict.ERROR, r.CHECK_TYPE(observed=shown(value))
    if same(expected, value):
        return Verdict.PASS, r.CHECK_OK(observed=shown(value))
    return Verdict.FAIL, r.CHECK_DIFFERS(observed=shown(value), expected=shown(expected))


def _range(expected: Any, value: Any) -> tuple[Verdict, Reason]:
    number, low, high = _number(value), _number(expected["low"]), _number(expected["high"])
    if number is None or low is None or high is None:
        return Verdict.ERROR, r.CHECK_TYPE(observed=shown(value))
    if low <= number <= high:
        return Verdict.PASS, r.CHECK_OK(observed=shown(value))
    return Verdict.FAIL, r.CHECK_OUT_OF_RANGE(observed=shown(value), low=str(low), high=str(high))


def _count(expected: Any, value: Any) -> tuple[Verdict, Reason]:
    number, limit = _number(value), _number(expected)
    if isinstance(value, list):
        number = Decimal(len(value))
    if number is None or limit is None or number < 0:
        return Verdict.ERROR, r.CHECK_TYPE(observed=shown(value))
    if number <= limit:
        return Verdict.PASS, r.CHECK_OK(observed=shown(value))
    return Verdict.FAIL, r.CHECK_COUNT(observed=shown(value), expected=shown(expected))


def _allow_list(expected: Any, value: Any) -> tuple[Verdict, Reason]:
    """A word that is in the list, a list whose every word is, or a number of things that are not named."""
    allowed = expected if isinstance(expected, list) else [expected]
    if isinstance(value, list):
        unlisted = [shown(item) for item in value if not any(same(item, one) for one in allowed)]
        if unlisted:
            return Verdict.FAIL, r.CHECK_UNLISTED(unlisted=", ".join(unlisted))
        return Verdict.PASS, r.CHECK_OK(observed=shown(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _allow_number(allowed, value)
    if not isinstance(value, str):
        return Verdict.ERROR, r.CHECK_TYPE(observed=shown(value))
    if any(same(value, one) for one in allowed):
        return Verdict.PASS, r.CHECK_OK(observed=shown(value))
    return Verdict.FAIL, r.CHECK_DIFFERS(observed=shown(value), expected=shown(allowed))


def _allow_number(allowed: Sequence[Any], value: int) -> tuple[Verdict, Reason]:
    if value == 0:
        return Verdict.PASS, r.CHECK_OK(observed="0")
    if 0 < value <= len(allowed):
        return Verdict.INCONCLUSIVE, r.CHECK_COUNT_ONLY(observed=value)
    return Verdict.FAIL, r.CHECK_COUNT(observed=value, expected=len(allowed))


_COMPARISONS = {"equals": _equals, "range": _range, "count": _count, "allow_list": _allow_list}


def same(one: Any, other: Any) -> bool:
    """Equality of two values as JSON carries them: numbers by value, words exactly, lists as sets."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool) and one == other
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(shown, one)) == sorted(map(shown, other))
    if isinstance(one, int) or isinstance(other, int):
        left, right = _number(one), _number(other)
        return left is not None and left == right
    return str(one).strip() == str(other).strip()


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def shown(value: Any) -> str:
    """A value as a sentence shows it."""
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return f"{value.get('low')} … {value.get('high')}" if set(value) == {"low", "high"} else str(value)
    return "–" if value is None or value == "" else str(value)


def judge_offline(spec: CheckSpec, seen: Sequence[Seen], *, at: datetime) -> Judgement:
    """Whether an asset that is declared dead indeed answers nothing."""
    if any(one.code not in OFFLINE_CODES and one.value is not None for one in seen):
        return Judgement(Verdict.FAIL, r.CHECK_ANSWERS(asset=spec.asset_tag))
    if seen and all(one.code in OFFLINE_CODES for one in seen):
        return Judgement(
            Verdict.PASS, r.CHECK_IS_OFF(asset=spec.asset_tag), at + timedelta(seconds=spec.max_age_s)
        )
    why = next((str(_why(one)) for one in seen if one.code not in OFFLINE_CODES), str(r.CHECK_NO_READING()))
    return Judgement(Verdict.ERROR, r.CHECK_OFF_UNPROVED(asset=spec.asset_tag, sentence=why))
