"""How a device behaves: from its state and the time to the value of each point. Pure."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache

from plantgov.demo.plant.model import CODES, Device, PointValue, Process, fingerprint, points_of
from plantgov.demo.plant.state import DeviceState

RAMP_S = 2.0
_STANDSTILL_SHARE = 0.005
_HEARTBEAT_MODULUS = 65_536


@dataclass(frozen=True, slots=True)
class Image:
    """All values of a device as it shows them, with the time they are from and their quality."""

    values: dict[str, PointValue]
    at: float
    quality: str


def image_of(device: Device, state: DeviceState, *, at: float) -> Image:
    """What a device shows at this time; a stale one shows what it showed when it froze."""
    if state.frozen is not None:
        return Image(dict(state.frozen["values"]), state.frozen["at"], "good")
    computed = _values(device, state, at)
    return Image({p.key: computed[p.key] for p in points_of(device)}, at, state.quality)


def runs(state: DeviceState) -> bool:
    """Whether the machine is meant to move: started, no fault, controller not in PROG."""
    return state.started and state.mode != "PROG" and state.overrides.get("major_fault") is not True


def level(state: DeviceState, *, at: float) -> float:
    """How far the machine is from standstill (0) to full speed (1)."""
    target = 1.0 if runs(state) else 0.0
    way = min(1.0, max(0.0, (at - state.changed_at) / RAMP_S))
    return state.level_from + (target - state.level_from) * way


def process_value(tag: str, process: Process, *, at: float, level: float) -> float:
    """A process value with its gentle noise: the same at the same time, on every machine."""
    middle = process.stopped + (process.running - process.stopped) * level
    share = 1.0 if process.running == process.stopped else level
    return round(middle + process.swing * share * _noise(tag, process.key, at), _decimals(process.swing))


def _noise(tag: str, key: str, at: float) -> float:
    slow_s, fast_s, phase = _rhythm(tag, key)
    slow = math.sin(2 * math.pi * at / slow_s + phase)
    return 0.7 * slow + 0.3 * math.sin(2 * math.pi * at / fast_s + 2 * phase)


@cache
def _rhythm(tag: str, key: str) -> tuple[float, float, float]:
    seed = hashlib.sha256(f"{tag}.{key}".encode()).digest()
    return 60 + seed[0] / 4, 7 + seed[1] / 40, seed[2] / 40


def _decimals(swing: float) -> int:
    return 3 if swing < 0.1 else 2 if swing < 1 else 1


def _values(device: Device, state: DeviceState, at: float) -> dict[str, PointValue]:
    """Every value a device could have; more than its points."""
    here = level(state, at=at)
    values: dict[str, PointValue] = {
        "mode": state.mode,
        "run_state": _run_state(device, state),
        "major_fault": False,
        "program_name": state.program,
        "program_fingerprint": fingerprint(device.tag, state.program),
        "change_counter": state.changes,
        "firmware": device.firmware,
        "serial": device.serial,
        "forces": state.forces,
        "bypasses": list(state.bypasses),
        "bypass_count": len(state.bypasses),
        "alarms_high": _alarms(device, state),
        "heartbeat": int(at) % _HEARTBEAT_MODULUS,
        "batch_state": "RUNNING" if runs(state) else "HELD",
        "redundancy": "SYNCED",
    }
    if device.speed is not None:
        nominal, unit = device.speed
        turning = Process("speed", unit, nominal, 0.0, nominal * 0.008, 0.0, nominal)
        values["speed"] = process_value(device.tag, turning, at=at, level=here)
    for process in device.processes:
        values[process.key] = process_value(device.tag, process, at=at, level=here)
    values |= state.overrides
    if device.speed is not None:
        values.setdefault(
            "standstill", abs(float(str(values["speed"]))) < device.speed[0] * _STANDSTILL_SHARE
        )
    return values | _codes(values)


def _run_state(device: Device, state: DeviceState) -> str:
    if state.overrides.get("major_fault") is True:
        return "FAULT"
    stopped = state.mode == "PROG" if device.has_key else not state.started
    return "STOP" if stopped else "RUN"


def _alarms(device: Device, state: DeviceState) -> int:
    """One for a major fault, one for every value somebody set outside its band."""
    outside = [
        p.key
        for p in device.processes
        if p.key in state.overrides and not p.low <= float(str(state.overrides[p.key])) <= p.high
    ]
    return len(outside) + (state.overrides.get("major_fault") is True)


def _codes(values: dict[str, PointValue]) -> dict[str, PointValue]:
    return {f"{key}_code": words.index(str(values[key])) for key, words in CODES.items()}
