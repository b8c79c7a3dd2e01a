"""One PostgreSQL cluster of our own: made, started, stopped."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from plantgov.embedded import processes
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place, any_free_port, make_folder
from plantgov.embedded.processes import Death, Identity
from plantgov.embedded.programs import Postgres

SUPERUSER = "postgres"
DEATH = Death(((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)))
_READY_TIMEOUT_S = 60.0
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_SETTINGS = {
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "150",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %u@%d ",
    "idle_in_transaction_session_timeout": "15min",
    "max_locks_per_transaction": "256",
}
_THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Programs, data directory and user of one PostgreSQL."""

    place: Place
    programs: Postgres
    identity: Identity | None

    @property
    def start_log(self) -> Path:
        """What the server says before its own log collector runs."""
        return self.place.run / "postgres.log"


def data_major(place: Place) -> int | None:
    """The version that made the data directory; None when there is none."""
    try:
        return int((place.postgres / "PG_VERSION").read_text(encoding="ascii").split(".")[0])
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise CannotStart(f"{place.postgres} belongs to another user: {error}") from error


def initialise(cluster: Cluster) -> bool:
    """Make the data directory when missing; a half-made one of a crash is thrown away."""
    if data_major(cluster.place) is not None:
        return False
    draft = cluster.place.root / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    make_folder(draft, mode=0o700)
    password_file = _password_for_initdb(cluster)
    try:
        if cluster.identity:
            os.chown(draft, cluster.identity.uid, cluster.identity.gid)
        _run_initdb(cluster, draft, password_file)
    finally:
        password_file.unlink()
    if cluster.place.postgres.is_dir():
        cluster.place.postgres.rmdir()
    draft.rename(cluster.place.postgres)
    return True


def start(cluster: Cluster) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the server on a free loopback port and wait until it answers."""
    end_leftover(cluster.place)
    port = cluster.place.free_port("postgres")
    process = _launch(cluster, port)
    try:
        _wait_ready(cluster, process, port)
    except CannotStart:
        processes.end(process, death=DEATH)
        if "Address already in use" not in _tail(cluster.start_log):
            raise
        port = any_free_port()
        cluster.place.remember(postgres_port=port)
        process = _launch(cluster, port)
        _wait_ready(cluster, process, port)
    return process, port


def end_leftover(place: Place) -> None:
    """Stop a server that a killed supervisor left on this data directory.

    The lock is ours, so nobody else may run here. A number that now belongs to another program
    (common after a container restart) would make PostgreSQL refuse: its note is removed.
    """
    note = place.postgres / "postmaster.pid"
    try:
        pid = int(note.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    started = processes.started_mark(pid)
    if started is None:
        return
    line = processes.command_line(pid)
    if "postgres" in line and str(place.postgres) in line:
        processes.end_stranger(pid, started=started, death=DEATH)
    elif not line.startswith("postgres:"):
        note.unlink(missing_ok=True)


def connect_as_superuser(place: Place, port: int, database: str = "postgres") -> psycopg.Connection:
    """A connection of the bootstrap superuser, for making roles and databases only."""
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=SUPERUSER,
        password=place.secret("postgres.password"),
        dbname=database,
        autocommit=True,
        connect_timeout=5,
    )


def _password_for_initdb(cluster: Cluster) -> Path:
    path = cluster.place.run / "initdb.password"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(cluster.place.secret("postgres.password"))
    if cluster.identity:
        os.chown(path, cluster.identity.uid, cluster.identity.gid)
    return path


def _run_initdb(cluster: Cluster, draft: Path, password_file: Path) -> None:
    """Make the cluster in C.UTF-8; where the system lacks that locale, in C."""
    said = ""
    for locale in _locales(cluster.programs.major):
        command: list[str | Path] = [
            cluster.programs.program("initdb"),
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *locale,
            *(["--no-sync"] if cluster.place.kind == "temp" else []),
        ]
        process = processes.spawn(
            command,
            environment=_ENVIRONMENT,
            output=subprocess.PIPE,
            identity=cluster.identity,
        )
        said = process.communicate()[0].decode(errors="replace")
        if process.returncode == 0:
            return
    raise CannotStart(f"initdb could not make {draft}:\n{said.strip()}")


def _locales(major: int) -> list[list[str]]:
    fallbacks = [["--locale=C.UTF-8"], ["--locale=C"]]
    if major >= 17:
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return [builtin, *fallbacks]
    return fallbacks


def _launch(cluster: Cluster, port: int) -> "subprocess.Popen[bytes]":
    chosen = _SETTINGS | (_THROW_AWAY_SETTINGS if cluster.place.kind == "temp" else {})
    settings = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    command: list[str | Path] = [
        cluster.programs.program("postgres"),
        *("-D", cluster.place.postgres, "-h", "127.0.0.1", "-p", str(port)),
        *settings,
    ]
    with cluster.start_log.open("wb") as output:
        return processes.spawn(
            command,
            environment=_ENVIRONMENT,
            output=output.fileno(),
            identity=cluster.identity,
            death=DEATH,
        )


def _wait_ready(cluster: Cluster, process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    last: Exception | None = None
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart(f"PostgreSQL stopped at once:\n{_tail(cluster.start_log)}")
        try:
            connect_as_superuser(cluster.place, port).close()
            return
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise CannotStart(
                    f"PostgreSQL's data in {cluster.place.postgres} does not know the password in "
                    f"{cluster.place.keys}: the two belong together; bring back the right folder."
                ) from error
            last = error
        time.sleep(0.05)
    raise CannotStart(f"PostgreSQL did not answer in {_READY_TIMEOUT_S:.0f} s: {last}")


def _tail(path: Path, lines: int = 15) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    return ""
