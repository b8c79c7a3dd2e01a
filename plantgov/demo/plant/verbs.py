"""What can be done to a device by the hand at its panel, checked before it is done."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from plantgov.demo.plant.behaviour import image_of, level
from plantgov.demo.plant.model import (
    CODES,
    MODES,
    QUALITIES,
    Device,
    PlantRefused,
    Point,
    PointValue,
    points_of,
)
from plantgov.demo.plant.state import DeviceState

Arguments = dict[str, Any]
_LONGEST_TEXT = {"run_state": 8, "batch_state": 16, "redundancy": 16, "firmware": 16, "serial": 16}
_LONGEST_NAME, _MOST_BYPASSES, _MOST_FORCES = 32, 4, 999
_MOST_COUNT = 65_535
_MOST_NUMBER = 1e12
# Points that have a verb of their own.
_OTHER_VERB = {
    "mode": "key",
    "forces": "forces",
    "bypasses": "bypass",
    "bypass_count": "bypass",
    "program_name": "program",
    "program_fingerprint": "program",
    "change_counter": "program",
}


def turn_key(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Turn the mode switch to RUN, REM or PROG; in PROG the machine stops."""
    _needs_key(device, "key switch")
    mode = _text(arguments, "mode").upper()
    if mode not in MODES:
        raise PlantRefused(f"The key of {device.tag} turns to {', '.join(MODES)}, not to {mode!r}.")
    _moving(state, mode=mode)


def bypass(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Set or clear an interlock bypass by name."""
    _needs_key(device, "interlocks to bypass")
    name = _name(arguments, "name")
    if "," in name:
        raise PlantRefused("The name of a bypass has no comma in it.")
    if arguments.get("clear"):
        if name not in state.bypasses:
            set_now = ", ".join(state.bypasses) or "none"
            raise PlantRefused(f"{device.tag} has no bypass {name!r} to clear; set now: {set_now}.")
        state.bypasses.remove(name)
    elif name not in state.bypasses:
        if len(state.bypasses) >= _MOST_BYPASSES:
            raise PlantRefused(f"{device.tag} holds {_MOST_BYPASSES} bypasses; clear one first.")
        state.bypasses = sorted([*state.bypasses, name])


def force(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Set how many inputs and outputs are forced."""
    _needs_key(device, "forces")
    count = arguments.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST_FORCES:
        raise PlantRefused(f"The number of forces is a whole number from 0 to {_MOST_FORCES}.")
    state.forces = count


def load_program(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Download a program: its name decides its content, and the change counter counts."""
    state.program = _name(arguments, "name")
    state.changes += 1


def restore_program(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Download the approved program again: the fingerprint returns, the change counter does not."""
    state.program = device.program
    state.changes += 1


def stop(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Stop the machine; it coasts down."""
    _moving(state, started=False)


def start(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Start the machine; a fault or the key in PROG keeps it still until cleared."""
    _moving(state, started=True)


def set_point(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Hold a point at a value, or let it go back to the simulation."""
    point = _point(device, _text(arguments, "point"))
    was = level(state, at=time.time())
    if arguments.get("clear"):
        state.overrides.pop(point.key, None)
    else:
        state.overrides[point.key] = _value(point, arguments.get("value"))
    if point.key == "major_fault":
        state.level_from, state.changed_at = was, time.time()


def set_quality(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Break the quality of what a device shows, or freeze it (`stale`), or mend it (`good`)."""
    quality = _text(arguments, "quality").lower()
    if quality not in QUALITIES:
        raise PlantRefused(f"Quality is one of {', '.join(QUALITIES)}, not {quality!r}.")
    if quality == "uncertain" and device.protocol == "modbus":
        raise PlantRefused(
            f"{device.tag} speaks Modbus, which cannot say 'uncertain'; use bad (the device answers "
            "with exception 4) or stale (its heartbeat stands still)."
        )
    state.frozen = None
    state.quality = "good"
    if quality == "stale":
        now = image_of(device, state, at=time.time())
        state.frozen = {"at": now.at, "values": now.values}
    state.quality = quality


def stall(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Let the device accept connections and never answer."""
    state.stalled = not arguments.get("off")


def drop(device: Device, state: DeviceState, arguments: Arguments) -> None:
    """Let the device refuse connections."""
    state.dropped = not arguments.get("off")


VERBS: dict[str, Callable[[Device, DeviceState, Arguments], None]] = {
    "key": turn_key,
    "bypass": bypass,
    "forces": force,
    "load": load_program,
    "restore": restore_program,
    "stop": stop,
    "start": start,
    "set": set_point,
    "quality": set_quality,
    "stall": stall,
    "drop": drop,
}


def _moving(state: DeviceState, *, mode: str | None = None, started: bool | None = None) -> None:
    """Change what decides whether the machine moves, and let it go there from where it is."""
    now = time.time()
    state.level_from, state.changed_at = level(state, at=now), now
    state.mode = state.mode if mode is None else mode
    state.started = state.started if started is None else started


def _needs_key(device: Device, what: str) -> None:
    if not device.has_key:
        raise PlantRefused(f"{device.tag} is a {device.kind.replace('_', ' ')} and has no {what}.")


def _text(arguments: Arguments, key: str) -> str:
    value = arguments.get(key)
    if not isinstance(value, str) or not value.strip():
        raise PlantRefused(f"Say which {key} is meant.")
    return value.strip()


def _name(arguments: Arguments, key: str) -> str:
    name = _text(arguments, key)
    if len(name.encode()) > _LONGEST_NAME or not name.isprintable():
        raise PlantRefused(f"A name has at most {_LONGEST_NAME} printable characters.")
    return name


def _point(device: Device, key: str) -> Point:
    known = {p.key: p for p in points_of(device)}
    if key not in known:
        raise PlantRefused(f"{device.tag} has no point {key!r}; it has {', '.join(known)}.")
    if verb := _OTHER_VERB.get(key):
        raise PlantRefused(f"{key} has a verb of its own: `manage.py plant {verb} {device.tag} …`.")
    if known[key].kind == "code":
        raise PlantRefused(f"{key} follows {key.removesuffix('_code')}; set that.")
    return known[key]


def _value(point: Point, given: object) -> PointValue:
    """The value a person meant, from JSON or from text typed on a command line."""
    match point.kind:
        case "bool":
            return _as_bool(point, given)
        case "count":
            return int(_as_number(point, given, whole=True))
        case "number":
            return _as_number(point, given)
        case _:
            return _as_word(point, given)


def _as_bool(point: Point, given: object) -> bool:
    if isinstance(given, bool):
        return given
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False}
    answer = (words | {"off": False}).get(str(given).strip().lower())
    if answer is None:
        raise PlantRefused(f"{point.key} is true or false, not {given!r}.")
    return answer


def _as_number(point: Point, given: object, *, whole: bool = False) -> float:
    try:
        number = float(str(given))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > _MOST_NUMBER:
        raise PlantRefused(f"{point.key} is a number, not {given!r}.")
    if whole and not (number.is_integer() and 0 <= number <= _MOST_COUNT):
        raise PlantRefused(f"{point.key} is a whole number from 0 to {_MOST_COUNT}.")
    return number


def _as_word(point: Point, given: object) -> str:
    text = str(given).strip() if isinstance(given, str) else ""
    if point.key in CODES:
        text = text.upper()
        if text not in CODES[point.key]:
            raise PlantRefused(f"{point.key} is one of {', '.join(CODES[point.key])}, not {given!r}.")
    longest = _LONGEST_TEXT[point.key]
    if not text or not text.isprintable() or len(text.encode()) > longest:
        raise PlantRefused(f"{point.key} is text of 1 to {longest} characters.")
    return text
