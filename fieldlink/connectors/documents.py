r"""Values inside documents, for protocols that carry text or JSON.

    address = resource [ "#" path [ "@" time path ] [ "!" quality path ] ]

A path is `a.b.0`: keys and list places, joined by dots; `\.` `\@` `\!` `\\` stand for themselves.
Without `#` the whole payload is the value: a JSON scalar if it is one, else its text. With `@` the
document must say when the value was true (ISO 8601 with offset, or an epoch); with `!` how good it
is (good, uncertain, bad, or true and false).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fieldlink.errors import AddressError, ReadError
from fieldlink.sheet import Observation
from fieldlink.spec import PointSpec, Quality, ReadReason
from fieldlink.values import PLAIN_TYPES, at_path, conforms, moment_of, parsed_json, path_steps, quality_of

_STEPS = r"((?:\\.|[^\\@!])*)"
_FRAGMENT = re.compile(rf"{_STEPS}(?:@{_STEPS})?(?:!{_STEPS})?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DocumentAddress:
    """A resource (topic or path) and where in its document value, time and quality stand."""

    resource: str
    is_json: bool
    value: tuple[str, ...] = ()
    time: tuple[str, ...] | None = None
    quality: tuple[str, ...] | None = None


def parse(point: PointSpec) -> DocumentAddress:
    """The address of a point; raises AddressError."""
    if point.datatype not in PLAIN_TYPES:
        known = ", ".join(t for t in PLAIN_TYPES if t)
        raise AddressError(f"{point.datatype!r} is no datatype here: {known}, or none for any.")
    resource, hash_mark, fragment = point.address.partition("#")
    if not hash_mark:
        return DocumentAddress(resource, is_json=False)
    match = _FRAGMENT.fullmatch(fragment)
    if match is None:
        raise AddressError(f"{point.address!r}: after # comes path, then @time, then !quality.")
    value, time, quality = match.groups()
    return DocumentAddress(
        resource,
        is_json=True,
        value=path_steps(value),
        time=None if time is None else _named(time, point),
        quality=None if quality is None else _named(quality, point),
    )


def _named(path: str, point: PointSpec) -> tuple[str, ...]:
    if not path:
        raise AddressError(f"{point.address!r} has an empty path after @ or !.")
    return path_steps(path)


def observed(
    payload: bytes, address: DocumentAddress, point: PointSpec, *, status_code: str, rtt_ms: float
) -> Observation:
    """What a payload says about a point; raises ReadError for what it does not say."""
    if not address.is_json:
        value = _whole(payload, point)
        return Observation(_of_type(value, point), status_code=status_code, rtt_ms=rtt_ms)
    document = parsed_json(payload)
    value = at_path(document, address.value)
    quality = Quality.GOOD if address.quality is None else _quality(document, address.quality)
    moment, reason = None, None
    if address.time is not None:
        moment = _moment(document, address.time)
        if moment is None and quality is Quality.GOOD:
            reason, status_code = ReadReason.NO_TIMESTAMP, "NoTimestamp"
    return Observation(
        _of_type(value, point),
        quality=quality,
        status_code=status_code if quality is Quality.GOOD else f"Payload{quality.title()}",
        source_time=moment,
        rtt_ms=rtt_ms,
        reason=reason,
    )


def _whole(payload: bytes, point: PointSpec) -> Any:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise ReadError(ReadReason.TYPE, "NotText") from None
    if point.datatype == "string":
        return text
    try:
        value = parsed_json(payload)
    except ReadError:
        return text
    return text if isinstance(value, dict) else value


def _of_type(value: Any, point: PointSpec) -> Any:
    if not conforms(value, point.datatype):
        raise ReadError(ReadReason.TYPE, "WrongType")
    return value


def _quality(document: Any, path: tuple[str, ...]) -> Quality:
    try:
        return quality_of(at_path(document, path))
    except ReadError:
        return Quality.BAD


def _moment(document: Any, path: tuple[str, ...]) -> datetime | None:
    try:
        return moment_of(at_path(document, path))
    except ReadError:
        return None
