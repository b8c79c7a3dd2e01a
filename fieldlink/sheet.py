"""The sheet of one probe: a line per point, so that there is always one reading per point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fieldlink.errors import ReadError
from fieldlink.spec import EndpointIdentity, EndpointSpec, PointSpec, Probe, Quality, Reading, ReadReason
from fieldlink.values import presented

_BY_QUALITY = {
    Quality.GOOD: ReadReason.OK,
    Quality.UNCERTAIN: ReadReason.UNCERTAIN_QUALITY,
    Quality.BAD: ReadReason.BAD_QUALITY,
    Quality.NONE: ReadReason.BAD_QUALITY,
}


@dataclass(frozen=True, slots=True)
class Observation:
    """What a connector heard about one point, before it is scaled and made safe."""

    value: Any
    quality: Quality = Quality.GOOD
    status_code: str = "Good"
    source_time: datetime | None = None
    rtt_ms: float | None = None
    reason: ReadReason | None = None


class Sheet:
    """Collects readings while a probe runs; what it holds survives a time-out."""

    def __init__(self, probe: Probe) -> None:
        self.endpoint: EndpointSpec = probe.endpoint
        self.points: tuple[PointSpec, ...] = probe.points
        self.identity: EndpointIdentity | None = None
        self.attempts = 0
        self.may_retry = True
        self._readings: list[Reading | None] = [None] * len(probe.points)

    def open_points(self) -> list[tuple[int, PointSpec]]:
        """The points nothing is known about yet, with their places."""
        return [(i, p) for i, p in enumerate(self.points) if self._readings[i] is None]

    def note(self, place: int, seen: Observation) -> None:
        """Write down what was heard about one point."""
        reason = seen.reason or _BY_QUALITY[seen.quality]
        if reason is ReadReason.BAD_QUALITY:
            seen = replace(seen, value=None)
        try:
            value = presented(seen.value, self.points[place])
            if value is None and reason is ReadReason.OK:
                raise ReadError(ReadReason.TYPE, "NoValue")
        except ReadError as exc:
            self.miss(place, exc.reason, exc.code, heard=seen)
            return
        self._readings[place] = replace(
            self._blank(place, reason, seen.status_code),
            value=value,
            quality=seen.quality,
            source_time=seen.source_time,
            received_time=datetime.now(UTC),
            rtt_ms=seen.rtt_ms,
        )

    def miss(self, place: int, reason: ReadReason, code: str, *, heard: Observation | None = None) -> None:
        """Write down that one point gave no usable value, and why."""
        reading = self._blank(place, reason, code)
        if heard is not None:
            reading = replace(
                reading,
                quality=Quality.BAD,
                source_time=heard.source_time,
                received_time=datetime.now(UTC),
                rtt_ms=heard.rtt_ms,
            )
        self._readings[place] = reading

    def miss_rest(self, reason: ReadReason, code: str) -> None:
        """Write the same reason on every line that is still empty."""
        for place, _ in self.open_points():
            self.miss(place, reason, code)

    def readings(self) -> tuple[Reading, ...]:
        """One reading per point in the order of the probe; an empty line reads DEADLINE."""
        self.miss_rest(ReadReason.DEADLINE, "Deadline")
        return tuple(r for r in self._readings if r is not None)

    def _blank(self, place: int, reason: ReadReason, code: str) -> Reading:
        point = self.points[place]
        return Reading(
            endpoint_uid=self.endpoint.uid,
            point_uid=point.uid,
            address=point.address,
            value=None,
            unit=point.unit,
            quality=Quality.NONE,
            status_code=code,
            source_time=None,
            received_time=None,
            rtt_ms=None,
            reason=reason,
            attempts=self.attempts,
        )
