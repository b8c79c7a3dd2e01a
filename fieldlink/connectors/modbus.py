"""Modbus TCP: function codes 1 to 4 and 43/14, one connection per attempt.

Our own reader of the protocol rather than pymodbus' client: that one hides whether a connection
was refused, dropped or never resolved behind the same False, and carries every write function.
pymodbus is the server the tests hold this against.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from time import perf_counter

from fieldlink.connectors.registers import RegisterAddress, decoded, parse
from fieldlink.errors import ReadError
from fieldlink.link import Connector, Link
from fieldlink.sheet import Observation
from fieldlink.spec import EndpointIdentity, PointSpec, ReadReason
from fieldlink.stream import Stream

_READ_FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
_MOST_REGISTERS, _MOST_BITS = 125, 2000
_IDENTIFY_S = 1.0
_HEADER = struct.Struct(">HHHB")

_EXCEPTIONS = {
    1: (ReadReason.NO_SUCH_POINT, "IllegalFunction"),
    2: (ReadReason.NO_SUCH_POINT, "IllegalDataAddress"),
    3: (ReadReason.NO_SUCH_POINT, "IllegalDataValue"),
    4: (ReadReason.BAD_QUALITY, "ServerDeviceFailure"),
    5: (ReadReason.BAD_QUALITY, "Acknowledge"),
    6: (ReadReason.BAD_QUALITY, "ServerDeviceBusy"),
    8: (ReadReason.BAD_QUALITY, "MemoryParityError"),
    10: (ReadReason.UNREACHABLE, "GatewayPathUnavailable"),
    11: (ReadReason.UNREACHABLE, "GatewayTargetFailedToRespond"),
}


class _DeviceSaysNo(ReadError):
    """The device answered, with an exception code: a fact about points, not about the link."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Points that one request reads, because they touch or overlap."""

    table: str
    start: int
    size: int
    lines: tuple[tuple[int, PointSpec, RegisterAddress], ...]


async def read(link: Link) -> None:
    """Read every open point of the sheet, in as few requests as the protocol allows."""
    unit = _unit(link.target.path)
    lines = _understood(link)
    async with await Stream.open(link.target, link.address) as stream:
        device = _Device(stream, unit)
        for block in _blocks(lines):
            await _read_block(link, device, block)
        if link.identify and link.sheet.identity is None:
            link.sheet.identity = await _identity(link, device)


def _unit(path: str) -> int:
    text = path.strip("/") or "1"
    if not text.isdecimal() or int(text) > 255:
        raise ReadError(ReadReason.CONFIG, "BadUnit")
    return int(text)


def _understood(link: Link) -> list[tuple[int, PointSpec, RegisterAddress]]:
    return [(place, point, parse(point)) for place, point in link.sheet.open_points()]


def _blocks(lines: list[tuple[int, PointSpec, RegisterAddress]]) -> Iterator[_Block]:
    """Neighbouring points together; never across a gap, which may be an illegal address."""
    ordered = sorted(lines, key=lambda line: (line[2].table, line[2].start))
    block: _Block | None = None
    for line in ordered:
        address = line[2]
        most = _MOST_BITS if address.is_bit_table else _MOST_REGISTERS
        if block is not None and block.table == address.table:
            end = max(block.start + block.size, address.start + address.size)
            if address.start <= block.start + block.size and end - block.start <= most:
                block = _Block(block.table, block.start, end - block.start, (*block.lines, line))
                continue
        if block is not None:
            yield block
        block = _Block(address.table, address.start, address.size, (line,))
    if block is not None:
        yield block


async def _read_block(link: Link, device: _Device, block: _Block) -> None:
    try:
        data, rtt_ms = await device.table(block.table, block.start, block.size)
    except _DeviceSaysNo as no:
        if len(block.lines) > 1:
            for line in block.lines:
                alone = _Block(block.table, line[2].start, line[2].size, (line,))
                await _read_block(link, device, alone)
            return
        link.sheet.miss(block.lines[0][0], no.reason, no.code)
        return
    for place, _, address in block.lines:
        try:
            value = decoded(address, data, at=address.start - block.start)
        except ReadError as exc:
            link.sheet.miss(place, exc.reason, exc.code, heard=Observation(None, rtt_ms=rtt_ms))
        else:
            link.sheet.note(place, Observation(value, rtt_ms=rtt_ms))


class _Device:
    """Requests and answers over one stream, one at a time."""

    def __init__(self, stream: Stream, unit: int) -> None:
        self._stream = stream
        self._unit = unit
        self._numbers = count(1)

    async def table(self, table: str, start: int, size: int) -> tuple[bytes, float]:
        """The bytes of so many registers or bits, and the round trip in ms."""
        began = perf_counter()
        function = _READ_FUNCTIONS[table]
        answer = await self._ask(struct.pack(">BHH", function, start, size))
        expected = size * 2 if function in (3, 4) else (size + 7) // 8
        if len(answer) != expected + 2 or answer[1] != expected:
            raise ReadError(ReadReason.PROTOCOL, "WrongCount")
        return answer[2:], (perf_counter() - began) * 1000

    async def identification(self) -> dict[int, str]:
        """The basic objects of Read Device Identification: vendor, product code, revision."""
        answer = await self._ask(b"\x2b\x0e\x01\x00")
        if len(answer) < 7 or answer[1] != 0x0E:
            raise ReadError(ReadReason.PROTOCOL, "WrongCount")
        objects, at = {}, 7
        for _ in range(answer[6]):
            if at + 2 > len(answer):
                break
            key, length = answer[at], answer[at + 1]
            text = answer[at + 2 : at + 2 + length].decode("latin-1")
            objects[key] = "".join(c for c in text if c.isprintable())
            at += 2 + length
        return objects

    async def _ask(self, request: bytes) -> bytes:
        number = next(self._numbers) & 0xFFFF
        self._stream.send(_HEADER.pack(number, 0, len(request) + 1, self._unit) + request)
        echoed, protocol, length, unit = _HEADER.unpack(await self._stream.exactly(_HEADER.size))
        if protocol != 0 or echoed != number or not 3 <= length <= 254 or unit != self._unit:
            raise ReadError(ReadReason.PROTOCOL, "NotModbus")
        answer = await self._stream.exactly(length - 1)
        if answer[0] == request[0] | 0x80:
            unknown = (ReadReason.PROTOCOL, f"Exception{answer[1]}")
            raise _DeviceSaysNo(*_EXCEPTIONS.get(answer[1], unknown))
        if answer[0] != request[0]:
            raise ReadError(ReadReason.PROTOCOL, "WrongFunction")
        return answer


async def _identity(link: Link, device: _Device) -> EndpointIdentity:
    """Asked last and briefly: many devices answer it with an exception, some not at all."""
    objects: dict[int, str] = {}
    try:
        async with asyncio.timeout(min(_IDENTIFY_S, link.left_s() / 2)):
            objects = await device.identification()
    except (ReadError, OSError, TimeoutError, asyncio.IncompleteReadError):
        pass
    return EndpointIdentity(
        endpoint_uid=link.endpoint.uid,
        ip=str(link.address),
        manufacturer=objects.get(0, ""),
        product=objects.get(1, ""),
        software_version=objects.get(2, ""),
    )


CONNECTOR = Connector("modbus", parse, read)
