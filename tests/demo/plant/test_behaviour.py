"""The plant's own rules, without a network."""

import math
from itertools import pairwise

import pytest

from plantgov.demo.plant.behaviour import RAMP_S, image_of, process_value
from plantgov.demo.plant.devices import DEVICES
from plantgov.demo.plant.front import bound_socket
from plantgov.demo.plant.model import PROTOCOLS, PlantRefused, fingerprint, points_of
from plantgov.demo.plant.registers import registers_of
from plantgov.demo.plant.state import DeviceState
from plantgov.demo.plant.verbs import VERBS

EVERY = pytest.mark.parametrize("device", DEVICES.values(), ids=lambda device: device.tag)
HOURS = [float(t) for t in range(1_700_000_000, 1_700_014_400, 13)]


def act(device, state, verb, **arguments):
    VERBS[verb](device, state, arguments)


def test_forty_devices_on_three_sites_speak_four_protocols():
    assert len(DEVICES) >= 40
    assert {d.site for d in DEVICES.values()} == {"manufacturing", "utilities", "logistics"}
    assert {d.protocol for d in DEVICES.values()} == set(PROTOCOLS)
    areas = {d.area for d in DEVICES.values()}
    assert {
        "line-1",
        "line-2",
        "boiler-house",
        "water-treatment",
        "substation",
        "sorter",
        "cold-store",
    } <= areas


def test_no_two_devices_share_serial_or_program_content():
    assert len({d.serial for d in DEVICES.values()}) == len(DEVICES)
    assert len({fingerprint(d.tag, d.program) for d in DEVICES.values()}) == len(DEVICES)


def test_no_two_devices_on_the_bus_share_a_unit():
    units = [d.unit for d in DEVICES.values() if d.protocol == "modbus"]
    assert len(set(units)) == len(units)
    assert all(1 <= unit <= 247 for unit in units)


@EVERY
def test_running_values_stay_in_their_band_and_move(device):
    for process in device.processes:
        seen = [process_value(device.tag, process, at=t, level=1.0) for t in HOURS]
        assert process.low <= min(seen) < max(seen) <= process.high
        assert max(abs(a - process.running) for a in seen) <= process.swing * 1.01


@EVERY
def test_points_have_a_key_once_and_a_value_each(device):
    keys = [p.key for p in points_of(device)]
    assert len(set(keys)) == len(keys)
    values = image_of(device, DeviceState.fresh(device), at=HOURS[0]).values
    assert list(values) == keys


@EVERY
def test_registers_neither_overlap_nor_cut_their_value(device):
    registers = registers_of(device)
    for one, following in pairwise(registers):
        assert one.start + one.size <= following.start
    values = image_of(device, DeviceState.fresh(device), at=HOURS[0]).values
    for register in registers:
        if register.datatype.startswith("string") and isinstance(values[register.key], str):
            assert len(values[register.key].encode()) <= register.size * 2


def test_the_same_time_gives_the_same_values():
    device = DEVICES["BLR-PLC-01"]
    one, other = (image_of(device, DeviceState.fresh(device), at=1234.5) for _ in range(2))
    assert one == other


def test_a_stopped_machine_coasts_down_and_stands_still(monkeypatch):
    device, now = DEVICES["FIL-PLC-01"], 1_700_000_000.0
    state = DeviceState.fresh(device)
    monkeypatch.setattr("plantgov.demo.plant.verbs.time.time", lambda: now)
    act(device, state, "stop")
    half, still = (image_of(device, state, at=now + s).values for s in (RAMP_S / 2, RAMP_S))
    assert half["standstill"] is False
    assert 200 < half["speed"] < 400
    assert (still["standstill"], still["speed"], still["batch_state"]) == (True, 0.0, "HELD")
    assert still["run_state"] == "RUN", "the controller itself goes on"


def test_a_restart_while_coasting_goes_on_from_the_speed_it_had(monkeypatch):
    device, now = DEVICES["FIL-PLC-01"], [1_700_000_000.0]
    state = DeviceState.fresh(device)
    monkeypatch.setattr("plantgov.demo.plant.verbs.time.time", lambda: now[0])
    act(device, state, "stop")
    now[0] += RAMP_S / 2
    before = image_of(device, state, at=now[0]).values["speed"]
    act(device, state, "start")
    assert math.isclose(image_of(device, state, at=now[0]).values["speed"], before, abs_tol=1.0)


def test_a_fault_stops_the_machine_and_raises_an_alarm(monkeypatch):
    device, now = DEVICES["SRT-PLC-01"], 1_700_000_000.0
    state = DeviceState.fresh(device)
    monkeypatch.setattr("plantgov.demo.plant.verbs.time.time", lambda: now)
    act(device, state, "set", point="major_fault", value="true")
    seen = image_of(device, state, at=now + RAMP_S).values
    assert (seen["major_fault"], seen["run_state"], seen["alarms_high"]) == (True, "FAULT", 1)
    assert seen["standstill"] is True
    act(device, state, "set", point="major_fault", clear=True)
    assert image_of(device, state, at=now).values["run_state"] == "RUN"


def test_a_value_held_outside_its_band_raises_an_alarm():
    device = DEVICES["CS-01"]
    state = DeviceState.fresh(device)
    act(device, state, "set", point="room_temperature", value="-11.5")
    seen = image_of(device, state, at=0.0).values
    assert (seen["room_temperature"], seen["alarms_high"]) == (-11.5, 1)


def test_the_same_program_has_the_same_fingerprint_and_another_count():
    device = DEVICES["LBL-PLC-01"]
    state = DeviceState.fresh(device)
    fresh = image_of(device, state, at=0.0).values
    act(device, state, "load", name="Label_Wrap_8")
    loaded = image_of(device, state, at=0.0).values
    act(device, state, "restore")
    restored = image_of(device, state, at=0.0).values
    assert loaded["program_fingerprint"] != fresh["program_fingerprint"] == restored["program_fingerprint"]
    counts = [v["change_counter"] for v in (fresh, loaded, restored)]
    assert counts == [27, 28, 29]


def test_every_interlock_a_device_names_can_be_bypassed_at_once():
    for device in DEVICES.values():
        state = DeviceState.fresh(device)
        for name in device.bypasses:
            act(device, state, "bypass", name=name)
        assert state.bypasses == sorted(device.bypasses)


@pytest.mark.parametrize(
    ("tag", "verb", "arguments", "says"),
    [
        ("FIL-PLC-01", "key", {"mode": "OFF"}, "RUN, REM, PROG"),
        ("CNV-VFD-01", "key", {"mode": "REM"}, "no key switch"),
        ("CAM-01", "bypass", {"name": "X"}, "no interlocks"),
        ("FIL-PLC-01", "bypass", {"name": "A,B"}, "no comma"),
        ("FIL-PLC-01", "bypass", {"name": "X" * 33}, "at most 32"),
        ("FIL-PLC-01", "bypass", {"name": "X", "clear": True}, "set now: none"),
        ("FIL-PLC-01", "forces", {"count": -1}, "0 to 999"),
        ("FIL-PLC-01", "forces", {"count": True}, "0 to 999"),
        ("FIL-PLC-01", "load", {"name": " "}, "which name"),
        ("FIL-PLC-01", "set", {"point": "nonsense", "value": 1}, "fill_pressure"),
        ("FIL-PLC-01", "set", {"point": "mode", "value": "REM"}, "plant key"),
        ("FIL-PLC-01", "set", {"point": "fill_pressure", "value": "nan"}, "is a number"),
        ("FIL-PLC-01", "set", {"point": "heartbeat", "value": "1.5"}, "whole number"),
        ("FIL-PLC-01", "set", {"point": "major_fault", "value": "maybe"}, "true or false"),
        ("FIL-PLC-01", "set", {"point": "batch_state", "value": "FLYING"}, "RUNNING"),
        ("LBL-PLC-01", "set", {"point": "mode_code", "value": 1}, "follows mode"),
        ("LBL-PLC-01", "quality", {"quality": "uncertain"}, "Modbus"),
        ("FIL-PLC-01", "quality", {"quality": "fair"}, "good, uncertain, bad, stale"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could_be(tag, verb, arguments, says):
    device = DEVICES[tag]
    state = DeviceState.fresh(device)
    with pytest.raises(PlantRefused, match=says):
        act(device, state, verb, **arguments)
    assert state == DeviceState.fresh(device)


@pytest.mark.enable_socket
def test_a_port_is_never_given_twice():
    first = bound_socket(None)
    second = bound_socket(first.getsockname()[1])
    try:
        assert first.getsockname() != second.getsockname()
    finally:
        first.close()
        second.close()
