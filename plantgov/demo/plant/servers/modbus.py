"""Modbus TCP: one server, a unit id per device, every register computed when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plantgov.demo.plant.behaviour import Image
from plantgov.demo.plant.front import HOST
from plantgov.demo.plant.model import Device
from plantgov.demo.plant.registers import registers_of

ImageNow = Callable[[Device], Image]
Action = Callable[
    [int, int, int, int, list[int], list[int] | list[bool] | None], Coroutine[None, None, ExcCodes | None]
]
_READ_FUNCTIONS = (1, 2, 3, 4)
_IDENTITY = {"VendorName": "PlantGov", "ProductCode": "Simulated plant", "MajorMinorRevision": "1.0"}


class ModbusPlant:
    """The Modbus half of the plant."""

    def __init__(self, devices: Iterable[Device], image_now: ImageNow) -> None:
        self._units = [_unit(device, image_now) for device in devices]
        self._server: ModbusTcpServer | None = None

    async def start(self) -> tuple[str, int]:
        """Listen on a free port; the address."""
        identity = ModbusDeviceIdentification(info_name=_IDENTITY)
        self._server = ModbusTcpServer(self._units, address=(HOST, 0), identity=identity)
        await self._server.serve_forever(background=True)
        listening: Any = self._server.transport
        return HOST, listening.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            await self._server.shutdown()


def _unit(device: Device, image_now: ImageNow) -> SimDevice:
    registers = registers_of(device)
    blocks = [
        SimData(r.start, values=[0] * r.size, datatype=DataType.REGISTERS, readonly=True) for r in registers
    ]
    return SimDevice(device.unit, simdata=blocks, action=_refresh(device, image_now))


def _refresh(device: Device, image_now: ImageNow) -> Action:
    """What pymodbus calls before each answer: brings the registers of the device up to date."""
    registers = registers_of(device)

    async def refresh(
        function: int, first: int, _address: int, _count: int, held: list[int], _written: object
    ) -> ExcCodes | None:
        if function not in _READ_FUNCTIONS:
            return ExcCodes.ILLEGAL_FUNCTION
        image = image_now(device)
        if image.quality == "bad":
            return ExcCodes.DEVICE_FAILURE
        for register in registers:
            at = register.start - first
            held[at : at + register.size] = register.words(image.values[register.key])
        return None

    return refresh
