"""Small healthy servers, each on a free port of loopback, made of other people's libraries."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from amqtt.broker import Broker
from amqtt.client import MQTTClient
from asyncua import Server, ua
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from fieldlink.runner import run_plan
from fieldlink.spec import EndpointSpec, Plan, PointSpec, Probe, Reading, Result, SecuritySpec

T = TypeVar("T")

NODES = "urn:plantgov:test"
SOURCE_TIME = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def points(*addresses: str | tuple[str, str]) -> tuple[PointSpec, ...]:
    """Points of addresses, or of addresses with their datatype."""
    pairs = [a if isinstance(a, tuple) else (a, "") for a in addresses]
    return tuple(PointSpec(uid=f"p{i}", address=a, datatype=t) for i, (a, t) in enumerate(pairs))


async def read(
    url: str,
    *addresses: str | tuple[str, str] | PointSpec,
    timeout_s: float = 2.0,
    deadline_s: float = 4.0,
    security: SecuritySpec | None = None,
    credential: str | None = None,
    **plan: object,
) -> Result:
    """Run a plan of one endpoint on loopback."""
    protocol = {"opc.tcp": "opcua", "mqtts": "mqtt", "https": "http"}.get(
        url.split(":", maxsplit=1)[0], url.split(":", maxsplit=1)[0]
    )
    endpoint = EndpointSpec(
        uid="e",
        protocol=protocol,
        url=url,
        timeout_s=timeout_s,
        security=security or SecuritySpec(),
        credential=credential,
    )
    given = tuple(a for a in addresses if isinstance(a, PointSpec)) or points(*addresses)
    options = {"allow_loopback": True} | plan
    return await run_plan(
        Plan(run_uid="r", probes=(Probe(endpoint, given),), deadline_s=deadline_s, **options)
    )


async def readings(
    url: str, *addresses: str | tuple[str, str] | PointSpec, **options: object
) -> tuple[Reading, ...]:
    """The readings of one endpoint on loopback."""
    return (await read(url, *addresses, **options)).readings


@asynccontextmanager
async def modbus_plant(
    *, holding: list[int], inputs: Sequence[int] = (7,), coils: Sequence[bool] = (True,), unit: int = 1
) -> AsyncIterator[int]:
    """A pymodbus server with its own table for each kind, from address 0."""
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "Muster AG", "ProductCode": "MX-1", "MajorMinorRevision": "2.4"}
    )
    bits = DataType.BITS
    device = SimDevice(
        unit,
        simdata=(
            [SimData(0, values=list(coils), datatype=bits)],
            [SimData(0, values=[False, False, True], datatype=bits)],
            [SimData(0, values=holding, datatype=DataType.REGISTERS)],
            [SimData(0, values=list(inputs), datatype=DataType.REGISTERS)],
        ),
    )
    server = ModbusTcpServer(device, address=("127.0.0.1", 0), identity=identity)
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


async def opcua_server(**options: object) -> Server:
    """An OPC UA server with values of every quality, not yet started."""
    server = Server(**options)
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/plant")
    index = await server.register_namespace("urn:plantgov:noise")
    index = await server.register_namespace(NODES)
    held = {
        "Speed": ua.DataValue(ua.Variant(1.5, ua.VariantType.Double), SourceTimestamp=SOURCE_TIME),
        "Level": ua.DataValue(ua.Variant(0.1, ua.VariantType.Float), SourceTimestamp=SOURCE_TIME),
        "Mode": ua.DataValue(ua.Variant("RUN", ua.VariantType.String), SourceTimestamp=SOURCE_TIME),
        "Key": ua.DataValue(ua.Variant(True, ua.VariantType.Boolean), SourceTimestamp=SOURCE_TIME),
        "Forces": ua.DataValue(ua.Variant(["I:1/3", "O:2/0"], ua.VariantType.String)),
        "Big": ua.DataValue(ua.Variant(2**60, ua.VariantType.Int64)),
        "Broken": ua.DataValue(ua.Variant(3.0), ua.StatusCode(ua.StatusCodes.BadSensorFailure), SOURCE_TIME),
        "Doubtful": ua.DataValue(
            ua.Variant(4.0), ua.StatusCode(ua.StatusCodes.UncertainLastUsableValue), SOURCE_TIME
        ),
        "Nan": ua.DataValue(ua.Variant(float("nan"), ua.VariantType.Double)),
        "Empty": ua.DataValue(ua.Variant(None, ua.VariantType.Null)),
    }
    for name, value in held.items():
        variant = value.Value
        node = await server.nodes.objects.add_variable(
            ua.NodeId(name, index), name, variant.Value, varianttype=variant.VariantType
        )
        await server.write_attribute_value(node.nodeid, value)
    return server


def port_of(server: Server) -> int:
    """The port a started OPC UA server got."""
    return server.bserver._server.sockets[0].getsockname()[1]


@contextmanager
def in_thread(plant: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Run a plant in a loop of its own, for servers too slow to start for every test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(what: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, loop).result(30)

    running = plant()
    try:
        yield wait(running.__aenter__())
    finally:
        wait(running.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@asynccontextmanager
async def opcua_plant() -> AsyncIterator[Server]:
    """An OPC UA server without security."""
    server = await opcua_server()
    async with server:
        yield server


@asynccontextmanager
async def mqtt_plant(retained: dict[str, object], **config: object) -> AsyncIterator[int]:
    """An amqtt broker that holds these retained messages."""
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        | config
    )
    await broker.start()
    port = broker._servers["default"].instance.sockets[0].getsockname()[1]
    client = MQTTClient(config={"auto_reconnect": False})
    await client.connect(f"mqtt://127.0.0.1:{port}/")
    for topic, payload in retained.items():
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        await client.publish(topic, data, qos=1, retain=True)
    await client.disconnect()
    try:
        yield port
    finally:
        await broker.shutdown()


@asynccontextmanager
async def http_plant(
    pages: dict[str, tuple[int, bytes]], **tls: object
) -> AsyncIterator[tuple[int, list[str]]]:
    """An HTTP server of fixed pages; yields its port and the heads of the requests it got."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                heads.append(head.decode())
                status, body = pages.get(head.split()[1].decode(), (404, b"{}"))
                extra = b"Location: http://169.254.169.254/\r\n" if status == 302 else b""
                line = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n".encode()
                writer.write(line + extra + b"\r\n" + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **tls)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()


def ago(**delta: float) -> str:
    """An ISO time so long before now."""
    return (datetime.now(UTC) - timedelta(**delta)).isoformat()
