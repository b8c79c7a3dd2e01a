"""Every verb of the control channel, seen over the device's own protocol at once."""

import time
from functools import partial

import pytest

from plantgov.demo.plant import PlantRefused

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("plant")]

# A controller of each protocol that has one with a key switch.
KEYED = pytest.mark.parametrize("tag", ["FIL-PLC-01", "LBL-PLC-01", "CS-01"])
EACH_PROTOCOL = pytest.mark.parametrize("tag", ["FIL-PLC-01", "LBL-PLC-01", "CS-01", "CAM-01"])


def values(read, tag, *keys):
    """The values of some points, all of which must have been read."""
    readings = read(tag, *keys)
    assert all(r.is_ok for r in readings.values()), readings
    return {key: readings[key].value for key in keys}


def until(expected, look, *, within_s=4.0):
    """Look again and again until it is as expected; what was seen last otherwise."""
    ends_at = time.monotonic() + within_s
    while (seen := look()) != expected and time.monotonic() < ends_at:
        time.sleep(0.1)
    assert seen == expected


@KEYED
def test_the_key_is_seen_where_it_stands(plant, read, tag):
    for mode in ("REM", "PROG", "RUN"):
        plant.turn_key(tag, mode.lower())
        assert values(read, tag, "mode", "run_state") == {
            "mode": mode,
            "run_state": "STOP" if mode == "PROG" else "RUN",
        }


def test_modbus_says_the_mode_as_word_and_as_number(plant, read):
    plant.turn_key("LBL-PLC-01", "PROG")
    seen = values(read, "LBL-PLC-01", "mode", "mode_code", "run_state", "run_state_code")
    assert seen == {"mode": "PROG", "mode_code": 2, "run_state": "STOP", "run_state_code": 0}


@KEYED
def test_a_bypass_is_seen_with_its_name_until_cleared(plant, read, tag, devices):
    one, two = devices[tag].interlocks[:2]
    as_served = ",".join if devices[tag].protocol == "modbus" else list
    plant.bypass(tag, two)
    plant.bypass(tag, one)
    plant.bypass(tag, one)
    both = as_served(sorted([one, two]))
    assert values(read, tag, "bypasses", "bypass_count") == {"bypasses": both, "bypass_count": 2}
    plant.bypass(tag, two, clear=True)
    plant.bypass(tag, one, clear=True)
    assert values(read, tag, "bypasses", "bypass_count") == {"bypasses": as_served([]), "bypass_count": 0}


@KEYED
def test_forces_are_counted(plant, read, tag):
    plant.forces(tag, 7)
    assert values(read, tag, "forces") == {"forces": 7}


@EACH_PROTOCOL
def test_a_download_changes_fingerprint_and_counter_and_a_restore_only_the_counter(plant, read, tag, devices):
    rest = {key: devices[tag].point(key).at_rest for key in ("program_fingerprint", "program_name")}
    keys = (*rest, "change_counter")
    before = values(read, tag, *keys)
    assert {key: before[key] for key in rest} == rest
    answer = plant.load_program(tag, "Trial_B")
    loaded = values(read, tag, *keys)
    assert answer["program_is_approved"] is False
    assert loaded["program_name"] == "Trial_B"
    assert loaded["program_fingerprint"] != rest["program_fingerprint"]
    assert loaded["change_counter"] == before["change_counter"] + 1
    assert plant.restore_program(tag)["program_is_approved"] is True
    restored = values(read, tag, *keys)
    assert {key: restored[key] for key in rest} == rest
    assert restored["change_counter"] == before["change_counter"] + 2


def test_stopped_machines_are_seen_to_stand_and_to_turn_again(plant, read):
    tags = ("FIL-PLC-01", "CNV-VFD-01", "CMP-PLC-01")
    for tag in tags:
        plant.stop(tag)
    for tag in tags:
        until({"standstill": True, "speed": "0"}, partial(values, read, tag, "standstill", "speed"))
        plant.start(tag)
    for tag in tags:
        until({"standstill": False}, partial(values, read, tag, "standstill"))


@EACH_PROTOCOL
def test_a_value_is_held_until_it_is_let_go(plant, read, tag, devices):
    point = devices[tag].points[-1]
    plant.set_point(tag, point.key, point.high + 7.25)
    held = values(read, tag, point.key, "alarms_high")
    assert float(held[point.key]) == pytest.approx(point.high + 7.25, rel=1e-6)
    assert held["alarms_high"] == 1
    plant.clear_point(tag, point.key)
    free = values(read, tag, point.key, "alarms_high")
    assert point.low <= float(free[point.key]) <= point.high
    assert free["alarms_high"] == 0


@EACH_PROTOCOL
def test_a_fault_is_seen(plant, read, tag):
    plant.set_point(tag, "major_fault", value=True)
    assert values(read, tag, "major_fault", "run_state") == {"major_fault": True, "run_state": "FAULT"}


@EACH_PROTOCOL
def test_firmware_that_is_not_the_approved_one_is_seen(plant, read, tag):
    plant.set_point(tag, "firmware", "9.99")
    assert values(read, tag, "firmware") == {"firmware": "9.99"}


def test_batch_and_redundancy_are_seen_in_words(plant, read):
    plant.set_point("CIP-PLC-01", "batch_state", "idle")
    plant.set_point("BLR-PLC-01", "redundancy", "DEGRADED")
    plant.set_point("SUB-RTU-01", "redundancy", "ALONE")
    assert values(read, "CIP-PLC-01", "batch_state") == {"batch_state": "IDLE"}
    assert values(read, "BLR-PLC-01", "redundancy") == {"redundancy": "DEGRADED"}
    assert values(read, "SUB-RTU-01", "redundancy", "redundancy_code") == {
        "redundancy": "ALONE",
        "redundancy_code": 2,
    }


@pytest.mark.parametrize(
    ("tag", "quality", "reason", "code"),
    [
        ("FIL-PLC-01", "bad", "bad_quality", "BadNoCommunication"),
        ("FIL-PLC-01", "uncertain", "uncertain_quality", "UncertainLastUsableValue"),
        ("LBL-PLC-01", "bad", "bad_quality", "ServerDeviceFailure"),
        ("CS-01", "bad", "bad_quality", "PayloadBad"),
        ("CS-01", "uncertain", "uncertain_quality", "PayloadUncertain"),
        ("CAM-01", "bad", "bad_quality", "PayloadBad"),
        ("CAM-01", "uncertain", "uncertain_quality", "PayloadUncertain"),
    ],
)
def test_broken_quality_is_seen_on_every_point_of_that_device_only(plant, read, tag, quality, reason, code):
    plant.quality(tag, quality)
    broken = read(tag)
    assert {(r.reason.value, r.status_code) for r in broken.values()} == {(reason, code)}
    neighbour = {"FIL-PLC-01": "CAP-PLC-01", "LBL-PLC-01": "LBL-PLC-02", "CS-01": "CS-02", "CAM-01": "CAM-02"}
    assert all(r.is_ok for r in read(neighbour[tag]).values())
    plant.quality(tag, "good")
    assert all(r.is_ok for r in read(tag).values())


def test_a_stale_device_answers_with_what_it_said_before(plant, read):
    tags, keys = ("FIL-PLC-01", "LBL-PLC-01", "CS-01", "CAM-01"), ("heartbeat", "program_name")
    for tag in tags:
        plant.quality(tag, "stale")
    before = {tag: read(tag, *keys) for tag in tags}
    for tag in tags:
        plant.load_program(tag, "Unseen_1")
    time.sleep(1.3)
    for tag in tags:
        after = read(tag, *keys)
        for key, reading in before[tag].items():
            assert (after[key].value, after[key].source_time) == (reading.value, reading.source_time)
            assert after[key].is_ok, "only its age says that it is old"
        plant.quality(tag, "good")
        assert values(read, tag, "program_name") == {"program_name": "Unseen_1"}


def test_reset_of_one_device_leaves_the_others(plant, read):
    plant.turn_key("FIL-PLC-01", "REM")
    plant.turn_key("FIL-PLC-02", "REM")
    plant.load_program("FIL-PLC-01", "Other")
    plant.reset("FIL-PLC-01")
    assert values(read, "FIL-PLC-01", "mode", "change_counter") == {"mode": "RUN", "change_counter": 42}
    assert values(read, "FIL-PLC-02", "mode") == {"mode": "REM"}
    plant.reset()
    assert values(read, "FIL-PLC-02", "mode") == {"mode": "RUN"}


def test_a_refused_verb_changes_nothing(plant, read):
    with pytest.raises(PlantRefused, match="RUN, REM, PROG"):
        plant.turn_key("FIL-PLC-01", "OFF")
    with pytest.raises(PlantRefused, match="no device 'NO-PLC'"):
        plant.turn_key("NO-PLC", "RUN")
    assert values(read, "FIL-PLC-01", "mode") == {"mode": "RUN"}
