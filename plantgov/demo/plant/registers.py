"""The Modbus map of the plant, the same for every device: which register holds what.

| holding | value | datatype |
|---|---|---|
| 0 | heartbeat | uint16 |
| 1, 2, 8, 9 | mode, run state, batch state, redundancy as numbers | uint16 |
| 3 | major fault | bool |
| 4, 5, 6 | forces, bypasses, high alarms, counted | uint16 |
| 7 | standstill | bool |
| 10 | change counter | uint32 |
| 20, 24, 28, 36 | mode, run state, batch state, redundancy as words | string |
| 50 | fingerprint of the program | hex:16 |
| 70, 86, 94 | program, firmware, serial number | string |
| 110 | names of the bypasses set, with commas between | string:66 |
| 200, 202, 204 … | speed where there is one, then the process values | float32 |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from plantgov.demo.plant.model import Device, PointValue, points_of

_FIXED: dict[str, tuple[int, str]] = {
    "heartbeat": (0, "uint16"),
    "mode_code": (1, "uint16"),
    "run_state_code": (2, "uint16"),
    "major_fault": (3, "bool"),
    "forces": (4, "uint16"),
    "bypass_count": (5, "uint16"),
    "alarms_high": (6, "uint16"),
    "standstill": (7, "bool"),
    "batch_state_code": (8, "uint16"),
    "redundancy_code": (9, "uint16"),
    "change_counter": (10, "uint32"),
    "mode": (20, "string:4"),
    "run_state": (24, "string:4"),
    "batch_state": (28, "string:8"),
    "redundancy": (36, "string:8"),
    "program_fingerprint": (50, "hex:16"),
    "program_name": (70, "string:16"),
    "firmware": (86, "string:8"),
    "serial": (94, "string:8"),
    "bypasses": (110, "string:66"),
}
_FIRST_PROCESS = 200
_WORDS = {"uint16": 1, "bool": 1, "uint32": 2, "float32": 2}


@dataclass(frozen=True, slots=True)
class Register:
    """Where one point stands; `size` in registers of 16 bits."""

    key: str
    start: int
    datatype: str

    @property
    def size(self) -> int:
        """How many registers the value takes."""
        return _WORDS.get(self.datatype) or int(self.datatype.partition(":")[2])

    def words(self, value: PointValue) -> list[int]:
        """The value as registers, big end first."""
        data = _coded(self.datatype, value).ljust(self.size * 2, b"\0")[: self.size * 2]
        return [word for (word,) in struct.iter_unpack(">H", data)]


def registers_of(device: Device) -> tuple[Register, ...]:
    """The registers of a device, in the order of their addresses."""
    fixed: list[Register] = []
    processes: list[Register] = []
    for point in points_of(device):
        if point.key in _FIXED:
            fixed.append(Register(point.key, *_FIXED[point.key]))
        else:
            processes.append(Register(point.key, _FIRST_PROCESS + 2 * len(processes), "float32"))
    return tuple(sorted(fixed, key=lambda r: r.start) + processes)


def _coded(datatype: str, value: PointValue) -> bytes:
    match datatype.partition(":")[0], value:
        case "string", list():
            return ",".join(value).encode()
        case "string", _:
            return str(value).encode()
        case "hex", _:
            return bytes.fromhex(str(value))
        case "float32", _:
            return struct.pack(">f", float(str(value)))
        case "uint32", _:
            return struct.pack(">I", int(str(value)))
        case _:
            return struct.pack(">H", int(value))  # type: ignore[arg-type] # bool or int by the map
