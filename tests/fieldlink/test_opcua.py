"""OPC UA against asyncua's server, without security."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from asyncua import Server, ua
from asyncua.server.internal_session import InternalSession
from asyncua.ua.uaerrors import BadTooManyOperations

from fieldlink.connectors.opcua_nodes import parse
from fieldlink.errors import AddressError
from fieldlink.spec import PointSpec, Quality, ReadReason
from tests.fieldlink.plants import NODES, SOURCE_TIME, in_thread, opcua_plant, points, port_of, read, readings

pytestmark = pytest.mark.enable_socket
R = ReadReason


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with in_thread(opcua_plant) as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    return f"opc.tcp://127.0.0.1:{port_of(server)}/plant"


def _node(name: str) -> str:
    return f"nsu={NODES};s={name}"


def test_values_come_with_quality_and_source_time(url: str) -> None:
    wanted = {
        "Speed": (R.OK, "1.5", Quality.GOOD, "Good", SOURCE_TIME),
        "Level": (R.OK, "0.1", Quality.GOOD, "Good", SOURCE_TIME),
        "Mode": (R.OK, "RUN", Quality.GOOD, "Good", SOURCE_TIME),
        "Key": (R.OK, True, Quality.GOOD, "Good", SOURCE_TIME),
        "Broken": (R.BAD_QUALITY, None, Quality.BAD, "BadSensorFailure", SOURCE_TIME),
        "Doubtful": (R.UNCERTAIN_QUALITY, "4", Quality.UNCERTAIN, "UncertainLastUsableValue", SOURCE_TIME),
        "Absent": (R.NO_SUCH_POINT, None, Quality.NONE, "BadNodeIdUnknown", None),
    }
    got = asyncio.run(readings(url, *map(_node, wanted)))
    heard = [(r.reason, r.value, r.quality, r.status_code, r.source_time) for r in got]
    assert heard == list(wanted.values())


def test_lists_large_integers_and_what_is_no_value(url: str) -> None:
    got = asyncio.run(readings(url, *map(_node, ("Forces", "Big", "Nan", "Empty"))))
    assert [(r.reason, r.value) for r in got] == [
        (R.OK, ["I:1/3", "O:2/0"]),
        (R.OK, str(2**60)),
        (R.TYPE, None),
        (R.TYPE, None),
    ]


def test_a_value_of_another_type_is_unknown(url: str) -> None:
    wanted = [
        ("Speed", "Double", R.OK),
        ("Speed", "float64", R.OK),
        ("Speed", "number", R.OK),
        ("Speed", "Int32", R.TYPE),
        ("Speed", "bool", R.TYPE),
        ("Speed", "Double[]", R.TYPE),
        ("Key", "Boolean", R.OK),
        ("Forces", "String[]", R.OK),
        ("Forces", "bool[]", R.TYPE),
        ("Forces", "list", R.OK),
        ("Forces", "string", R.TYPE),
        ("Mode", "string", R.OK),
    ]
    got = asyncio.run(readings(url, *((_node(name), datatype) for name, datatype, _ in wanted)))
    assert [r.reason for r in got] == [reason for *_, reason in wanted]
    assert all((r.value is None) == (r.reason is R.TYPE) for r in got)


def test_a_namespace_this_server_lacks_is_no_such_point(url: str) -> None:
    got = asyncio.run(readings(url, "nsu=urn:other;s=Speed", _node("Speed")))
    heard = [(r.reason, r.status_code) for r in got]
    assert heard == [(R.NO_SUCH_POINT, "NoSuchNamespace"), (R.OK, "Good")]


def test_the_identity_names_application_and_build(url: str) -> None:
    (who,) = asyncio.run(read(url, "i=2258")).identities
    assert who.application_uri == "urn:freeopcua:python:server"
    assert who.product == "FreeOpcUa Python Server"
    assert who.ip == "127.0.0.1"


def test_three_hundred_nodes_come_in_order_though_the_server_takes_twenty_at_a_time(
    url: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    service = InternalSession.read

    async def at_most_twenty(session: InternalSession, params: ua.ReadParameters) -> object:
        asked.append(len(params.NodesToRead))
        if len(params.NodesToRead) > 20:
            raise BadTooManyOperations
        return await service(session, params)

    monkeypatch.setattr(InternalSession, "read", at_most_twenty)
    got = asyncio.run(readings(url, *[_node("Speed"), _node("Key")] * 150))
    assert [r.value for r in got] == ["1.5", True] * 150
    assert max(asked) == 100


def test_sessions_are_given_back(url: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []
    close = InternalSession.close_session

    async def counted(session: InternalSession, *args: object) -> object:
        closed.append(session)
        return await close(session, *args)

    monkeypatch.setattr(InternalSession, "close_session", counted)
    for _ in range(3):
        asyncio.run(readings(url, _node("Speed"), _node("Absent")))
    assert len({id(session) for session in closed}) == 3
    time.sleep(0.05)
    assert not server.bserver.clients


def test_scaled_values_are_exact(url: str) -> None:
    point = PointSpec(uid="l", address=_node("Level"), unit="%", scale="100")
    text = PointSpec(uid="m", address=_node("Mode"), scale="100")
    got = asyncio.run(readings(url, point, text))
    assert [(r.reason, r.value) for r in got] == [(R.OK, "10"), (R.TYPE, None)]


@pytest.mark.parametrize(
    ("address", "datatype"),
    [
        ("", ""),
        ("Speed", ""),
        ("ns=2", ""),
        ("ns=x;s=a", ""),
        ("ns=70000;s=a", ""),
        ("i=-1", ""),
        ("g=nonsense", ""),
        ("srv=1;ns=2;s=a", ""),
        ("ns=2;s=a", "Quaternion"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_with_a_sentence(address: str, datatype: str) -> None:
    with pytest.raises(AddressError, match="is no"):
        parse(points((address, datatype))[0])


@pytest.mark.parametrize(
    "address", ["i=2258", "ns=2;s=a;b=c", "ns=3;g=09087e75-8e5e-499b-954f-f2a9603db28a", "ns=1;b=AAEC"]
)
def test_every_kind_of_node_id_is_understood(address: str) -> None:
    assert parse(points(address)[0]).uri == ""
