"""`up`: what it refuses, how it watches its children, and that it comes back after kill -9."""

import io
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from plantgov.embedded.children import CHECKOUT, Children, Program, has_command
from plantgov.embedded.console import Console
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place, Register, any_free_port, read_json
from plantgov.embedded.supervisor import Options, allowed_hosts, refuse_bad_options
from tests.embedded.conftest import CLEAN


def options(**changed) -> Options:
    return Options(
        **{"demo": False, "port": any_free_port(), "bind": "127.0.0.1", "tls_cert": None, "tls_key": None}
        | changed
    )


DATABASE = {"DATABASE_URL": "postgres://somewhere/plantgov"}


@pytest.mark.parametrize(
    ("asked", "environ", "said"),
    [
        ({"demo": True}, DATABASE, "unset DATABASE_URL"),
        ({"demo": True, "bind": "0.0.0.0"}, {}, "loopback only"),
        ({}, DATABASE, "REDIS_URL is not"),
        ({"tls_cert": "/etc/hostname"}, {}, "belong together"),
        ({"tls_cert": "/nowhere/a", "tls_key": "/nowhere/b"}, {}, "/nowhere/a cannot be read"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(asked, environ, said):
    with pytest.raises(CannotStart, match=said):
        refuse_bad_options(options(**asked), environ)


def test_a_busy_port_is_named_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"Port {port} on 127.0.0.1 is in use.*--port {port + 1}"):
            refuse_bad_options(options(port=port), {})


def test_only_the_names_it_listens_on_are_allowed_as_hosts():
    assert allowed_hosts(options()) == ["localhost", "127.0.0.1", "[::1]"]
    assert "192.0.2.7" in allowed_hosts(options(bind="192.0.2.7"))
    assert "*" not in allowed_hosts(options(bind="0.0.0.0"))


@pytest.fixture
def children(folder):
    place = Place(folder / "data", "temp")
    place.prepare()
    said = io.StringIO()
    made = Children(environment=CLEAN, console=Console(said), register=Register(place))
    made.said, made.place = said, place
    yield made
    made.stop()


def until(condition, timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_crashed_child_is_started_again_after_a_pause(children, folder):
    marks = folder / "marks"
    children.start(Program("fragile", ("-c", f"open({str(marks)!r}, 'a').write('x')")))

    def started_twice() -> bool:
        children.revive()
        return marks.exists() and len(marks.read_text()) >= 2

    until(started_twice)
    assert "fragile ended with code 0; it starts again in 1 s" in children.said.getvalue()


def test_children_are_stopped_last_started_first_and_forgotten(children):
    sleeping = ("-c", "import time; time.sleep(60)")
    children.start(Program("one", sleeping))
    children.start(Program("two", sleeping))
    register = children.place.run / "processes.json"
    assert list(read_json(register)) == ["one", "two"]
    children.stop()
    said = children.said.getvalue()
    assert said.index("stopped two") < said.index("stopped one")
    assert read_json(register) == {}


def test_a_childs_lines_carry_its_name(children):
    children.run(Program("talker", ("-c", "print('first'); print('second')")))
    until(lambda: "second" in children.said.getvalue())
    assert "  talker │ first\n  talker │ second\n" in children.said.getvalue()


def test_a_failing_step_stops_the_start_and_is_named(children):
    with pytest.raises(CannotStart, match=r"`-c raise SystemExit\(3\)` failed with exit code 3"):
        children.run(Program("step", ("-c", "raise SystemExit(3)")))


def test_commands_are_found_where_django_finds_them():
    assert has_command("migrate")
    assert not has_command("no_such_command")


# Compressing every static file is most of a first start, and not what is tested here.
PLAIN_STATIC_FILES = {"PLANTGOV_STATIC_BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


class Up:
    """One `manage.py up` on a port of its own."""

    def __init__(self, data: Path, log: Path) -> None:
        self.port, self.log = any_free_port(), log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port)],
                cwd=CHECKOUT,
                env=CLEAN | {"PLANTGOV_DATA_DIR": str(data), **PLAIN_STATIC_FILES},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        until(lambda: "PlantGov is ready" in self.text() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.text()[-3000:]

    def text(self) -> str:
        return self.log.read_text(errors="replace")


def test_up_answers_refuses_a_second_one_survives_kill_dash_nine_and_stops_cleanly(folder):
    data = folder / "a plant's data"
    first = Up(data, folder / "first.log")
    first.wait_ready()
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/healthz", timeout=10) as answer:
        assert answer.status == 200

    second = Up(data, folder / "second.log")
    assert second.process.wait(60) == 2
    assert f"already runs on {data}" in second.text()

    first.process.kill()
    first.process.wait()
    third = Up(data, folder / "third.log")
    third.wait_ready()
    third.process.send_signal(signal.SIGTERM)
    assert third.process.wait(60) == 0
    stopped = [line for line in third.text().splitlines() if "stopped" in line]
    assert [line.split()[1] for line in stopped] == ["web", "beat", "worker", "the"]
    assert read_json(data / "run" / "processes.json") == {}
