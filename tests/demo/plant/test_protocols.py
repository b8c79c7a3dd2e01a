"""Every device, read by clients that nobody here wrote, and by the reader of the field."""

import asyncio
import json
import struct
from urllib.parse import urlsplit

import httpx
import pytest
from amqtt.client import MQTTClient
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import UaStatusCodeError
from pymodbus.client import AsyncModbusTcpClient

from fieldlink.runner import run
from fieldlink.spec import Plan
from tests.demo.plant.conftest import probe_of

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("plant")]

MOVING = {"heartbeat", "speed"}
SIZES = {"uint16": 1, "bool": 1, "uint32": 2, "float32": 2}


def speaking(devices, protocol):
    found = [d for d in devices.values() if d.protocol == protocol]
    assert found
    return found


def still_points(device):
    """Points whose value at rest is what is served; numbers of the process move."""
    return [p for p in device.points if p.key not in MOVING and p.low is None]


def check_values(device, served):
    assert set(served) == {p.key for p in device.points}
    for point in still_points(device):
        assert served[point.key] == point.at_rest, (device.tag, point.key)
    for point in device.points:
        if point.low is not None:
            assert point.low <= served[point.key] <= point.high, (device.tag, point.key)


def host_port(device):
    parts = urlsplit(device.url)
    return parts.hostname, parts.port


def decoded(point, words):
    raw = struct.pack(f">{len(words)}H", *words)
    match point.datatype.partition(":")[0]:
        case "string":
            return raw.rstrip(b"\0").decode()
        case "hex":
            return raw.hex()
        case "float32":
            return struct.unpack(">f", raw)[0]
        case "bool":
            return bool(words[0])
        case _:
            return int.from_bytes(raw)


def test_the_reader_of_the_field_reads_every_point_of_every_device(devices):
    plan = Plan(
        run_uid="all",
        probes=tuple(probe_of(d) for d in devices.values()),
        allow_loopback=True,
        deadline_s=20.0,
    )
    readings = run(plan).readings
    assert len(readings) == sum(len(d.points) for d in devices.values())
    assert [(r.endpoint_uid, r.point_uid, r.reason) for r in readings if not r.is_ok] == []


def test_devices_have_a_port_each(devices):
    assert len({host_port(d) for d in devices.values()}) == len(devices)


def test_asyncua_finds_every_opcua_device_with_exactly_its_points(devices):
    async def look(device):
        async with Client(device.url) as client:
            assert await client.get_namespace_index("urn:plantgov:simulated-plant") == 2
            children = await client.get_node(f"ns=2;s={device.tag}").get_children()
            assert {c.nodeid.to_string() for c in children} == {p.address for p in device.points}
            held = {p.key: await client.get_node(p.address).read_data_value() for p in device.points}
            assert all(h.StatusCode.is_good() and h.SourceTimestamp for h in held.values())
            return {key: h.Value.Value for key, h in held.items()}

    async def all_of_them():
        for device in speaking(devices, "opcua"):
            check_values(device, await look(device))

    asyncio.run(all_of_them())


def test_opcua_is_also_offered_signed_and_encrypted_with_the_certificate_described(devices, plant_dir):
    device = devices["FIL-PLC-01"]

    async def look():
        client = Client(device.url)
        offers = await client.connect_and_get_server_endpoints()
        secured = {e.SecurityPolicyUri.rpartition("#")[2] for e in offers}
        assert secured == {"None", "Basic256Sha256"}
        own = plant_dir / "plant"  # any pair of certificate and key serves as a client's own
        client = Client(device.url)
        client.application_uri = "urn:plantgov:simulated-plant:server"
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=own / "certificate.der",
            private_key=own / "key.pem",
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
        async with client:
            return await client.get_node("ns=2;s=FIL-PLC-01.mode").read_value()

    assert asyncio.run(look()) == "RUN"
    import hashlib

    served = hashlib.sha256((plant_dir / "plant" / "certificate.der").read_bytes()).hexdigest()
    assert device.server_sha256 == served
    assert devices["LBL-PLC-01"].server_sha256 == ""


def test_pymodbus_reads_every_register_of_every_modbus_device(devices):
    async def look(device):
        host, port = host_port(device)
        unit = int(urlsplit(device.url).path.strip("/"))
        client = AsyncModbusTcpClient(host, port=port, retries=0, timeout=3)
        assert await client.connect()
        values = {}
        for point in device.points:
            start = int(point.address.removeprefix("holding:"))
            size = SIZES.get(point.datatype) or int(point.datatype.partition(":")[2])
            answer = await client.read_holding_registers(start, count=size, device_id=unit)
            assert not answer.isError(), (device.tag, point.key)
            values[point.key] = decoded(point, answer.registers)
        client.close()
        return values

    async def all_of_them():
        for device in speaking(devices, "modbus"):
            check_values(device, await look(device))

    asyncio.run(all_of_them())


def test_amqtt_hears_a_retained_message_of_every_mqtt_device(devices):
    async def look(device):
        client = MQTTClient(config={"auto_reconnect": False})
        await client.connect(device.url)
        topic = device.points[0].address.partition("#")[0]
        await client.subscribe([(topic, 0)])
        message = await client.deliver_message(timeout_duration=3)
        await client.disconnect()
        return json.loads(message.data)

    async def all_of_them():
        for device in speaking(devices, "mqtt"):
            document = await look(device)
            assert {k: document.pop(k) for k in ("tag", "quality")} == {"tag": device.tag, "quality": "good"}
            assert document.pop("time").endswith("+00:00")
            check_values(device, document)

    asyncio.run(all_of_them())


def test_httpx_gets_the_document_of_every_http_device(devices):
    for device in speaking(devices, "http"):
        document = httpx.get(f"{device.url}/devices/{device.tag}", trust_env=False).raise_for_status().json()
        assert {k: document.pop(k) for k in ("tag", "quality")} == {"tag": device.tag, "quality": "good"}
        assert document.pop("time").endswith("+00:00")
        check_values(device, document)


def test_the_plant_is_alive(devices, read):
    import time

    tags = ("FIL-PLC-01", "LBL-PLC-01", "CS-01", "CAM-01")
    before = {tag: read(tag, "heartbeat")["heartbeat"] for tag in tags}
    time.sleep(2.2)
    for tag in tags:
        now = read(tag, "heartbeat")["heartbeat"]
        assert 1 <= now.value - before[tag].value <= 4
        if now.source_time is not None:
            assert now.source_time > before[tag].source_time
            assert (now.received_time - now.source_time).total_seconds() < 2.5


def test_opcua_refuses_to_be_written(devices):
    async def write():
        async with Client(devices["FIL-PLC-01"].url) as client:
            await client.get_node("ns=2;s=FIL-PLC-01.mode").write_value("PROG")

    with pytest.raises(UaStatusCodeError, match="BadUserAccessDenied"):
        asyncio.run(write())


def test_opcua_has_no_administrator_to_sign_in_as(devices):
    async def write():
        client = Client(devices["FIL-PLC-01"].url)
        client.set_user("admin")
        client.set_password("admin")
        async with client:
            await client.get_node("ns=2;s=FIL-PLC-01.mode").write_value("PROG")

    with pytest.raises((UaStatusCodeError, ua.UaError)):
        asyncio.run(write())


def test_modbus_refuses_to_be_written_and_knows_only_its_units(devices, read):
    device = devices["LBL-PLC-01"]
    host, port = host_port(device)

    async def attempts():
        client = AsyncModbusTcpClient(host, port=port, retries=0, timeout=3)
        await client.connect()
        try:
            return (
                await client.write_register(4, 9, device_id=11),
                await client.write_registers(20, [1, 2], device_id=11),
                await client.read_holding_registers(0, count=1, device_id=99),
                await client.read_holding_registers(12, count=1, device_id=11),
            )
        finally:
            client.close()

    assert all(answer.isError() for answer in asyncio.run(attempts()))
    assert read("LBL-PLC-01", "forces")["forces"].value == 0


def test_mqtt_takes_no_message_from_outside(devices, read):
    async def publish():
        client = MQTTClient(config={"auto_reconnect": False})
        await client.connect(devices["NH3-01"].url)
        await client.publish("plant/cold-store/CS-01/state", b'{"mode": "PROG"}', qos=0, retain=True)
        await client.publish("plant/cold-store/invented", b"1", qos=0, retain=True)
        await asyncio.sleep(0.2)
        await client.disconnect()

    asyncio.run(publish())
    assert read("CS-01", "mode")["mode"].value == "RUN"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD"])
def test_http_devices_are_read_with_get_only(devices, method):
    answer = httpx.request(method, f"{devices['CAM-01'].url}/devices/CAM-01", trust_env=False)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_an_http_device_that_is_none_is_not_found(devices):
    assert httpx.get(f"{devices['CAM-01'].url}/devices/CAM-99", trust_env=False).status_code == 404
