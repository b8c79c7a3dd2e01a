"""Values are the same in JSON, in a database and in a digest."""

import json
import math
import struct
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldlink.errors import AddressError, ReadError
from fieldlink.spec import PointSpec, Quality, ReadReason
from fieldlink.values import (
    float_text,
    json_safe,
    moment_of,
    parsed_json,
    path_steps,
    presented,
    quality_of,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.binary()
)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_exactly(number: float) -> None:
    assert float(float_text(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_float_of_32_bits_reads_back_exactly_and_short(number: float) -> None:
    text = float_text(number, single=True)
    assert struct.pack(">f", float(text)) == struct.pack(">f", number or 0.0)
    assert len(Decimal(text).normalize().as_tuple().digits) <= 9


@given(st.recursive(leaves, lambda inner: st.lists(inner, max_size=4), max_leaves=20))
def test_whatever_is_safe_survives_json_and_holds_no_float(value: object) -> None:
    safe = json_safe(value)
    assert json.loads(json.dumps(safe)) == safe
    assert "." not in json.dumps(safe).replace('"', "") or isinstance(safe, str | list)

    def floats(item: object) -> bool:
        return any(map(floats, item)) if isinstance(item, list) else isinstance(item, float)

    assert not floats(safe)


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        (50.0, "50"),
        (-0.0, "0"),
        (1e-3, "0.001"),
        (1e300, "1E+300"),
        (2**53, str(2**53)),
        (NOON, "2026-03-01T12:00:00+00:00"),
    ],
)
def test_numbers_have_one_spelling(value: object, safe: str) -> None:
    assert json_safe(value) == safe


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, "a\x00b", "\ud800", object(), {}, [[[[[[[[[[1]]]]]]]]]], [0] * 5000, "x" * 70_000],
)
def test_what_no_database_or_json_holds_is_no_value(value: object) -> None:
    with pytest.raises(ReadError) as refused:
        json_safe(value)
    assert refused.value.reason == ReadReason.TYPE


@pytest.mark.parametrize(("value", "scaled"), [(235, "20.5"), (235.0, "20.5"), (Decimal("0.3"), "-2.97")])
def test_scaling_is_decimal(value: object, scaled: str) -> None:
    assert presented(value, PointSpec(uid="p", address="a", scale="0.1", offset="-3")) == scaled


@pytest.mark.parametrize("value", [True, "5", None, [1]])
def test_only_numbers_are_scaled(value: object) -> None:
    with pytest.raises(ReadError):
        presented(value, PointSpec(uid="p", address="a", scale="2"))


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T13:00:00+01:00", NOON),
        (1_772_366_400, NOON),
        (1_772_366_400_000, NOON),
        (1_772_366_400_000_000, NOON),
        (1_772_366_400_000_000_000, NOON),
        (Decimal("1772366400.0"), NOON),
        ("2026-03-01T12:00:00", None),
        ("yesterday", None),
        (True, None),
        (None, None),
        (10**400, None),
        ({}, None),
    ],
)
def test_a_time_has_an_offset_or_is_no_time(said: object, moment: datetime | None) -> None:
    assert moment_of(said) == moment


@pytest.mark.parametrize(
    ("said", "quality"),
    [
        ("GOOD", Quality.GOOD),
        (True, Quality.GOOD),
        ("uncertain_subnormal", Quality.UNCERTAIN),
        ("bad", Quality.BAD),
        ("goodish", Quality.BAD),
        (192, Quality.BAD),
        (None, Quality.BAD),
        (False, Quality.BAD),
    ],
)
def test_a_quality_nobody_knows_is_bad(said: object, quality: Quality) -> None:
    assert quality_of(said) == quality


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 100_000, b"NaN", b"1" * 5000, b"[Infinity]"])
def test_what_is_no_json_is_a_protocol_error(payload: bytes) -> None:
    with pytest.raises(ReadError) as refused:
        parsed_json(payload)
    assert refused.value.reason == ReadReason.PROTOCOL


def test_paths_are_keys_and_places() -> None:
    assert path_steps(r"a.b\.c.0") == ("a", "b.c", "0")
    assert path_steps("") == ()
    for bad in (".", "a.", ".a", "a..b", "a\\"):
        with pytest.raises(AddressError):
            path_steps(bad)
