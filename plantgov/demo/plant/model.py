"""The words of the simulated plant: devices, their points, and the values a point may take."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

PROTOCOLS = ("opcua", "modbus", "mqtt", "http")
MODES = ("RUN", "REM", "PROG")
QUALITIES = ("good", "uncertain", "bad", "stale")
# The place of a word in its tuple is the number a Modbus register carries for it.
CODES: dict[str, tuple[str, ...]] = {
    "mode": MODES,
    "run_state": ("STOP", "RUN", "FAULT"),
    "batch_state": ("IDLE", "RUNNING", "HELD", "COMPLETE", "STOPPED"),
    "redundancy": ("SYNCED", "DEGRADED", "ALONE"),
}

Scalar = bool | int | float | str
PointValue = Scalar | list[str]


class PlantError(Exception):
    """Something about the plant that could not be done; the text says what to do next."""


class PlantRefused(PlantError):
    """The plant understood and said no: unknown tag, value out of range, no such switch."""


class PlantUnreachable(PlantError):
    """No plant answers for this data directory."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process value: about `running` while the machine runs, `stopped` when it stands still.

    `swing` is the most that noise adds or takes away, so running values stay in running ± swing;
    `low` and `high` are the band in which nobody is alarmed.
    """

    key: str
    unit: str
    running: float
    stopped: float
    swing: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A live device of the plant; which points it has follows from its flags."""

    tag: str
    name: str
    kind: str
    site: str
    area: str
    protocol: str
    vendor: str
    model: str
    firmware: str
    serial: str
    program: str
    changes: int
    processes: tuple[Process, ...]
    has_key: bool = True
    has_batch: bool = False
    has_partner: bool = False
    speed: tuple[float, str] | None = None
    unit: int = 0
    bypasses: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """The MQTT topic of a device that speaks MQTT."""
        return f"plant/{self.area}/{self.tag}/state"

    @property
    def path(self) -> str:
        """The HTTP path of a device that speaks HTTP."""
        return f"/devices/{self.tag}"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a device. Kinds: text, hex, bool, count, number, code, words."""

    key: str
    kind: str
    unit: str = ""
    low: float | None = None
    high: float | None = None


def fingerprint(tag: str, program: str) -> str:
    """The SHA-256 of a program's content. The same name on the same device is the same content."""
    content = f"CONTROLLER {tag}\nPROGRAM {program}\n" + "\n".join(
        f"RUNG {n:03d} {hashlib.sha256(f'{tag}/{program}/{n}'.encode()).hexdigest()[:24]}" for n in range(64)
    )
    return hashlib.sha256(content.encode()).hexdigest()


def points_of(device: Device) -> tuple[Point, ...]:
    """Every point of a device, in the order people read them."""
    points: list[Point] = []
    if device.has_key:
        points.append(Point("mode", "text"))
        points += [Point("mode_code", "code")] if device.protocol == "modbus" else []
    points += [Point("run_state", "text"), Point("major_fault", "bool")]
    points += [
        Point("program_name", "text"),
        Point("program_fingerprint", "hex"),
        Point("change_counter", "count"),
        Point("firmware", "text"),
        Point("serial", "text"),
    ]
    if device.has_key:
        points += [Point("forces", "count"), Point("bypasses", "words"), Point("bypass_count", "count")]
    points += [Point("alarms_high", "count"), Point("heartbeat", "count")]
    points += [Point("batch_state", "text")] if device.has_batch else []
    points += [Point("redundancy", "text")] if device.has_partner else []
    if device.protocol == "modbus":
        named = {p.key for p in points}
        points += [Point(f"{key}_code", "code") for key in CODES if key in named and key != "mode"]
    if device.speed is not None:
        nominal, unit = device.speed
        points += [Point("speed", "number", unit, 0.0, round(nominal * 1.05, 2)), Point("standstill", "bool")]
    points += [Point(p.key, "number", p.unit, p.low, p.high) for p in device.processes]
    return tuple(points)
