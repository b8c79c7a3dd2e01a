"""Asking the plant: what may be read is read from a real server, what may not is refused with the reason."""

import asyncio
import threading

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from fieldlink.spec import NetworkRule as AllowedNetwork
from operations.models import Endpoint, NetworkRule, ProbeRun, ReadingStop
from operations.selectors import latest_run, readings_of, signals_of
from operations.services import endpoints, probes
from plantgov.audit.models import Entry
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Forbidden, Hidden, Refused
from plantgov.workspace.services import leases
from tests.factories import again, make_plant

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def modbus_port():
    """A Modbus server that somebody else wrote, with three registers."""
    ready, port, stop = threading.Event(), [], []

    async def serve():
        device = SimDevice(1, simdata=[SimData(0, values=[7, 42, 65535], datatype=DataType.REGISTERS)])
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        port.append(server.transport.sockets[0].getsockname()[1])
        finished = asyncio.Event()
        stop.append((asyncio.get_running_loop(), finished))
        ready.set()
        await finished.wait()
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield port[0]
    loop, finished = stop[0]
    loop.call_soon_threadsafe(finished.set)
    thread.join(10)


@pytest.fixture
def plant():
    return make_plant(controllers=1)


def _endpoint(plant, url, protocol="modbus"):
    details = endpoints.EndpointDetails(name="Drive 1", protocol=protocol, url=url, timeout_s=2)
    return endpoints.add_endpoint(
        details, location=plant.packaging, asset=plant.filler, by=again(plant.engineer)
    )


def _signal(plant, endpoint, key, address, datatype="uint16"):
    details = endpoints.SignalDetails(key=key, address=address, datatype=datatype)
    return endpoints.add_signal(endpoint, details, asset=plant.filler, by=again(plant.engineer))


def test_values_come_home_from_a_real_server(plant, modbus_port, settings):
    settings.PLANTGOV_ALLOW_LOOPBACK = True
    endpoint = _endpoint(plant, f"modbus://127.0.0.1:{modbus_port}/1")
    good = _signal(plant, endpoint, "speed", "holding:1")
    missing = _signal(plant, endpoint, "torque", "holding:9000")
    run = probes.request([good, missing], by=plant.engineer, purpose="Test")
    assert run.state == "due"
    assert probes.execute(run.uid)
    run.refresh_from_db()
    found = readings_of(run)
    assert found[str(good.uid)].value == 42
    assert found[str(good.uid)].is_known
    assert found[str(missing.uid)].code == "no_such_point"
    assert not found[str(missing.uid)].is_known
    assert latest_run(plant.engineer, [good]) == run
    plant.filler.observation.refresh_from_db()
    assert plant.filler.observation.values["speed"]["value"] == 42


def test_nothing_is_read_outside_the_networks_that_two_persons_opened(plant, settings):
    settings.PLANTGOV_ALLOW_LOOPBACK = False
    endpoint = _endpoint(plant, "modbus://10.20.0.5:502/1")
    signal = _signal(plant, endpoint, "speed", "holding:1")
    run = probes.request([signal], by=plant.engineer, purpose="Test", deadline_s=2)
    probes.execute(run.uid)
    run.refresh_from_db()
    assert readings_of(run)[str(signal.uid)].code == "policy_denied"


def test_a_network_is_proposed_by_one_person_and_confirmed_by_another(plant):
    rule = endpoints.propose_network(
        plant.site, AllowedNetwork("10.20.0.0/24", (502,), ("modbus",)), by=plant.ot_security, reason="Line 1"
    )
    with pytest.raises(Refused) as refused:
        endpoints.confirm_network(rule, by=plant.ot_security)
    assert refused.value.reasons[0].code == "network_same_person"
    assert not probes.allowed_networks(plant.site.pk)
    endpoints.confirm_network(rule, by=plant.administrator)
    assert [n.cidr for n in probes.allowed_networks(plant.site.pk)] == ["10.20.0.0/24"]
    endpoints.withdraw_network(NetworkRule.objects.get(pk=rule.pk), by=plant.ot_security, reason="Moved")
    assert not probes.allowed_networks(plant.site.pk)


def test_a_switch_stops_all_reading_of_an_asset_and_says_why(plant):
    signals = signals_of([plant.filler])
    stop = endpoints.stop_reading(plant.filler, by=plant.ot_security, reason="Vendor at work", at=now())
    run = probes.request(signals, by=plant.engineer, purpose="Test")
    assert run.plans == []
    run.results, run.state = [], "done"
    reading = next(iter(readings_of(run).values()))
    assert reading.code == "reading_stopped"
    assert "Vendor at work" in str(reading.reason)
    with pytest.raises(BadInput):
        endpoints.stop_reading(plant.filler, by=plant.ot_security, reason="Again", at=now())
    endpoints.resume_reading(stop, by=plant.ot_security, reason="Done", at=now())
    assert not ReadingStop.objects.filter(lifted_at=None).exists()
    assert probes.request(signals, by=plant.engineer, purpose="Test").plans


def test_an_endpoint_that_is_switched_off_is_not_read(plant):
    endpoint = Endpoint.objects.get(asset=plant.filler)
    details = endpoints.EndpointDetails(
        name=endpoint.name, protocol=endpoint.protocol, url=endpoint.url, is_enabled=False
    )
    endpoints.change_endpoint(endpoint, details, by=plant.engineer)
    run = probes.request(signals_of([plant.filler]), by=plant.engineer, purpose="Test")
    assert {row["code"] for row in run.refused} == {"endpoint_off"}


def test_a_late_result_of_a_worker_that_lost_its_lease_is_ignored(plant, settings):
    settings.PLANTGOV_ALLOW_LOOPBACK = True
    run = probes.request(signals_of([plant.filler]), by=plant.engineer, purpose="Test", deadline_s=1)
    lost = leases.claim(ProbeRun, run.uid, seconds=-1)
    leases.reap(ProbeRun)
    taken = leases.claim(ProbeRun, run.uid, seconds=60)
    assert taken is not None
    assert lost is not None
    assert not probes._store(lost, [])
    assert ProbeRun.objects.get(pk=run.pk).state == "running"


def test_a_plain_secret_or_a_wrong_address_is_refused_by_field(plant):
    wrong = endpoints.EndpointDetails(
        name="X", protocol="opcua", url="opc.tcp://10.0.0.1:4840", credential_ref="hunter2"
    )
    with pytest.raises(BadInput) as refused:
        endpoints.add_endpoint(wrong, location=plant.packaging, by=plant.engineer)
    assert refused.value.errors


def test_only_who_may_registers_endpoints_and_strangers_see_nothing(plant):
    details = endpoints.EndpointDetails(name="X", protocol="modbus", url="modbus://10.0.0.1:502/1")
    with pytest.raises(Forbidden):
        endpoints.add_endpoint(details, location=plant.packaging, by=plant.operator)
    with pytest.raises(Hidden):
        endpoints.add_endpoint(details, location=plant.packaging, by=plant.stranger)
    assert not Endpoint.objects.visible_to(plant.stranger).exists()


def test_every_step_stands_in_the_history_of_the_endpoint(plant):
    endpoint = _endpoint(plant, "modbus://10.0.0.1:502/1")
    signal = _signal(plant, endpoint, "speed", "holding:1")
    endpoints.remove_signal(signal, by=plant.engineer, reason="Wrong register")
    actions = (
        Entry.objects.filter(thing_uid=endpoint.uid).order_by("thing_seq").values_list("action", flat=True)
    )
    assert list(actions) == [
        "operations.endpoint.added",
        "operations.signal.added",
        "operations.signal.removed",
    ]
