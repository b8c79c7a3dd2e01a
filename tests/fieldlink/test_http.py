"""HTTP against a small server of fixed pages."""

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from fieldlink.connectors.http import parse
from fieldlink.errors import AddressError
from fieldlink.spec import Reading, ReadReason, SecuritySpec
from tests.fieldlink.certificates import issue
from tests.fieldlink.plants import http_plant, points, readings

pytestmark = pytest.mark.enable_socket
R = ReadReason
PAGES = {
    "/api/state": (200, json.dumps({"mode": "AUTO", "speed": 12.5, "t": "2026-03-01T12:00:00Z"}).encode()),
    "/api/list?unit=3": (200, b"[1, 2, 3]"),
    "/api/plain": (200, b"ready"),
    "/api/moved": (302, b"{}"),
    "/api/private": (403, b"{}"),
    "/api/broken": (500, b"Traceback: secret"),
    "/api/huge": (200, b"1" * (1 << 20) + b"1"),
}


def _get(*addresses: str | tuple[str, str], **options: object) -> tuple[tuple[Reading, ...], list[str]]:
    async def story() -> tuple[tuple[Reading, ...], list[str]]:
        async with http_plant(PAGES) as (port, heads):
            got = await readings(f"http://127.0.0.1:{port}/api", *addresses, **options)
            return got, heads

    return asyncio.run(story())


def test_values_come_from_one_get_per_path() -> None:
    got, heads = _get("/state#speed@t", "/state#mode", "list?unit=3#", "/plain", "/state#none")
    assert [(r.reason, r.value) for r in got] == [
        (R.OK, "12.5"),
        (R.OK, "AUTO"),
        (R.OK, [1, 2, 3]),
        (R.OK, "ready"),
        (R.NO_SUCH_POINT, None),
    ]
    assert got[0].source_time.isoformat() == "2026-03-01T12:00:00+00:00"
    assert got[1].source_time is None
    assert [head.split()[:2] for head in heads] == [
        ["GET", "/api/state"],
        ["GET", "/api/list?unit=3"],
        ["GET", "/api/plain"],
    ]


def test_a_status_is_a_reason_and_the_body_stays_where_it_is() -> None:
    got, heads = _get("/moved#a", "/private#a", "/broken#a", "/gone#a", "/huge")
    assert [(r.reason, r.status_code) for r in got] == [
        (R.PROTOCOL, "Http302"),
        (R.AUTH, "Http403"),
        (R.PROTOCOL, "Http500"),
        (R.NO_SUCH_POINT, "Http404"),
        (R.PROTOCOL, "TooLarge"),
    ]
    assert len(heads) == 5
    assert "secret" not in json.dumps([r.to_json() for r in got])


def test_environment_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    got, _ = _get("/state#mode")
    assert got[0].reason == R.OK


def test_the_name_asked_for_is_the_host_header_though_the_address_is_connected_to() -> None:
    async def story() -> str:
        async with http_plant(PAGES) as (port, heads):
            await readings(f"http://localhost:{port}", "/api/state#mode")
            return heads[0].replace(str(port), "PORT")

    assert "host: localhost:port\r\n" in asyncio.run(story()).lower()


@pytest.mark.parametrize(
    ("secret", "in_clear", "reason", "header"),
    [
        ("reader:s3cret", False, R.CONFIG, None),
        ("reader:s3cret", True, R.OK, "Basic cmVhZGVyOnMzY3JldA=="),
        ("Bearer abc.def", True, R.OK, "Bearer abc.def"),
        ("nonsense", True, R.CONFIG, None),
    ],
)
def test_a_credential_is_sent_in_clear_only_where_somebody_decided_so(
    monkeypatch: pytest.MonkeyPatch, secret: str, in_clear: bool, reason: ReadReason, header: str | None
) -> None:
    monkeypatch.setenv("FIELDLINK_WEB", secret)
    security = SecuritySpec(credential_in_clear=in_clear)
    got, heads = _get("/state#mode", security=security, credential="env:FIELDLINK_WEB")
    assert got[0].reason == reason
    assert (header is not None) == bool(heads)
    assert header is None or f"authorization: {header}" in heads[0].replace("Authorization", "authorization")


def test_https_is_trusted_by_ca_or_pin_and_by_nothing_else(tmp_path: Path) -> None:
    ca = issue(tmp_path, "ca", is_ca=True)
    server = issue(tmp_path, "web", by=ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    cases = [
        (SecuritySpec(ca=f"file:{ca.certificate}"), R.OK),
        (SecuritySpec(server_sha256=server.sha256), R.OK),
        (SecuritySpec(), R.TLS_UNTRUSTED),
        (SecuritySpec(server_sha256=ca.sha256), R.TLS_UNTRUSTED),
        (SecuritySpec(ca="file:/nowhere.pem"), R.CONFIG),
        (SecuritySpec(ca=f"file:{server.key}"), R.CONFIG),
    ]

    async def story() -> list[ReadReason]:
        async with http_plant(PAGES, ssl=context) as (port, _):
            url = f"https://localhost:{port}/api"
            return [(await readings(url, "/state#mode", security=s))[0].reason for s, _ in cases]

    assert asyncio.run(story()) == [reason for _, reason in cases]


@pytest.mark.parametrize(
    "address", ["//evil/x", "/../admin", "/a/%2e%2e/b", "/a b", "/a\\b", "/a\n", "/a#b@"]
)
def test_a_path_that_leaves_the_endpoint_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        parse(points(address)[0])


def test_a_bad_address_costs_its_own_point_only() -> None:
    got, _ = _get("/../etc", "/state#mode")
    assert [(r.reason, r.status_code) for r in got] == [(R.CONFIG, "BadAddress"), (R.OK, "Http200")]
