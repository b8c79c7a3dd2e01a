"""Stalled and dropped devices, as the wire sees them."""

import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("plant")]

EACH_PROTOCOL = pytest.mark.parametrize("tag", ["FIL-PLC-01", "LBL-PLC-01", "CS-01", "CAM-01"])
NEIGHBOUR = {"FIL-PLC-01": "FIL-PLC-02", "LBL-PLC-01": "LBL-PLC-02", "CS-01": "CS-02", "CAM-01": "CAM-02"}
# Read one register of unit 11: the shortest request there is among the four protocols.
ASK = bytes.fromhex("000100000006 0b 03 0000 0001")


def port_of(device):
    return urlsplit(device.url).port


def connected(device):
    link = socket.create_connection(("127.0.0.1", port_of(device)), timeout=1)
    link.settimeout(0.4)
    return link


def descriptors(plant):
    return len(list(Path(f"/proc/{plant.status()['pid']}/fd").iterdir()))


@EACH_PROTOCOL
def test_a_stalled_device_accepts_and_never_answers(plant, read, devices, tag):
    plant.stall(tag)
    connected(devices[tag]).close()
    stalled = read(tag, "heartbeat", timeout_s=0.4)["heartbeat"]
    assert (stalled.reason.value, stalled.value) == ("timeout", None)
    assert read(NEIGHBOUR[tag], "heartbeat")["heartbeat"].is_ok
    plant.stall(tag, off=True)
    assert read(tag, "heartbeat")["heartbeat"].is_ok


@EACH_PROTOCOL
def test_a_dropped_device_refuses_and_comes_back_on_its_port(plant, read, devices, tag):
    plant.drop(tag)
    with pytest.raises(ConnectionRefusedError):
        connected(devices[tag])
    assert read(tag, "heartbeat")["heartbeat"].reason.value == "refused"
    assert read(NEIGHBOUR[tag], "heartbeat")["heartbeat"].is_ok
    plant.drop(tag, off=True)
    assert read(tag, "heartbeat")["heartbeat"].is_ok


def test_an_open_connection_falls_silent_in_a_stall_and_is_answered_late(plant, devices):
    with connected(devices["LBL-PLC-01"]) as link:
        link.sendall(ASK)
        assert len(link.recv(64)) == 11
        plant.stall("LBL-PLC-01")
        link.sendall(ASK)
        with pytest.raises(TimeoutError):
            link.recv(64)
        plant.stall("LBL-PLC-01", off=True)
        assert len(link.recv(64)) == 11


def test_a_connection_made_in_a_stall_is_answered_when_it_ends(plant, devices):
    plant.stall("LBL-PLC-01")
    with connected(devices["LBL-PLC-01"]) as link:
        link.sendall(ASK)
        with pytest.raises(TimeoutError):
            link.recv(64)
        plant.stall("LBL-PLC-01", off=True)
        assert len(link.recv(64)) == 11


def test_an_open_connection_ends_when_the_device_drops(plant, devices):
    with connected(devices["LBL-PLC-01"]) as link:
        link.sendall(ASK)
        assert link.recv(64)
        plant.drop("LBL-PLC-01")
        with suppress(ConnectionResetError):
            assert link.recv(64) == b""


def test_nobody_takes_the_port_of_a_dropped_device(plant, devices):
    plant.drop("CAM-01")
    for reuse in (0, 1):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port_of(devices["CAM-01"])))


def test_callers_that_give_up_on_a_stalled_device_leave_nothing_behind(plant, devices):
    plant.stall("FIL-PLC-01")
    before = descriptors(plant)
    for _ in range(30):
        connected(devices["FIL-PLC-01"]).close()
    ends_at = time.monotonic() + 3
    while descriptors(plant) > before + 2 and time.monotonic() < ends_at:
        time.sleep(0.05)
    assert descriptors(plant) <= before + 2


def test_stalled_and_dropped_at_once_refuses(plant, devices):
    plant.stall("CAM-01")
    plant.drop("CAM-01")
    with pytest.raises(ConnectionRefusedError):
        connected(devices["CAM-01"])


def test_many_readers_at_once_are_all_answered(devices):
    links = [connected(devices["LBL-PLC-01"]) for _ in range(40)]
    for link in links:
        link.sendall(ASK)
    assert [len(link.recv(64)) for link in links] == [11] * 40
    for link in links:
        link.close()
