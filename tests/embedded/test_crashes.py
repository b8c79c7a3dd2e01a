"""What a crash leaves behind never stops the next start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from plantgov.embedded import processes
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place, read_json
from plantgov.embedded.servers import Servers, environment, owner_environment
from tests.embedded.conftest import CLEAN

# What the kernel does on Linux when a launcher dies, other systems do not: there the next start must
# find and end the servers. `orphans` makes Linux behave like them.
LAUNCHER = """
import sys, time
from pathlib import Path
from plantgov.embedded import processes
from plantgov.embedded.place import Place
from plantgov.embedded.servers import Servers
if sys.argv[2] == "orphans":
    processes._dies_with_us = lambda number: None
with Servers(Place(Path(sys.argv[1]), "temp"), environ={}):
    print("up", flush=True)
    time.sleep(60)
"""


def launch(root: Path, mode: str) -> subprocess.Popen:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(root), mode],
        env=CLEAN,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout.readline() == "up\n"
    return launcher


def kill_dash_nine(launcher: subprocess.Popen) -> None:
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()


@pytest.mark.parametrize("mode", ["orphans", "linux"])
def test_after_kill_dash_nine_of_the_launcher_the_next_start_works(folder, mode):
    place = Place(folder / "data", "temp")
    launcher = launch(place.root, mode)
    before = environment(place)
    with psycopg.connect(owner_environment(place)["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    kill_dash_nine(launcher)
    with Servers(place, environ={}):
        assert environment(place) == before
        with psycopg.connect(before["DATABASE_URL"]) as runtime:
            assert runtime.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_servers_end_when_their_launcher_is_killed(folder):
    place = Place(folder / "data", "temp")
    launcher = launch(place.root, "linux")
    known = {entry["pid"]: entry["started"] for entry in read_json(place.run / "processes.json").values()}
    assert len(known) == 2
    kill_dash_nine(launcher)
    assert all(processes.wait_gone(pid, started=mark, timeout_s=20) for pid, mark in known.items())


def test_a_note_of_a_process_number_that_is_now_another_program_is_no_obstacle(folder):
    place = Place(folder / "data", "temp")
    with Servers(place, environ={}):
        pass
    (place.postgres / "postmaster.pid").write_text(f"{os.getppid()}\n{place.postgres}\n")
    with Servers(place, environ={}):
        pass


def test_a_register_entry_of_another_process_with_the_same_number_is_left_alone(folder):
    innocent = subprocess.Popen(["/bin/sleep", "30"])
    try:
        assert not processes.end_stranger(innocent.pid, started="of another time", death=processes.Death())
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_data_directory_half_made_by_a_crash_is_made_again(folder):
    place = Place(folder / "data", "temp")
    place.prepare()
    (place.root / "postgres.new").mkdir()
    (place.root / "postgres.new" / "PG_VERSION").write_text("18\n")
    with Servers(place, environ={}) as servers:
        assert len(servers.running) == 2


def test_a_lost_password_file_is_explained(folder):
    place = Place(folder / "data", "temp")
    with Servers(place, environ={}):
        pass
    (place.keys / "postgres.password").unlink()
    with pytest.raises(CannotStart, match="does not know the password"):
        Servers(place, environ={}).start()


def run_exec(*command: str, temp: bool = True, **variables: str) -> subprocess.Popen:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "plantgov.embedded.servers",
            "exec",
            *(["--temp"] if temp else []),
            "--",
            *command,
        ],
        env=CLEAN | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_exec_returns_the_commands_exit_code_and_leaves_nothing(folder):
    lent = run_exec("sh", "-c", 'echo "$PLANTGOV_DATA_DIR"; exit 7', TMPDIR=str(folder))
    said, _ = lent.communicate(timeout=30)
    assert lent.returncode == 7
    assert said.startswith(str(folder))
    assert list(folder.iterdir()) == []


def test_exec_passes_a_signal_on_and_still_stops_its_servers(folder):
    lent = run_exec(
        "sh", "-c", 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done', TMPDIR=str(folder)
    )
    assert lent.stdout.readline() == "ready\n"
    lent.send_signal(signal.SIGTERM)
    lent.communicate(timeout=30)
    assert lent.returncode == 9
    assert list(folder.iterdir()) == []


def test_throw_away_folders_of_killed_runs_are_swept_by_the_next(folder):
    killed = run_exec("sh", "-c", "echo ready; sleep 60", TMPDIR=str(folder))
    assert killed.stdout.readline() == "ready\n"
    kill_dash_nine(killed)
    left = list(folder.iterdir())
    assert len(left) == 1
    long_ago = time.time() - 3600
    os.utime(left[0], (long_ago, long_ago))
    run_exec("true", TMPDIR=str(folder)).communicate(timeout=30)
    assert list(folder.iterdir()) == []
