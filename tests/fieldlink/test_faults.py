"""One conformance suite: every connector against every way a peer can misbehave."""

import asyncio
import gc
import time

import pytest

from fieldlink.connectors import CONNECTORS
from fieldlink.runner import run_plan
from fieldlink.spec import EndpointSpec, Plan, PointSpec, Probe, Reading, ReadReason
from tests.fieldlink.faults import connections_to, fault, open_descriptors

pytestmark = pytest.mark.enable_socket

SLACK_S = 1.5  # for a busy machine; a run that ignored its deadline would take far longer
SCHEMES = {"opcua": "opc.tcp", "modbus": "modbus", "mqtt": "mqtt", "http": "http"}
ADDRESSES = {
    "opcua": ("ns=2;s=Speed", "i=2258"),
    "modbus": ("holding:1", "coil:3"),
    "mqtt": ("site/a#v", "site/b"),
    "http": ("/a#v", "/b"),
}
R = ReadReason
# Fault → the reasons it may carry; a protocol of its own where it is told apart differently.
EXPECTED = {
    "refused": {R.REFUSED},
    "silent": {R.TIMEOUT},
    "syn_dropped": {R.TIMEOUT},
    "garbage": {R.PROTOCOL},
    "reset": {R.REFUSED},
    "hang_up": {R.REFUSED},
    "drip": {R.TIMEOUT},
    "flood": {R.PROTOCOL},
    "zeros": {R.PROTOCOL},
    "late": {R.TIMEOUT},
}
# HTTP has no first byte that is wrong: noise without a line's end is a header still coming.
ALSO = {("garbage", "http"): {R.TIMEOUT}}
SLOW = ("silent", "syn_dropped", "drip", "late")


def _plan(protocol: str, port: int, *, host: str = "127.0.0.1", timeout_s: float, deadline_s: float) -> Plan:
    endpoint = EndpointSpec(
        uid="e", protocol=protocol, url=f"{SCHEMES[protocol]}://{host}:{port}", timeout_s=timeout_s
    )
    points = tuple(PointSpec(uid=a, address=a) for a in ADDRESSES[protocol])
    return Plan(run_uid="r", probes=(Probe(endpoint, points),), allow_loopback=True, deadline_s=deadline_s)


async def _settled(tasks_before: set[asyncio.Task]) -> set[asyncio.Task]:
    for _ in range(20):
        await asyncio.sleep(0.01)
        left = {t for t in asyncio.all_tasks() - tasks_before if "serve" not in repr(t)}
        if not left:
            break
    return left


def _run_against(name: str, protocol: str, *, timeout_s: float, deadline_s: float) -> tuple[Reading, ...]:
    """Run against a fault; asserts time, order, tasks and descriptors, returns the readings."""

    async def story() -> tuple[Reading, ...]:
        held = open_descriptors()
        async with fault(name, protocol) as port:
            tasks, connected = asyncio.all_tasks(), connections_to(port)
            plan = _plan(protocol, port, timeout_s=timeout_s, deadline_s=deadline_s)
            began = time.perf_counter()
            result = await run_plan(plan)
            assert time.perf_counter() - began <= deadline_s + SLACK_S
            assert not await _settled(tasks)
            assert connections_to(port) <= connected
        gc.collect()
        await asyncio.sleep(0.02)
        assert open_descriptors() <= held
        return result.readings

    readings = asyncio.run(story())
    assert [r.address for r in readings] == list(ADDRESSES[protocol])
    assert all(r.value is None and r.quality == "none" for r in readings)
    return readings


@pytest.mark.parametrize("protocol", CONNECTORS)
@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_costs_no_more_than_its_time_and_is_named(name: str, protocol: str) -> None:
    readings = _run_against(name, protocol, timeout_s=0.25, deadline_s=0.6)
    expected = EXPECTED[name] | ALSO.get((name, protocol), set())
    assert {r.reason for r in readings} <= expected, [(r.reason, r.status_code) for r in readings]


@pytest.mark.parametrize("protocol", CONNECTORS)
@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_ends_a_run_before_its_endpoint_times_out(name: str, protocol: str) -> None:
    readings = _run_against(name, protocol, timeout_s=5, deadline_s=0.25)
    assert {r.reason for r in readings} == {R.DEADLINE}


@pytest.mark.parametrize("protocol", CONNECTORS)
def test_a_name_nobody_knows_is_named_dns(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    plan = _plan(protocol, 9, host="plc.invalid", timeout_s=0.3, deadline_s=0.6)
    result = asyncio.run(run_plan(plan))
    assert {r.reason for r in result.readings} == {R.DNS}


def test_a_hung_name_server_costs_no_more_than_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: time.sleep(4) or [])
    began = time.perf_counter()
    result = asyncio.run(run_plan(_plan("modbus", 9, host="plc.test", timeout_s=0.2, deadline_s=0.6)))
    assert time.perf_counter() - began < 0.6 + SLACK_S
    assert {(r.reason, r.status_code) for r in result.readings} == {(R.DNS, "ResolverTimeout")}


def test_a_cancelled_run_leaves_nothing_open() -> None:
    async def story() -> None:
        held = open_descriptors()
        async with fault("silent", "opcua") as port:
            for protocol in CONNECTORS:
                plan = _plan(protocol, port, timeout_s=5, deadline_s=5)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await run_plan(plan)
            await asyncio.sleep(0.05)
            assert connections_to(port) == 0
        gc.collect()
        await asyncio.sleep(0.02)
        assert open_descriptors() <= held

    asyncio.run(story())


@pytest.mark.deep
@pytest.mark.parametrize("name", EXPECTED)
def test_a_hundred_faulty_endpoints_at_once_leave_nothing_open(name: str) -> None:
    async def story() -> None:
        held = open_descriptors()
        for protocol in CONNECTORS:
            async with fault(name, protocol) as port:
                one = _plan(protocol, port, timeout_s=0.5, deadline_s=3)
                many = tuple(
                    Probe(
                        EndpointSpec(uid=f"e{i}", protocol=protocol, url=one.probes[0].endpoint.url), p.points
                    )
                    for i, p in enumerate(one.probes * 100)
                )
                plan = Plan(run_uid="r", probes=many, allow_loopback=True, deadline_s=3)
                began = time.perf_counter()
                result = await run_plan(plan)
                assert time.perf_counter() - began <= 3 + 2 * SLACK_S
                assert len(result.readings) == 200
                assert not any(r.is_ok for r in result.readings)
                await asyncio.sleep(0.1)
                assert connections_to(port) <= 4  # those that fill a backlog
        gc.collect()
        await asyncio.sleep(0.1)
        assert open_descriptors() <= held

    asyncio.run(story())
