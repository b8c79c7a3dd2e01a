"""Starts, restarts, and who may hold the plant's controls."""

import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plantgov.demo.plant import PlantClient, PlantUnreachable, describe
from plantgov.demo.plant.state import state_file
from tests.demo.plant.conftest import ROOT, RUN, end, readings_of, running

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("plant")]


def test_a_killed_plant_comes_back_with_ports_certificate_and_what_was_done(tmp_path):
    with running(tmp_path, by_command=True) as process:
        plant = PlantClient(tmp_path)
        plant.turn_key("FIL-PLC-01", "REM")
        plant.load_program("LBL-PLC-01", "Trial_B")
        plant.bypass("CS-01", "IL-DEFROST-LIMIT")
        plant.drop("CAM-01")
        before = {device.tag: device for device in describe(tmp_path)}
        end(process, number=signal.SIGKILL)
    with pytest.raises(PlantUnreachable, match="does not answer"):
        plant.status()
    taken_port = urlsplit(before["FIL-PLC-02"].url).port
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", taken_port))
        squatter.listen()
        with running(tmp_path) as process:
            after = {device.tag: device for device in describe(tmp_path)}
            assert {tag for tag in after if after[tag] != before[tag]} == {"FIL-PLC-02"}, "its port was taken"
            assert readings_of(after["FIL-PLC-02"], "mode")["mode"].is_ok
            assert readings_of(after["FIL-PLC-01"], "mode")["mode"].value == "REM"
            assert readings_of(after["LBL-PLC-01"], "program_name")["program_name"].value == "Trial_B"
            assert readings_of(after["CS-01"], "bypasses")["bypasses"].value == ["IL-DEFROST-LIMIT"]
            assert readings_of(after["CAM-01"], "heartbeat")["heartbeat"].reason.value == "refused"
            assert end(process) == 0, "SIGTERM is a clean end"


def test_a_second_plant_on_the_same_data_is_refused(plant_dir):
    second = subprocess.run(
        [*RUN, str(plant_dir)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert second.returncode == 2
    assert "already runs" in second.stderr


def test_a_plant_that_never_ran_is_said_to_have_no_ports(tmp_path):
    with pytest.raises(PlantUnreachable, match="plant run"):
        describe(tmp_path)
    assert PlantClient(tmp_path).is_running() is False


def test_only_the_owner_reads_token_and_key(plant_dir):
    for name in ("plant.json", "key.pem"):
        assert stat.S_IMODE((plant_dir / "plant" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((plant_dir / "plant").stat().st_mode) == 0o700


def ask(plant_dir, method, path, *, token=None, body=None):
    known = json.loads(state_file(plant_dir).read_text())
    link = http.client.HTTPConnection("127.0.0.1", known["control_port"], timeout=3)
    link.request(method, path, body, {"Authorization": f"Bearer {token or known['token']}"})
    answer = link.getresponse()
    document = json.loads(answer.read())
    link.close()
    return answer.status, document


def test_the_controls_need_the_token(plant_dir, plant):
    for method, path in (("GET", "/status"), ("POST", "/key"), ("POST", "/reset")):
        assert ask(plant_dir, method, path, token="wrong")[0] == 401
    assert plant.device("FIL-PLC-01")["values"]["mode"] == "RUN"


def test_the_controls_refuse_what_they_do_not_know(plant_dir, plant):
    assert ask(plant_dir, "GET", "/key")[0] == 405
    assert ask(plant_dir, "DELETE", "/status")[0] == 405
    assert ask(plant_dir, "POST", "/explode", body="{}")[0] == 409
    assert ask(plant_dir, "POST", "/key", body="{")[0] == 400
    assert ask(plant_dir, "POST", "/key", body="[]")[0] == 409
    status, document = ask(plant_dir, "POST", "/key", body=json.dumps({"tag": "FIL-PLC-01", "mode": 3}))
    assert (status, document["error"]) == (409, "Say which mode is meant.")


def test_noise_on_the_control_port_hurts_nobody(plant_dir, plant):
    port = json.loads(state_file(plant_dir).read_text())["control_port"]
    for noise in (b"\x00" * 20_000, b"GET\r\n\r\n", b"POST /key HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=2) as link:
            link.sendall(noise)
    assert plant.status()["devices"]


def test_everything_listens_on_loopback_only(plant):
    pid = plant.status()["pid"]
    inodes = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = file.readlink().as_posix()
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.add(fields[1].partition(":")[0])
    assert listening == {"0100007F"}


def test_the_plant_imports_neither_django_nor_the_rest_of_the_house():
    look = (
        "import sys, plantgov.demo.plant.process; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    seen = subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not {"django", "fieldlink", "assets", "access", "operations", "changes"} & set(seen.stdout.split())


def test_the_hand_at_the_panels_needs_no_server_library():
    look = "import sys, plantgov.demo.plant; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    seen = subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not {"asyncua", "amqtt", "pymodbus", "django"} & set(seen.stdout.split())
