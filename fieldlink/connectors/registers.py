"""Modbus addresses and what their registers mean.

    address   = table ":" number ["." bit]      holding:100   input:7   coil:3   holding:40.3
    datatype  = kind ["," order] | "string:" N | "hex:" N | "bool"

Numbers are those of the protocol, from 0: `holding:0` is what manuals print as 40001.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from decimal import Decimal

from fieldlink.errors import AddressError, ReadError
from fieldlink.spec import PointSpec, ReadReason
from fieldlink.values import float_text

Decoded = bool | int | str | Decimal

_ADDRESS = re.compile(r"(holding|input|coil|discrete):(\d{1,5})(?:\.(\d{1,2}))?")
_COUNTED = re.compile(r"(string|hex):(\d{1,3})")

# Kind → (struct code, registers).
_NUMBERS = {
    "uint16": ("H", 1),
    "int16": ("h", 1),
    "uint32": ("I", 2),
    "int32": ("i", 2),
    "float32": ("f", 2),
    "uint64": ("Q", 4),
    "int64": ("q", 4),
    "float64": ("d", 4),
}
# Order → (words reversed, bytes within a word reversed). Letters as in device manuals.
_ORDERS = {
    "be": (False, False),
    "le": (True, False),
    "abcd": (False, False),
    "cdab": (True, False),
    "badc": (False, True),
    "dcba": (True, True),
}
_MOST_REGISTERS = 125


@dataclass(frozen=True, slots=True)
class RegisterAddress:
    """Where a value stands and how it is coded; `size` in registers, or bits for bit tables."""

    table: str
    start: int
    size: int
    kind: str
    order: str = "be"
    bit: int | None = None

    @property
    def is_bit_table(self) -> bool:
        """True for coils and discrete inputs."""
        return self.table in ("coil", "discrete")


def parse(point: PointSpec) -> RegisterAddress:
    """The address of a point; raises AddressError that says what would be right."""
    match = _ADDRESS.fullmatch(point.address)
    if match is None:
        raise AddressError(
            f"{point.address!r} is no Modbus address, such as holding:100, input:7, coil:3, "
            "discrete:2 or holding:100.3 for one bit."
        )
    table, start, bit = match[1], int(match[2]), match[3]
    if table in ("coil", "discrete") or bit is not None:
        address = _bit_address(point, table, start, bit)
    else:
        address = _word_address(point, table, start)
    if address.start + address.size > 65_536:
        raise AddressError(f"{point.address!r} reaches beyond the last address, 65535.")
    return address


def _bit_address(point: PointSpec, table: str, start: int, bit: str | None) -> RegisterAddress:
    if point.datatype not in ("", "bool"):
        raise AddressError(f"{point.address!r} is one bit; its datatype is bool.")
    if bit is None:
        return RegisterAddress(table, start, 1, "bool")
    if table in ("coil", "discrete") or int(bit) > 15:
        raise AddressError(f"{point.address!r}: bits 0 to 15 belong to holding and input.")
    return RegisterAddress(table, start, 1, "bool", bit=int(bit))


def _word_address(point: PointSpec, table: str, start: int) -> RegisterAddress:
    if counted := _COUNTED.fullmatch(point.datatype):
        size = int(counted[2])
        if not 1 <= size <= _MOST_REGISTERS:
            raise AddressError(f"{point.datatype!r}: one request reads 1 to 125 registers.")
        return RegisterAddress(table, start, size, counted[1])
    kind, _, order = (point.datatype or "uint16").lower().partition(",")
    kind, order = kind.strip(), order.strip() or "be"
    if kind == "bool":
        return RegisterAddress(table, start, 1, "bool")
    if kind not in _NUMBERS or order not in _ORDERS:
        raise AddressError(
            f"{point.datatype!r} is no Modbus datatype: {', '.join(_NUMBERS)}, bool, string:N, "
            f"hex:N; word order by suffix: {', '.join(f',{o}' for o in _ORDERS)}."
        )
    return RegisterAddress(table, start, _NUMBERS[kind][1], kind, order)


def decoded(address: RegisterAddress, data: bytes, *, at: int) -> Decoded:
    """The value of an address in the bytes of a block, `at` items in; raises ReadError(TYPE)."""
    if address.is_bit_table:
        return bool(data[at // 8] >> (at % 8) & 1)
    raw = data[at * 2 : (at + address.size) * 2]
    match address.kind:
        case "bool":
            return _flag(int.from_bytes(raw), address.bit)
        case "hex":
            return raw.hex()
        case "string":
            return _text(raw)
        case _:
            return _number(address, raw)


def _flag(word: int, bit: int | None) -> bool:
    if bit is not None:
        return bool(word >> bit & 1)
    if word not in (0, 1):
        raise ReadError(ReadReason.TYPE, "NotABool")
    return word == 1


def _text(raw: bytes) -> str:
    try:
        return raw.rstrip(b"\x00 ").decode()
    except UnicodeDecodeError:
        raise ReadError(ReadReason.TYPE, "NotText") from None


def _number(address: RegisterAddress, raw: bytes) -> int | Decimal:
    words = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    reverse_words, reverse_bytes = _ORDERS[address.order]
    if reverse_bytes:
        words = [w[::-1] for w in words]
    if reverse_words:
        words.reverse()
    (number,) = struct.unpack(f">{_NUMBERS[address.kind][0]}", b"".join(words))
    if isinstance(number, float):
        return Decimal(float_text(number, single=address.kind == "float32"))
    return int(number)
