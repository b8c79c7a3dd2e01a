"""The embedded PostgreSQL and Valkey as one unit, and a command line that lends them to a command.

python -m plantgov.embedded.servers exec [--temp] [--from wheels] -- COMMAND…
"""

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from plantgov.embedded import postgres, processes, programs, roles, valkey
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.keys import signing_key_file
from plantgov.embedded.place import Lock, Place, Register, default_root, running_as_root
from plantgov.embedded.processes import Death

_TEMP_PREFIX = "plantgov-temp-"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which server programs to take; what is empty is looked up."""

    source: str = "auto"
    pg_bin: str | None = None
    redis_bin: str | None = None


@dataclass(slots=True)
class Servers:
    """PostgreSQL and Valkey of one place; also a context manager."""

    place: Place
    choice: Choice = field(default_factory=Choice)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    running: list[tuple[str, "subprocess.Popen[bytes]", Death]] = field(default_factory=list)
    _lock: Lock | None = None

    def start(self) -> "Servers":
        """Take the lock, end what a crash left, start both servers, make roles and database."""
        self.place.prepare()
        self._lock = Lock(self.place)
        try:
            Register(self.place).end_leftovers()
            self._start_postgres()
            self._start_valkey()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop what runs, last started first, and give the lock back."""
        register = Register(self.place)
        for name, process, death in reversed(self.running):
            processes.end(process, death=death)
            register.remove(name)
        self.running.clear()
        if self._lock:
            self._lock.release()
            self._lock = None

    def revive(self) -> list[str]:
        """Start again, on its port, a server that stopped by itself; the names of those.

        Raises CannotStart when it does not come back; the next call tries again.
        """
        revived = []
        for entry in [one for one in self.running if one[1].poll() is not None]:
            name, process, _death = entry
            processes.kill_group(process.pid)
            {"postgres": self._start_postgres, "valkey": self._start_valkey}[name]()
            self.running.remove(entry)
            revived.append(name)
        return revived

    def __enter__(self) -> "Servers":
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _start_postgres(self) -> None:
        identity = self.place.identity()
        found = programs.find_postgres(
            environ=self.environ,
            source=self.choice.source,
            major=postgres.data_major(self.place),
            told=self.choice.pg_bin,
        )
        cluster = postgres.Cluster(
            place=self.place,
            programs=programs.within_reach(found, identity=identity, beside=self._copies()),
            identity=identity,
        )
        self._check_reach()
        postgres.initialise(cluster)
        process, port = postgres.start(cluster)
        self._note("postgres", process, postgres.DEATH)
        self.place.remember(pg_bin=str(cluster.programs.folder))
        roles.ensure_roles_and_database(self.place, port, for_tests=self.place.kind == "temp")

    def _start_valkey(self) -> None:
        identity = self.place.identity()
        found = programs.find_broker(
            environ=self.environ, source=self.choice.source, told=self.choice.redis_bin
        )
        broker = programs.broker_within_reach(found, identity=identity, beside=self._copies())
        process, _port = valkey.start(valkey.Store(self.place, broker, identity))
        self._note("valkey", process, valkey.DEATH)

    def _copies(self) -> Path:
        """Where programs go that the servers' user cannot reach; made only when needed."""
        return self.place.root / "programs"

    def _note(self, name: str, process: "subprocess.Popen[bytes]", death: Death) -> None:
        self.running.append((name, process, death))
        Register(self.place).add(name, process.pid, death=death)

    def _check_reach(self) -> None:
        """Say it plainly when the servers' user cannot enter the data directory."""
        identity = self.place.identity()
        if identity and not programs.can_enter(self.place.root, identity=identity):
            raise CannotStart(
                f"Started by root, the servers run as user {identity.uid}, who cannot enter "
                f"{self.place.root}. Set PLANTGOV_DATA_DIR to a folder whose parents are open "
                "(mode o+x), or start PlantGov as an ordinary user."
            )


def environment(place: Place) -> dict[str, str]:
    """The variables that let a process use this installation as the runtime role."""
    port, broker_port = place.recall("postgres_port"), place.recall("valkey_port")
    return {
        "DATABASE_URL": roles.url(place, port, roles.RUNTIME),
        "REDIS_URL": valkey.url(place, broker_port),
        "PLANTGOV_DATA_DIR": str(place.root),
        **own_secrets(place),
    }


def owner_environment(place: Place) -> dict[str, str]:
    """The address of the owner's role, which only migrate, backup and restore are given."""
    port = place.recall("postgres_port")
    return {"DATABASE_OWNER_URL": roles.url(place, port, roles.OWNER)}


def own_secrets(place: Place) -> dict[str, str]:
    """Files that hold the installation's secrets, made on the first call."""
    place.secret("django.secret")
    return {
        "PLANTGOV_SECRET_KEY_FILE": str(place.keys / "django.secret"),
        "PLANTGOV_SIGNING_KEY_FILE": str(signing_key_file(place)),
    }


@contextlib.contextmanager
def temporary_place() -> Iterator[Place]:
    """A throw-away data directory; those that killed runs left are swept first."""
    base = Path(tempfile.gettempdir())
    _sweep(base)
    root = Path(tempfile.mkdtemp(prefix=_TEMP_PREFIX, dir=base))
    if running_as_root():
        root.chmod(0o711)
    try:
        yield Place(root, "temp")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _sweep(base: Path) -> None:
    for root in base.glob(f"{_TEMP_PREFIX}*"):
        with contextlib.suppress(OSError):
            is_old = time.time() - root.stat().st_mtime > 60
            descriptor = os.open(root / "lock", os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                place = Place(root, "temp")
                Register(place).end_leftovers()
                postgres.end_leftover(place)
                if is_old:
                    shutil.rmtree(root, ignore_errors=True)
            finally:
                os.close(descriptor)


def lend(place: Place, command: Sequence[str], *, choice: Choice) -> int:
    """Run COMMAND with the servers up; its exit code, or 128 + the signal that ended it."""
    with Servers(place, choice) as _servers:
        variables = os.environ | environment(place) | owner_environment(place)
        child = subprocess.Popen(list(command), env=variables)

        def forward(number: int, _frame: FrameType | None) -> None:
            # A terminal sends its own interrupt to the whole group; twice would be once too often.
            if number != signal.SIGINT or not sys.stdin.isatty():
                child.send_signal(number)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, forward)
        code = child.wait()
    return code if code >= 0 else 128 - code


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; exit code 2 when the servers could not be started."""
    options = _parser().parse_args(arguments)
    choice = Choice(options.source, options.pg_bin, options.redis_bin)
    try:
        return int(options.verb(options, choice))
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _exec(options: argparse.Namespace, choice: Choice) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        sys.stderr.write("exec: a command is needed after --\n")
        return 2
    if options.temp:
        with temporary_place() as place:
            return lend(place, command, choice=choice)
    place = Place(default_root(kind="live", environ=os.environ), "live")
    return lend(place, command, choice=choice)


def _find(_options: argparse.Namespace, choice: Choice) -> int:
    found = programs.find_postgres(environ=os.environ, source=choice.source, told=choice.pg_bin)
    broker = programs.find_broker(environ=os.environ, source=choice.source, told=choice.redis_bin)
    sys.stdout.write(f"PostgreSQL {found.version} in {found.folder}\n")
    sys.stdout.write(f"{broker.label} at {broker.program}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m plantgov.embedded.servers")
    verbs = parser.add_subparsers(required=True)
    find = verbs.add_parser("find", help="say which server programs would be used")
    find.set_defaults(verb=_find)
    lending = verbs.add_parser("exec", help="start the servers, run a command, stop them")
    lending.set_defaults(verb=_exec)
    lending.add_argument("--temp", action="store_true", help="in a throw-away directory, for tests")
    for verb in (find, lending):
        verb.add_argument("--from", dest="source", choices=programs.SOURCES, default="auto")
        verb.add_argument("--pg-bin", metavar="DIR", help="PostgreSQL's programs")
        verb.add_argument("--redis-bin", metavar="PATH", help="Valkey's or Redis's server program")
    lending.add_argument("command", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main())
