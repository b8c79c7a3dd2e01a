"""What the plant offers to a reader: every device, where it answers, and each of its points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plantgov.demo.plant import state as memory
from plantgov.demo.plant.behaviour import image_of
from plantgov.demo.plant.devices import DEVICES
from plantgov.demo.plant.model import Device, Point, PointValue, points_of
from plantgov.demo.plant.registers import registers_of

NAMESPACE = "urn:plantgov:simulated-plant"
_PLAIN_TYPES = {
    "text": "string",
    "hex": "string",
    "bool": "bool",
    "count": "int",
    "number": "number",
    "words": "list",
}


@dataclass(frozen=True, slots=True)
class PointInfo:
    """One point: how to read it, and what it says on a plant nobody has touched.

    `low` and `high` are the normal band of a number, None where there is none.
    """

    key: str
    address: str
    datatype: str
    unit: str
    at_rest: PointValue
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DevicePoints:
    """One device: what it is, where it answers, its points. `server_sha256` for OPC UA only."""

    tag: str
    name: str
    kind: str
    site: str
    area: str
    vendor: str
    model: str
    protocol: str
    url: str
    server_sha256: str
    interlocks: tuple[str, ...]
    points: tuple[PointInfo, ...]

    def point(self, key: str) -> PointInfo:
        """The point with this key; raises KeyError."""
        return next((p for p in self.points if p.key == key), None) or self._missing(key)

    def _missing(self, key: str) -> PointInfo:
        raise KeyError(f"{self.tag} has no point {key!r}.")


def describe(data_dir: Path) -> list[DevicePoints]:
    """Every device of the plant that runs, or last ran, with this data directory.

    Raises PlantUnreachable where none ever did: the ports are not known before.
    """
    known = memory.load(data_dir)
    return [_described(device, known) for device in DEVICES.values()]


def _described(device: Device, known: memory.PlantState) -> DevicePoints:
    at_rest = image_of(device, memory.DeviceState.fresh(device), at=0.0).values
    at_rest |= {p.key: p.running for p in device.processes}
    if device.speed is not None:
        at_rest["speed"] = device.speed[0]
    return DevicePoints(
        tag=device.tag,
        name=device.name,
        kind=device.kind,
        site=device.site,
        area=device.area,
        vendor=device.vendor,
        model=device.model,
        protocol=device.protocol,
        url=url_of(device, known.ports[device.tag]),
        server_sha256=known.server_sha256 if device.protocol == "opcua" else "",
        interlocks=device.bypasses,
        points=tuple(_point_info(device, p, at_rest[p.key]) for p in points_of(device)),
    )


def url_of(device: Device, port: int) -> str:
    """Where a device answers on this port."""
    host = f"127.0.0.1:{port}"
    return {
        "opcua": f"opc.tcp://{host}/plant",
        "modbus": f"modbus://{host}/{device.unit}",
        "mqtt": f"mqtt://{host}",
        "http": f"http://{host}",
    }[device.protocol]


def _point_info(device: Device, point: Point, at_rest: PointValue) -> PointInfo:
    address, datatype = _address(device, point)
    if isinstance(at_rest, list) and device.protocol == "modbus":
        at_rest = ",".join(at_rest)
    return PointInfo(point.key, address, datatype, point.unit, at_rest, point.low, point.high)


def _address(device: Device, point: Point) -> tuple[str, str]:
    """Address and datatype of a point as a reader of its protocol spells them."""
    if device.protocol == "modbus":
        register = next(r for r in registers_of(device) if r.key == point.key)
        return f"holding:{register.start}", register.datatype
    plain = _PLAIN_TYPES[point.kind]
    if device.protocol == "opcua":
        return f"ns=2;s={device.tag}.{point.key}", plain
    resource = device.topic if device.protocol == "mqtt" else device.path
    return f"{resource}#{point.key}@time!quality", plain
