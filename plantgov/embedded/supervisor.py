"""`manage.py up`: the servers, the web, the tasks, and in the demo the plant, as one process tree."""

import argparse
import hashlib
import http.client
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from plantgov.embedded import servers
from plantgov.embedded.children import Children, Program, has_command, manage
from plantgov.embedded.console import Console
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import (
    CHECKOUT,
    Lock,
    Place,
    Register,
    default_root,
    port_is_free,
    running_as_root,
)
from plantgov.embedded.processes import Death

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- compared with, not bound to
_PATIENT = Death(((signal.SIGTERM, 20.0), (signal.SIGQUIT, 5.0)))
_ANSWER_TIMEOUT_S = 90.0
_TICK_S = 0.3
_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """What `up` was asked for."""

    demo: bool
    port: int
    bind: str
    tls_cert: str | None
    tls_key: str | None

    @property
    def host(self) -> str:
        """The name people type, as far as we can know it."""
        if self.bind in _LOOPBACK:
            return "localhost"
        return socket.gethostname() if self.bind in _EVERYWHERE else self.bind

    @property
    def url(self) -> str:
        """Where the portal answers."""
        return f"{'https' if self.tls_cert else 'http'}://{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """What the web server binds to."""
        return f"[{self.bind}]:{self.port}" if ":" in self.bind else f"{self.bind}:{self.port}"


class Stopped(BaseException):
    """SIGTERM or SIGINT arrived while starting."""


class Supervisor:
    """Starts everything in order, watches it, stops it in reverse order."""

    def __init__(self, options: Options, environ: Mapping[str, str]) -> None:
        self.options = options
        self.environ = environ
        kind = "demo" if options.demo else "live"
        self.place = Place(default_root(kind=kind, environ=environ), kind)
        self.embedded = not environ.get("DATABASE_URL")
        self.servers = servers.Servers(self.place, environ=environ)
        self.console = Console()
        self.children: Children | None = None
        self.lock: Lock | None = None
        self._stop = threading.Event()
        self._is_ready = False

    def run(self) -> int:
        """Start, watch until told to stop, stop; the exit code."""
        refuse_bad_options(self.options, self.environ)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._signalled)
        try:
            self._start()
            self._is_ready = True
            self._watch()
        except Stopped:
            self.console.say("  interrupted while starting")
        finally:
            self._is_ready = True
            self._shut_down()
        return 0

    def _start(self) -> None:
        what = "the demo" if self.options.demo else "PlantGov"
        self.console.say(f"Starting {what}; data in {self.place.root}")
        self._start_servers()
        children = self.children = Children(
            environment=self._environment(), console=self.console, register=Register(self.place)
        )
        sign_in_file(self.place).unlink(missing_ok=True)
        static_finished = begin_static(children, self.place)
        with self.console.step("database is up to date"):
            children.run(Program("migrate", manage("migrate", "--noinput")), extra=self._owner())
        if self.options.demo:
            self._start_plant(children)
        with self.console.step("static files"):
            static_finished()
        with self.console.step(f"portal answers on {self.options.url}"):
            for program in serving_programs(self.options, self.place):
                children.start(program)
            self._wait_answer(children)
        self._welcome()

    def _start_servers(self) -> None:
        if self.embedded:
            with self.console.step("PostgreSQL and Valkey"):
                self.servers.start()
            return
        self.place.prepare()
        self.lock = Lock(self.place)
        Register(self.place).end_leftovers()

    def _start_plant(self, children: Children) -> None:
        if has_command("plant"):
            with self.console.step("simulated plant"):
                children.start(Program("plant", manage("plant", "run")))
        if has_command("demo"):
            with self.console.step("demo enterprise"):
                children.run(Program("demo", manage("demo")))

    def _environment(self) -> dict[str, str]:
        """What children see: the runtime role, never the owner's address."""
        variables = dict(self.environ)
        if self.embedded:
            variables |= servers.environment(self.place)
        elif not (self.environ.get("PLANTGOV_SECRET_KEY") or "PLANTGOV_SECRET_KEY_FILE" in variables):
            variables |= servers.own_secrets(self.place)
        variables.pop("DATABASE_OWNER_URL", None)
        variables.setdefault("PLANTGOV_DATA_DIR", str(self.place.root))
        variables.setdefault("PLANTGOV_PUBLIC_URL", self.options.url)
        variables.setdefault("PLANTGOV_ALLOWED_HOSTS", ",".join(allowed_hosts(self.options)))
        variables |= {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "plantgov.settings"}
        variables["PLANTGOV_SIGN_IN_FILE"] = str(sign_in_file(self.place))
        return variables | (demo_environment(self.place) if self.options.demo else {})

    def _owner(self) -> dict[str, str]:
        if self.embedded:
            return servers.owner_environment(self.place)
        told = self.environ.get("DATABASE_OWNER_URL")
        return {"DATABASE_OWNER_URL": told} if told else {}

    def _watch(self) -> None:
        pause_s = _TICK_S
        while not self._stop.wait(pause_s):
            pause_s = _TICK_S if self._servers_run() else _RETRY_S
            if self.children:
                self.children.revive()

    def _servers_run(self) -> bool:
        """Bring back a server that stopped; a full disk or the like is tried again until it works."""
        if not self.embedded:
            return True
        before = servers.environment(self.place)
        try:
            revived = self.servers.revive()
        except CannotStart as error:
            self.console.say(f"  {error}")
            return False
        if servers.environment(self.place) != before:
            raise CannotStart("Another program took the port of a stopped server; start PlantGov again.")
        for name in revived:
            self.console.say(f"  {name} had stopped; it was started again")
        return True

    def _wait_answer(self, children: Children) -> None:
        deadline = time.monotonic() + _ANSWER_TIMEOUT_S
        while time.monotonic() < deadline:
            if answers(self.options):
                return
            children.revive()
            time.sleep(0.2)
        raise CannotStart(
            f"The portal did not answer on {self.options.address} within {_ANSWER_TIMEOUT_S:.0f} s; "
            "the lines of `web` above say why."
        )

    def _welcome(self) -> None:
        lines = [f"open     {self.options.url}", *self._sign_in_lines()]
        lines += [f"data     {self.place.root}", "stop     Ctrl-C"]
        if self.options.bind not in _LOOPBACK and not self.options.tls_cert:
            lines.append("warning  no TLS: put a TLS proxy in front, or passwords can be read on the way")
        if running_as_root() and not self.options.demo:
            lines.append("note     web and tasks run as root; see docs/how-to/install.md for a user")
        took_s = time.monotonic() - self.console.started
        self.console.block(f"PlantGov is ready ({took_s:.1f} s)", lines)

    def _sign_in_lines(self) -> list[str]:
        """How to get in: the demo's names and password, or the one-time link of the wizard."""
        if not self.options.demo and has_command("setup_link") and self.children:
            self.children.run(Program("setup", manage("setup_link")))
        note = sign_in_file(self.place)
        lines = note.read_text(encoding="utf-8").splitlines() if note.exists() else []
        if self.options.demo:
            lines.append(f"password {self.place.secret('demo.password')}   (every account of the demo)")
        return lines

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_ready:
            self._is_ready = True
            raise Stopped
        self._stop.set()

    def _shut_down(self) -> None:
        self.console.say("Stopping")
        if self.children:
            self.children.stop()
        with self.console.step("stopped the servers"):
            self.servers.stop()
        if self.lock:
            self.lock.release()


def refuse_bad_options(options: Options, environ: Mapping[str, str]) -> None:
    """Say what is wrong before anything is started."""
    if options.demo and environ.get("DATABASE_URL"):
        raise CannotStart(
            "The demo makes its own database and never touches another: unset DATABASE_URL first."
        )
    if options.demo and options.bind not in _LOOPBACK:
        raise CannotStart("The demo listens on loopback only; leave --bind out.")
    if environ.get("DATABASE_URL") and not environ.get("REDIS_URL"):
        raise CannotStart("DATABASE_URL is set but REDIS_URL is not: set both, or neither.")
    if bool(options.tls_cert) != bool(options.tls_key):
        raise CannotStart("--tls-cert and --tls-key belong together: give both files.")
    for name in (options.tls_cert, options.tls_key):
        if name and not os.access(name, os.R_OK):
            raise CannotStart(f"{name} cannot be read.")
    if not port_is_free(options.port, options.bind):
        raise CannotStart(
            f"Port {options.port} on {options.bind} is in use or not ours to take: stop what listens "
            f"there, or choose another with --port (for instance --port {options.port + 1})."
        )


def serving_programs(options: Options, place: Place) -> list[Program]:
    """Tasks first, so that the first page finds a worker."""
    celery = ("-m", "celery", "--app", "plantgov.celery", "--quiet")
    tls = ("--certfile", options.tls_cert, "--keyfile", options.tls_key or "") if options.tls_cert else ()
    return [
        Program(
            "worker",
            (*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip"),
            _PATIENT,
        ),
        Program(
            "beat",
            (*celery, "beat", "--loglevel", "WARNING", "--schedule", str(place.run / "beat"), "--pidfile="),
        ),
        Program(
            "web",
            (
                *("-m", "gunicorn", "plantgov.wsgi:application", "--bind", options.address),
                *("--worker-class", "gthread", "--workers", "2", "--threads", "8"),
                *("--graceful-timeout", "8", "--no-control-socket", *tls),
            ),
        ),
    ]


def begin_static(children: Children, place: Place) -> Callable[[], None]:
    """Collect static files beside the migrations, when any has changed since the last time."""
    stamp = place.run / "static.stamp"
    mark = static_mark()
    is_there = (place.root / "static" / "staticfiles.json").exists()
    if is_there and stamp.exists() and stamp.read_text(encoding="ascii") == mark:
        return lambda: None
    unused = ("--ignore", "redoc", "--ignore", "rest_framework")
    command = manage("collectstatic", "--noinput", "--verbosity", "0", *unused)
    finish = children.begin(Program("static", command))

    def finished() -> None:
        finish()
        stamp.write_text(mark, encoding="ascii")

    return finished


def static_mark() -> str:
    """A digest that changes with our own static files and with the packages that bring some."""
    digest = hashlib.sha256((CHECKOUT / "requirements.txt").read_bytes())
    for path in sorted((CHECKOUT / "plantgov" / "static").rglob("*")):
        found = path.stat()
        digest.update(f"{path}|{found.st_size}|{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def demo_environment(place: Place) -> dict[str, str]:
    """The switches of the demo; its password is made on the spot and kept for its life."""
    place.secret("demo.password")
    return {
        "PLANTGOV_DEMO": "true",
        "PLANTGOV_ALLOW_LOOPBACK": "true",
        "PLANTGOV_SIGN_SECOND_FACTOR": "if_enrolled",
        "PLANTGOV_EMAIL_URL": f"filemail:///{place.root / 'mail'}",  # the third slash ends the (empty) host
        "PLANTGOV_DEMO_PASSWORD_FILE": str(place.keys / "demo.password"),
    }


def sign_in_file(place: Place) -> Path:
    """Where seeding or the setup link leaves the lines that tell how to sign in."""
    return place.run / "sign-in.txt"


def allowed_hosts(options: Options) -> list[str]:
    """Host names that requests may carry."""
    names = ["localhost", "127.0.0.1", "[::1]"]
    if options.bind not in _LOOPBACK:
        names += [options.host, socket.getfqdn()]
    return list(dict.fromkeys(names))


def answers(options: Options) -> bool:
    """Whether /healthz answers 200."""
    host = "127.0.0.1" if options.bind in _EVERYWHERE else options.bind
    connection: http.client.HTTPConnection
    if options.tls_cert:
        # It is our own port, and the certificate names the outside; its check adds nothing here.
        context = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection(host, options.port, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(host, options.port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def parser() -> argparse.ArgumentParser:
    """The options of `up`."""
    made = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    made.add_argument("--demo", action="store_true", help="the demo enterprise with a simulated plant")
    made.add_argument("--port", type=int, default=8000)
    made.add_argument("--bind", default="127.0.0.1", metavar="A", help="address to listen on")
    made.add_argument("--tls-cert", metavar="F", help="certificate chain, PEM")
    made.add_argument("--tls-key", metavar="F", help="private key, PEM")
    return made


def main(arguments: Sequence[str]) -> int:
    """Run `up`; 0 when it was stopped in order, 2 when it could not start."""
    told = parser().parse_args(list(arguments))
    options = Options(told.demo, told.port, told.bind, told.tls_cert, told.tls_key)
    try:
        return Supervisor(options, os.environ).run()
    except CannotStart as error:
        sys.stderr.write(f"\n{error}\n")
        return 2
