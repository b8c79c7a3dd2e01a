"""The network guard: what may never be read, what may, and odd ways to spell an address."""

import asyncio
import ipaddress
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldlink.errors import ReadError
from fieldlink.guard import denial, never, normalised, protocol_of, target_of
from fieldlink.runner import run_plan
from fieldlink.spec import EndpointSpec, NetworkRule, Plan, PointSpec, Probe, Reading, ReadReason, SpecError

EVERYWHERE = (NetworkRule("0.0.0.0/0", tuple(range(1, 65_536))), NetworkRule("::/0", tuple(range(1, 65_536))))
NEVER = {
    "127.0.0.1": "Loopback",
    "127.8.9.10": "Loopback",
    "::1": "Loopback",
    "::ffff:127.0.0.1": "Loopback",
    "::ffff:7f00:1": "Loopback",
    "2002:7f00:1::1": "Loopback",
    "64:ff9b::7f00:1": "Loopback",
    "::127.0.0.1": "Loopback",
    "169.254.169.254": "Metadata",
    "::ffff:169.254.169.254": "Metadata",
    "64:ff9b::a9fe:a9fe": "Metadata",
    "fd00:ec2::254": "Metadata",
    "100.100.100.200": "Metadata",
    "169.254.1.1": "LinkLocal",
    "fe80::1": "LinkLocal",
    "fe80::1%eth0": "LinkLocal",
    "224.0.0.1": "Multicast",
    "ff02::1": "Multicast",
    "0.0.0.0": "Unspecified",
    "0.1.2.3": "Unspecified",
    "::": "Unspecified",
    "255.255.255.255": "Broadcast",
    "250.1.2.3": "Broadcast",
}
v4 = st.integers(0, 2**32 - 1).map(IPv4Address)


def _denied(text: str, *rules: NetworkRule, port: int = 502, allow_loopback: bool = False) -> str:
    address = ipaddress.ip_address(text)
    return denial(address, port, "modbus", rules=rules, allow_loopback=allow_loopback)


@pytest.mark.parametrize(("text", "why"), NEVER.items())
def test_no_rule_admits_what_may_never_be_read(text: str, why: str) -> None:
    assert _denied(text, *EVERYWHERE) == why


def test_the_default_is_no() -> None:
    assert _denied("10.0.0.5") == "NotInAllowedNetworks"


def test_a_rule_admits_its_network_its_ports_and_its_protocols() -> None:
    own_port = NetworkRule("10.1.0.0/16")
    assert _denied("10.1.2.3", own_port) == ""
    assert _denied("::ffff:10.1.2.3", own_port) == ""
    assert _denied("10.2.2.3", own_port)
    assert _denied("10.1.2.3", own_port, port=5432)
    assert _denied("10.1.2.3", NetworkRule("10.1.0.0/16", (5020,)), port=5020) == ""
    assert _denied("10.1.2.3", NetworkRule("10.1.0.0/16", (), ("opcua",)))
    assert _denied("10.1.255.255", own_port)
    assert _denied("2001:db8::5", NetworkRule("2001:db8::/64")) == ""
    assert _denied("2001:db8::5", own_port)


def test_loopback_is_admitted_by_the_setting_alone_and_nothing_else_is() -> None:
    assert _denied("127.0.0.1", allow_loopback=True) == ""
    assert _denied("::1", allow_loopback=True) == ""
    assert _denied("::ffff:127.0.0.1", allow_loopback=True) == ""
    assert _denied("169.254.169.254", *EVERYWHERE, allow_loopback=True) == "Metadata"
    assert _denied("2002:7f00:1::1", *EVERYWHERE, allow_loopback=True) == "Loopback"
    assert _denied("10.0.0.1", allow_loopback=True) == "NotInAllowedNetworks"


@given(v4)
def test_an_ipv4_address_is_judged_the_same_in_every_spelling(address: IPv4Address) -> None:
    mapped = IPv6Address(f"::ffff:{address}")
    assert normalised(mapped) == address
    why = never(address)
    number = int(address)
    for spelling in (mapped, IPv6Address(0x64FF9B << 96 | number), IPv6Address(0x2002 << 112 | number << 80)):
        assert never(spelling) == why
        rules = (NetworkRule("10.0.0.0/8"), NetworkRule("::/0"))
        if why:
            assert denial(spelling, 502, "modbus", rules=rules, allow_loopback=False)


def _spellings(address: IPv4Address) -> list[str]:
    number, octets = int(address), address.packed
    return [
        str(number),
        hex(number),
        oct(number).replace("0o", "0"),
        ".".join(hex(o) for o in octets),
        ".".join(f"0{o:o}" for o in octets),
        f"{octets[0]}.{int.from_bytes(octets[1:])}",
        f"{octets[0]}.{octets[1]}.{int.from_bytes(octets[2:])}",
        f"[::ffff:{address}]",
        f"[::ffff:{octets[0]:x}{octets[1]:02x}:{octets[2]:x}{octets[3]:02x}]",
    ]


def _read_host(host: str, *rules: NetworkRule) -> Reading:
    endpoint = EndpointSpec(uid="e", protocol="modbus", url=f"modbus://{host}:502", timeout_s=0.2)
    probe = Probe(endpoint, (PointSpec(uid="p", address="holding:0"),))
    plan = Plan(run_uid="r", probes=(probe,), networks=rules, deadline_s=1)
    return asyncio.run(run_plan(plan)).readings[0]


@pytest.mark.enable_socket
@pytest.mark.parametrize("index", range(9))
@pytest.mark.parametrize("text", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.251", "10.9.9.9"])
def test_odd_spellings_never_reach_a_socket(text: str, index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_connection(*args: object, **_: object) -> None:
        raise AssertionError(f"connected to {args}")

    monkeypatch.setattr(asyncio, "open_connection", no_connection)
    got = _read_host(_spellings(IPv4Address(text))[index], NetworkRule("192.168.0.0/16"))
    assert got.reason in {ReadReason.POLICY_DENIED, ReadReason.DNS}
    assert got.value is None


@pytest.mark.enable_socket
def test_a_name_is_resolved_once_and_that_answer_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["192.0.2.7", "127.0.0.1", "127.0.0.1"])
    connected: list[str] = []

    def rebinding(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 0))]

    async def refuse(host: str, *_: object, **__: object) -> None:
        connected.append(host)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(asyncio, "open_connection", refuse)
    got = _read_host("plc.example", NetworkRule("192.0.2.0/24"))
    assert (got.reason, got.attempts) == (ReadReason.REFUSED, 2)
    assert connected == ["192.0.2.7", "192.0.2.7"]


def test_the_first_admitted_address_of_a_name_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = ["fe80::1%1", "127.0.0.1", "10.0.0.7"]
    connected: list[str] = []

    async def refuse(host: str, *_: object, **__: object) -> None:
        connected.append(host)
        raise OSError(113, "no route")

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (a, 0)) for a in addresses])
    monkeypatch.setattr(asyncio, "open_connection", refuse)
    assert _read_host("plc.example", NetworkRule("10.0.0.0/24")).reason == ReadReason.UNREACHABLE
    assert connected == ["10.0.0.7"]


@pytest.mark.parametrize(
    "url",
    [
        "modbus://",
        "modbus://user:pw@plc",
        "modbus://plc:0",
        "modbus://plc:99999",
        "modbus://plc:x",
        "modbus://plc/1#f",
        "modbus://plc/1?q",
        "modbus://pl c",
        "modbus://plc\n",
        "modbus://[::1",
        "http://plc",
        "plc:502",
        "",
    ],
)
def test_a_url_that_cannot_be_meant_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(ReadError) as refused:
        target_of(EndpointSpec(uid="e", protocol="modbus", url=url))
    assert refused.value.reason == ReadReason.CONFIG


@given(st.text(max_size=60))
def test_no_url_breaks_the_guard(text: str) -> None:
    for url in (text, f"modbus://{text}"):
        endpoint = EndpointSpec(uid="e", protocol="modbus", url=url)
        with suppress(ReadError):
            target = target_of(endpoint)
            assert 0 < target.port < 65_536
            assert target.host


def test_schemes_name_their_protocol_and_their_port() -> None:
    assert protocol_of("OPC.TCP://plc") == "opcua"
    assert protocol_of("mqtts://broker") == "mqtt"
    assert target_of(EndpointSpec(uid="e", protocol="mqtt", url="mqtts://broker")).port == 8883
    with pytest.raises(ReadError):
        protocol_of("ftp://plc")


@pytest.mark.parametrize("cidr", ["", "plc", "10.0.0.0/33", "10.0.0"])
def test_a_rule_names_a_network(cidr: str) -> None:
    with pytest.raises(SpecError, match="no network"):
        NetworkRule(cidr)
