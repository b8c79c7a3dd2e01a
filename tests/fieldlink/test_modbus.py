"""Modbus TCP against pymodbus' server."""

import asyncio
import struct

import pytest

from fieldlink.connectors.registers import decoded, parse
from fieldlink.errors import AddressError
from fieldlink.spec import PointSpec, Quality, ReadReason
from tests.fieldlink.plants import modbus_plant, points, read, readings

pytestmark = pytest.mark.enable_socket


def _words(code: str, *values: float) -> list[int]:
    data = b"".join(struct.pack(f">{code}", v) for v in values)
    return [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]


def test_every_datatype_is_read_as_it_was_stored() -> None:
    text = [int.from_bytes(b"B7"), int.from_bytes(b"-2"), 0]
    holding = [
        *(65_535, 65_535),  # 0, 1
        *_words("I", 4_000_000_000),  # 2
        *_words("f", 0.1),  # 4
        *_words("d", 1e-3),  # 6
        *reversed(_words("i", -70_000)),  # 10
        *text,  # 12
        0b1010,  # 15
        *_words("Q", 2**63),  # 16
    ]
    wanted = [
        (("holding:0", "uint16"), 65_535),
        (("holding:1", "int16"), -1),
        (("holding:2", "uint32"), 4_000_000_000),
        (("holding:4", "float32"), "0.1"),
        (("holding:6", "float64"), "0.001"),
        (("holding:10", "int32,le"), -70_000),
        (("holding:12", "string:3"), "B7-2"),
        (("holding:12", "hex:2"), "42372d32"),
        (("holding:15.1", "bool"), True),
        (("holding:15.2", ""), False),
        (("holding:16", "uint64"), str(2**63)),
        (("input:0", "uint16"), 7),
        (("coil:0", "bool"), True),
        (("discrete:2", ""), True),
    ]

    async def story() -> None:
        async with modbus_plant(holding=holding) as port:
            got = await readings(f"modbus://127.0.0.1:{port}/1", *(w[0] for w in wanted))
            assert [(r.address, r.reason, r.value) for r in got] == [
                (address, ReadReason.OK, value) for (address, _), value in wanted
            ]
            assert {r.quality for r in got} == {Quality.GOOD}

    asyncio.run(story())


def test_scale_and_offset_give_an_exact_decimal() -> None:
    async def story() -> None:
        async with modbus_plant(holding=[235]) as port:
            point = PointSpec(uid="t", address="holding:0", unit="°C", scale="0.1", offset="-3")
            (got,) = await readings(f"modbus://127.0.0.1:{port}/1", point)
            assert (got.value, got.unit) == ("20.5", "°C")

    asyncio.run(story())


def test_a_missing_register_does_not_cost_its_neighbours() -> None:
    async def story() -> None:
        async with modbus_plant(holding=[1, 2]) as port:
            got = await readings(f"modbus://127.0.0.1:{port}/1", "holding:2", "holding:1", "holding:0")
            assert [(r.reason, r.value) for r in got] == [
                (ReadReason.NO_SUCH_POINT, None),
                (ReadReason.OK, 2),
                (ReadReason.OK, 1),
            ]

    asyncio.run(story())


def test_more_points_than_one_request_holds_come_in_order() -> None:
    async def story() -> None:
        async with modbus_plant(holding=list(range(300))) as port:
            addresses = [f"holding:{n}" for n in reversed(range(300))]
            got = await readings(f"modbus://127.0.0.1:{port}/1", *addresses)
            assert [r.value for r in got] == list(reversed(range(300)))

    asyncio.run(story())


def test_a_not_a_number_is_no_value() -> None:
    async def story() -> None:
        async with modbus_plant(holding=[0x7FC0, 0, 5, 0xFFFF]) as port:
            got = await readings(
                f"modbus://127.0.0.1:{port}/1",
                ("holding:0", "float32"),
                ("holding:2", "bool"),
                ("holding:3", "string:1"),
            )
            assert [(r.reason, r.status_code, r.value) for r in got] == [
                (ReadReason.TYPE, "NotANumber", None),
                (ReadReason.TYPE, "NotABool", None),
                (ReadReason.TYPE, "NotText", None),
            ]

    asyncio.run(story())


def test_the_identity_is_read_where_the_device_tells_it() -> None:
    async def story() -> None:
        async with modbus_plant(holding=[1]) as port:
            (who,) = (await read(f"modbus://127.0.0.1:{port}/1", "holding:0")).identities
            assert (who.manufacturer, who.product, who.software_version) == ("Muster AG", "MX-1", "2.4")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("address", "datatype"),
    [
        ("holding", ""),
        ("holding:-1", ""),
        ("holding:65535", "uint32"),
        ("holding:1.16", ""),
        ("coil:1.1", ""),
        ("coil:1", "uint16"),
        ("holding:1", "float16"),
        ("holding:1", "uint32,middle"),
        ("holding:1", "string:126"),
        ("holding:1", "string:0"),
        ("HOLDING:1", ""),
        ("ns=2;s=x", ""),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_with_a_sentence(address: str, datatype: str) -> None:
    with pytest.raises(AddressError) as refused:
        parse(points((address, datatype))[0])
    assert str(refused.value).endswith((".", "dcba."))


@pytest.mark.parametrize(
    ("order", "data"),
    [
        ("", "40490fdb"),
        (",be", "40490fdb"),
        (",le", "0fdb4049"),
        (",cdab", "0fdb4049"),
        (",badc", "4940db0f"),
        (",dcba", "db0f4940"),
    ],
)
def test_word_orders_are_those_of_device_manuals(order: str, data: str) -> None:
    address = parse(points(("holding:0", f"float32{order}"))[0])
    assert str(decoded(address, bytes.fromhex(data), at=0)) == "3.1415927"


def test_a_bad_unit_is_a_matter_of_configuration() -> None:
    (got,) = asyncio.run(readings("modbus://127.0.0.1:9/256", "holding:0"))
    assert (got.reason, got.status_code) == (ReadReason.CONFIG, "BadUnit")
