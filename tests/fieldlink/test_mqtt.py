"""MQTT against amqtt's broker, and against small brokers where TLS or refusal is the point."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fieldlink.connectors.mqtt import parse
from fieldlink.errors import AddressError
from fieldlink.spec import Quality, Reading, ReadReason, SecuritySpec
from tests.fieldlink.certificates import Issued, issue
from tests.fieldlink.faults import listening
from tests.fieldlink.plants import in_thread, mqtt_plant, points, read, readings

pytestmark = pytest.mark.enable_socket
R = ReadReason
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RETAINED = {
    "plant/tank/level": {"value": 42.10, "ts": "2026-03-01T13:00:00+01:00", "q": "good"},
    "plant/tank/temp": {"value": 7, "ts": 1_772_366_400_000, "q": "UncertainLastUsableValue"},
    "plant/tank/valve": {"value": True, "q": "bad", "ts": 1_772_366_400},
    "plant/line/state": b"RUN",
    "plant/line/count": b"1234",
    "plant/line/nan": b'{"v": NaN}',
    "plant/line/list": {"batches": [{"id": "A.7"}, {"id": "B!8"}], "a.b": 5},
}


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    with in_thread(lambda: mqtt_plant(RETAINED)) as port:
        yield f"mqtt://127.0.0.1:{port}"


def test_retained_values_come_with_their_own_time_and_quality(broker: str) -> None:
    wanted = {
        "plant/tank/level#value@ts!q": (R.OK, "42.1", Quality.GOOD, "Retained", NOON),
        "plant/tank/temp#value@ts!q": (
            R.UNCERTAIN_QUALITY,
            7,
            Quality.UNCERTAIN,
            "PayloadUncertain",
            NOON,
        ),
        "plant/tank/valve#value@ts!q": (R.BAD_QUALITY, None, Quality.BAD, "PayloadBad", NOON),
        "plant/tank/level#value": (R.OK, "42.1", Quality.GOOD, "Retained", None),
        "plant/tank/level#value@when": (R.NO_TIMESTAMP, "42.1", Quality.GOOD, "NoTimestamp", None),
        "plant/tank/level#missing": (R.NO_SUCH_POINT, None, Quality.NONE, "NoSuchPath", None),
        "plant/line/state": (R.OK, "RUN", Quality.GOOD, "Retained", None),
        "plant/line/count": (R.OK, 1234, Quality.GOOD, "Retained", None),
        "plant/line/state#v": (R.PROTOCOL, None, Quality.NONE, "NotJson", None),
        "plant/line/nan#v": (R.PROTOCOL, None, Quality.NONE, "NotJson", None),
        "plant/line/list#batches.1.id": (R.OK, "B!8", Quality.GOOD, "Retained", None),
        r"plant/line/list#a\.b": (R.OK, 5, Quality.GOOD, "Retained", None),
        "plant/line/list#batches": (R.TYPE, None, Quality.BAD, "UnsupportedType", None),
    }
    got = asyncio.run(readings(broker, *wanted))
    heard = {r.address: (r.reason, r.value, r.quality, r.status_code, r.source_time) for r in got}
    assert heard == wanted


def test_the_datatype_holds(broker: str) -> None:
    got = asyncio.run(
        readings(
            broker,
            ("plant/line/count", "string"),
            ("plant/line/count", "int"),
            ("plant/line/count", "bool"),
            ("plant/tank/level#value", "int"),
        )
    )
    heard = [(r.reason, r.value) for r in got]
    assert heard == [(R.OK, "1234"), (R.OK, 1234), (R.TYPE, None), (R.TYPE, None)]


def test_a_silent_topic_is_a_time_out_and_costs_the_others_nothing(broker: str) -> None:
    got = asyncio.run(readings(broker, "plant/none", "plant/line/count", timeout_s=0.3, deadline_s=3))
    assert [(r.reason, r.value, r.attempts) for r in got] == [(R.TIMEOUT, None, 1), (R.OK, 1234, 1)]


@pytest.mark.parametrize(
    "address",
    ["", "#value", "plant/+/x", "a#b..c", "a#b@", "a#b!", "a#b@t@u", "a#b\\"],
)
def test_an_address_that_cannot_be_meant_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        parse(points(address)[0])


def _packet(topic: str, payload: bytes) -> bytes:
    name = topic.encode()
    body = len(name).to_bytes(2) + name + payload
    return bytes((0x31, len(body))) + body


def _broker(connack: int = 0, suback: int = 0, seen: list[bytes] | None = None):
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(2)
        body = await reader.readexactly(head[1])
        if seen is not None:
            seen.append(body)
        writer.write(bytes((0x20, 2, 0, connack)))
        if connack:
            return
        head = await reader.readexactly(2)
        await reader.readexactly(head[1])
        writer.write(bytes((0x90, 3, 0, 1, suback)))
        if suback < 0x80:
            writer.write(_packet("a", b"5"))
        await asyncio.sleep(5)

    return behave


@pytest.mark.parametrize(
    ("connack", "suback", "reason", "code"),
    [
        (4, 0, R.AUTH, "BadUserNameOrPassword"),
        (5, 0, R.AUTH, "NotAuthorized"),
        (1, 0, R.PROTOCOL, "UnacceptableProtocolVersion"),
        (0, 0x80, R.AUTH, "SubscriptionRefused"),
    ],
)
def test_a_brokers_refusal_is_named(connack: int, suback: int, reason: ReadReason, code: str) -> None:
    async def story() -> Reading:
        async with listening(_broker(connack, suback)) as port:
            return (await readings(f"mqtt://127.0.0.1:{port}", "a"))[0]

    got = asyncio.run(story())
    assert (got.reason, got.status_code) == (reason, code)


@pytest.mark.parametrize("in_clear", [False, True])
def test_a_password_goes_in_clear_only_where_somebody_decided_so(
    monkeypatch: pytest.MonkeyPatch, *, in_clear: bool
) -> None:
    monkeypatch.setenv("FIELDLINK_BROKER", "reader:s3cret")
    seen: list[bytes] = []

    async def story() -> Reading:
        async with listening(_broker(seen=seen)) as port:
            security = SecuritySpec(credential_in_clear=in_clear)
            url = f"mqtt://127.0.0.1:{port}"
            options = {"security": security, "credential": "env:FIELDLINK_BROKER"}
            return (await readings(url, "a", **options))[0]

    got = asyncio.run(story())
    assert (got.reason, bool(seen)) == ((R.OK, True) if in_clear else (R.CONFIG, False))
    assert all(b"\x00\x06reader\x00\x06s3cret" in body for body in seen)


@dataclass
class _Tls:
    port: int
    ca: Issued
    server: Issued
    client: Issued
    rogue: Issued


@asynccontextmanager
async def _tls_broker(folder: Path, *, wants_client: bool) -> AsyncIterator[_Tls]:
    ca = issue(folder, "ca", is_ca=True)
    server, client = issue(folder, "broker", by=ca), issue(folder, "client", by=ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca.certificate)
    async with listening(_broker(), ssl=context) as port:
        yield _Tls(port, ca, server, client, issue(folder, "rogue"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Tls]:
    folder = tmp_path_factory.mktemp("tls")
    with in_thread(lambda: _tls_broker(folder, wants_client=False)) as running:
        yield running


@pytest.fixture(scope="module")
def mutual_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Tls]:
    folder = tmp_path_factory.mktemp("mtls")
    with in_thread(lambda: _tls_broker(folder, wants_client=True)) as running:
        yield running


def _over_tls(port: int, host: str = "localhost", **security: str | None) -> Reading:
    url = f"mqtts://{host}:{port}"
    result = asyncio.run(read(url, "a", security=SecuritySpec(**security), timeout_s=1.5))
    return result.readings[0]


def test_a_broker_is_trusted_by_its_ca_and_name_or_by_its_pin(tls: _Tls) -> None:
    ca = f"file:{tls.ca.certificate}"
    assert _over_tls(tls.port, ca=ca).reason == R.OK
    assert _over_tls(tls.port, server_sha256=tls.server.sha256).reason == R.OK
    assert _over_tls(tls.port, ca=ca, server_sha256=tls.server.sha256).reason == R.OK


def test_a_broker_of_another_ca_or_pin_is_untrusted(tls: _Tls) -> None:
    assert _over_tls(tls.port).reason == R.TLS_UNTRUSTED
    assert _over_tls(tls.port, ca=f"file:{tls.rogue.certificate}").reason == R.TLS_UNTRUSTED
    assert _over_tls(tls.port, server_sha256=tls.rogue.sha256).reason == R.TLS_UNTRUSTED
    both = {"ca": f"file:{tls.ca.certificate}", "server_sha256": tls.rogue.sha256}
    assert _over_tls(tls.port, **both).reason == R.TLS_UNTRUSTED


def test_a_certificate_of_another_name_is_untrusted(tls: _Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 0))])
    got = _over_tls(tls.port, host="broker.example", ca=f"file:{tls.ca.certificate}")
    assert got.reason == R.TLS_UNTRUSTED


def test_our_certificate_is_shown_and_its_rejection_named(mutual_tls: _Tls) -> None:
    ca = f"file:{mutual_tls.ca.certificate}"

    def shown(own: Issued | None) -> ReadReason:
        files = (
            {}
            if own is None
            else {"client_certificate": f"file:{own.certificate}", "client_key": f"file:{own.key}"}
        )
        return _over_tls(mutual_tls.port, ca=ca, **files).reason

    assert shown(mutual_tls.client) == R.OK
    assert shown(None) == R.CLIENT_CERT_REJECTED
    assert shown(mutual_tls.rogue) == R.CLIENT_CERT_REJECTED


def test_a_payload_that_is_json_of_the_wrong_depth_is_no_crash() -> None:
    async def story() -> Reading:
        async with mqtt_plant({"deep": b"[" * 20_000, "json": json.dumps({"v": 1}).encode()}) as port:
            return (await readings(f"mqtt://127.0.0.1:{port}", "deep#v", "json#v"))[0]

    assert asyncio.run(story()).reason == R.PROTOCOL
