"""From what a device said to a value that is the same in JSON, in a database and in a digest."""

from __future__ import annotations

import json
import math
import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from enum import Enum
from typing import Any

from fieldlink.errors import AddressError, ReadError
from fieldlink.spec import PointSpec, Quality, ReadReason, Value

MOST_TEXT = 65_536
MOST_ITEMS = 4_096
_MOST_DEPTH = 8
_EXACT_INT = 2**53 - 1
# The least epoch values read as milliseconds, microseconds, nanoseconds: about the year 5138 in
# the next coarser unit, so that no plant's clock is ambiguous.
_EPOCH_STEPS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))

PLAIN_TYPES = ("", "bool", "int", "float", "number", "string", "list")


def _type_error(code: str) -> ReadError:
    return ReadError(ReadReason.TYPE, code)


def decimal_text(number: Decimal) -> str:
    """A finite decimal without trailing zeros, and without exponent where that stays short."""
    if not number.is_finite():
        raise _type_error("NotANumber")
    if not number:
        return "0"
    plain = number.normalize()
    return format(plain, "f") if -12 <= plain.adjusted() <= 20 else str(plain)


def float_text(number: float, *, single: bool = False) -> str:
    """The shortest decimal that reads back as the same float (of 32 bits if `single`)."""
    if not math.isfinite(number):
        raise _type_error("NotANumber")
    if not single:
        return decimal_text(Decimal(repr(number)))
    packed = struct.pack(">f", number)
    for digits in range(6, 10):
        text = f"{number:.{digits}g}"
        if struct.pack(">f", float(text)) == packed:
            break
    return decimal_text(Decimal(text))


def json_safe(value: Any, *, depth: int = 0) -> Value:
    """The value in JSON's types, floats as decimal strings; raises ReadError(TYPE)."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        return _safe_list(value, depth)
    for kind, safe in _SCALARS:
        if isinstance(value, kind):
            return safe(value)
    raise _type_error("UnsupportedType")


def _safe_list(value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
    if len(value) > MOST_ITEMS or depth >= _MOST_DEPTH:
        raise _type_error("TooLarge")
    return [json_safe(item, depth=depth + 1) for item in value]


def _safe_text(text: str) -> str:
    if len(text) > MOST_TEXT:
        raise _type_error("TooLarge")
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise _type_error("UnsafeText")
    return text


def _safe_int(number: int) -> int | str:
    return int(number) if abs(number) <= _EXACT_INT else str(int(number))


def _safe_moment(moment: datetime) -> str:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


_SCALARS: tuple[tuple[type, Callable[[Any], Value]], ...] = (
    (int, _safe_int),
    (float, float_text),
    (Decimal, decimal_text),
    (str, _safe_text),
    (bytes, lambda data: _safe_text(data.hex())),
    (datetime, _safe_moment),
    (uuid.UUID, str),
)


def presented(value: Any, point: PointSpec) -> Value:
    """A value as read, scaled as its point says; raises ReadError(TYPE)."""
    if not point.is_scaled:
        return json_safe(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _type_error("NotANumber")
    number = Decimal(float_text(value)) if isinstance(value, float) else Decimal(value)
    try:
        return decimal_text(number * Decimal(point.scale) + Decimal(point.offset))
    except DecimalException:
        raise _type_error("OutOfRange") from None


def conforms(value: Any, datatype: str) -> bool:
    """Whether a decoded value is of one of the plain datatypes."""
    is_int = isinstance(value, int) and not isinstance(value, bool)
    is_number = is_int or isinstance(value, float | Decimal)
    return {
        "": True,
        "bool": isinstance(value, bool),
        "int": is_int,
        "float": is_number,
        "number": is_number,
        "string": isinstance(value, str),
        "list": isinstance(value, list | tuple),
    }[datatype]


def parsed_json(payload: bytes) -> Any:
    """JSON with exact decimals; raises ReadError(PROTOCOL)."""

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    try:
        return json.loads(payload, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError, DecimalException):
        raise ReadError(ReadReason.PROTOCOL, "NotJson") from None


def path_steps(path: str) -> tuple[str, ...]:
    r"""The steps of `a.b.0`; a backslash keeps `.`, `@`, `!` and itself from meaning anything."""
    if not path:
        return ()
    steps, step, escaped = [], "", False
    for char in path:
        if escaped:
            step, escaped = step + char, False
        elif char == "\\":
            escaped = True
        elif char == ".":
            steps.append(step)
            step = ""
        else:
            step += char
    steps.append(step)
    if escaped or not all(steps):
        raise AddressError(f"The path {path!r} has an empty step or ends in a backslash.")
    return tuple(steps)


def at_path(document: Any, steps: tuple[str, ...]) -> Any:
    """The value under a path; raises ReadError(NO_SUCH_POINT)."""
    here = document
    for step in steps:
        if isinstance(here, dict) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        else:
            raise ReadError(ReadReason.NO_SUCH_POINT, "NoSuchPath")
    return here


def moment_of(value: Any) -> datetime | None:
    """ISO 8601 with offset, or an epoch in s, ms, µs or ns, as UTC; None if it is neither."""
    if isinstance(value, str):
        return _iso_moment(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    divisor = next((by for least, by in _EPOCH_STEPS if value >= least), 1)
    try:
        return datetime.fromtimestamp(float(Decimal(value) / divisor), UTC)
    except (OverflowError, ValueError, OSError, DecimalException):
        return None


def _iso_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC)


def quality_of(value: Any) -> Quality:
    """A quality said in words (good, uncertain…, bad…) or as a yes; whatever else is bad."""
    if value is True:
        return Quality.GOOD
    if isinstance(value, str):
        word = value.strip().lower()
        if word in {"good", "ok"}:
            return Quality.GOOD
        if word.startswith("uncertain"):
            return Quality.UNCERTAIN
    return Quality.BAD
