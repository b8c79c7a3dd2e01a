"""A run: its order, its retries, its bounds, and what it does with surprises."""

import asyncio
import time

import pytest

from fieldlink.connectors import CONNECTORS
from fieldlink.link import Connector
from fieldlink.runner import run, run_plan
from fieldlink.spec import EndpointSpec, Plan, Probe, ReadReason
from tests.fieldlink.faults import fault, listening
from tests.fieldlink.plants import modbus_plant, points, readings

pytestmark = pytest.mark.enable_socket
R = ReadReason


def _probe(uid: str, port: int, *addresses: str, timeout_s: float = 1.0) -> Probe:
    url = f"modbus://127.0.0.1:{port}"
    return Probe(EndpointSpec(uid=uid, protocol="modbus", url=url, timeout_s=timeout_s), points(*addresses))


def _modbus_answer(request: bytes) -> bytes:
    """Every register asked for, each holding 9."""
    size = int.from_bytes(request[10:12])
    return request[:4] + (3 + size * 2).to_bytes(2) + request[6:8] + bytes((size * 2,)) + b"\x00\x09" * size


def test_a_plan_of_nothing_is_done() -> None:
    result = run(Plan(run_uid="r", probes=()))
    assert (result.run_uid, result.readings) == ("r", ())


def test_readings_stand_in_the_order_of_the_plan_whatever_became_of_them() -> None:
    async def story() -> None:
        async with modbus_plant(holding=[1, 2]) as good, fault("silent", "modbus") as bad:
            probes = (
                _probe("a", bad, "holding:0", "nonsense", timeout_s=0.2),
                _probe("b", good, "holding:1", "holding:7", "holding:0"),
                _probe("c", good),
                Probe(EndpointSpec(uid="d", protocol="modbus", url="ftp://x"), points("holding:0")),
            )
            plan = Plan(run_uid="r", probes=probes, allow_loopback=True, deadline_s=0.4)
            result = await run_plan(plan)
        assert [(r.endpoint_uid, r.address, r.reason) for r in result.readings] == [
            ("a", "holding:0", R.TIMEOUT),
            ("a", "nonsense", R.CONFIG),
            ("b", "holding:1", R.OK),
            ("b", "holding:7", R.NO_SUCH_POINT),
            ("b", "holding:0", R.OK),
            ("d", "holding:0", R.CONFIG),
        ]

    asyncio.run(story())


def test_loopback_is_denied_unless_the_plan_says_otherwise() -> None:
    result = run(Plan(run_uid="r", probes=(_probe("a", 502, "holding:0"),)))
    assert [(r.reason, r.status_code) for r in result.readings] == [(R.POLICY_DENIED, "Loopback")]


@pytest.mark.parametrize(("deadline_s", "heard"), [(2.0, (R.OK, 2)), (0.2, (R.REFUSED, 1))])
def test_a_refusal_is_tried_once_more_where_the_budget_allows(
    deadline_s: float, heard: tuple[ReadReason, int]
) -> None:
    calls: list[int] = []

    async def second_time_lucky(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(1)
        if len(calls) == 1:
            writer.close()
            return
        writer.write(_modbus_answer(await reader.readexactly(12)))
        await reader.read()

    async def story() -> None:
        async with listening(second_time_lucky) as port:
            url = f"modbus://127.0.0.1:{port}"
            (got,) = await readings(url, "holding:0", deadline_s=deadline_s, identify=False)
            assert (got.reason, got.attempts) == heard

    asyncio.run(story())


def test_what_was_read_before_a_time_out_is_kept() -> None:
    async def one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_modbus_answer(await reader.readexactly(12)))
        await asyncio.sleep(5)

    async def story() -> None:
        async with listening(one_answer) as port:
            url = f"modbus://127.0.0.1:{port}"
            got = await readings(url, "holding:50", "holding:0", timeout_s=0.2, deadline_s=0.4)
            assert [(r.reason, r.value) for r in got] == [(R.TIMEOUT, None), (R.OK, 9)]

    asyncio.run(story())


def test_a_host_sees_two_connections_at_a_time_and_all_of_them_in_the_end() -> None:
    open_now, most = 0, 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        request = await reader.readexactly(12)
        await asyncio.sleep(0.02)
        writer.write(_modbus_answer(request))
        await reader.read()
        open_now -= 1

    async def story() -> None:
        async with listening(slow) as port:
            probes = tuple(_probe(str(i), port, "holding:0") for i in range(10))
            plan = Plan(run_uid="r", probes=probes, allow_loopback=True, deadline_s=3, identify=False)
            result = await run_plan(plan)
        assert {r.reason for r in result.readings} == {R.OK}

    asyncio.run(story())
    assert most == 2


def test_silent_endpoints_cost_the_deadline_once() -> None:
    async def story() -> None:
        async with modbus_plant(holding=[1]) as good, fault("silent", "modbus") as bad:
            silent = [_probe(f"s{i}", bad, "holding:0", timeout_s=5) for i in range(50)]
            plan = Plan(
                run_uid="r",
                probes=(*silent, _probe("g", good, "holding:0")),
                allow_loopback=True,
                deadline_s=0.5,
            )
            began = time.perf_counter()
            result = await run_plan(plan)
            assert time.perf_counter() - began < 2
        assert {r.reason for r in result.readings[:-1]} == {R.DEADLINE}
        assert result.readings[-1].reason == R.OK
        assert len(result.readings) == 51

    asyncio.run(story())


def test_a_surprise_costs_its_own_endpoint_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def surprise(_: object) -> None:
        raise LookupError("text of a peer")

    monkeypatch.setitem(CONNECTORS, "http", Connector("http", lambda _: None, surprise))

    async def story() -> None:
        async with modbus_plant(holding=[1]) as good:
            odd = Probe(EndpointSpec(uid="h", protocol="http", url=f"http://127.0.0.1:{good}"), points("/a"))
            plan = Plan(run_uid="r", probes=(odd, _probe("g", good, "holding:0")), allow_loopback=True)
            result = await run_plan(plan)
        assert [(r.reason, r.status_code) for r in result.readings] == [
            (R.PROTOCOL, "LookupError"),
            (R.OK, "Good"),
        ]

    asyncio.run(story())
    assert "endpoint h: LookupError" in caplog.text


def test_a_task_that_will_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stubborn(_: object) -> None:
        until = asyncio.get_running_loop().time() + 2.5
        while asyncio.get_running_loop().time() < until:
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    monkeypatch.setitem(CONNECTORS, "http", Connector("http", lambda _: None, stubborn))
    odd = Probe(EndpointSpec(uid="h", protocol="http", url="http://127.0.0.1:9"), points("/a"))

    async def story() -> None:
        began = time.perf_counter()
        result = await run_plan(Plan(run_uid="r", probes=(odd,), allow_loopback=True, deadline_s=0.2))
        assert time.perf_counter() - began < 2
        assert [r.reason for r in result.readings] == [R.DEADLINE]

    asyncio.run(story())
