"""One Valkey (or Redis) of our own: broker and cache on loopback, with a password."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from plantgov.embedded import processes
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place, make_folder
from plantgov.embedded.processes import Death, Identity
from plantgov.embedded.programs import Broker

DEATH = Death(((signal.SIGTERM, 10.0),))
_READY_TIMEOUT_S = 30.0
_BIGGEST_LOG_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Store:
    """Program, data directory and user of one Valkey."""

    place: Place
    broker: Broker
    identity: Identity | None

    @property
    def folder(self) -> Path:
        """Its data; each program and major version has its own, formats differ between them."""
        return self.place.valkey / self.broker.label


def start(store: Store) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the server on a free loopback port and wait until it answers."""
    if make_folder(store.folder, mode=0o700) and store.identity:
        os.chown(store.folder, store.identity.uid, store.identity.gid)
    port = store.place.free_port("valkey")
    configuration = _write_configuration(store, port)
    process = processes.spawn(
        [store.broker.program, configuration],
        environment={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
        identity=store.identity,
        death=DEATH,
    )
    try:
        _wait_ready(store, process, port)
    except CannotStart:
        processes.end(process, death=DEATH)
        raise
    return process, port


def url(place: Place, port: int) -> str:
    """The address with its password."""
    return f"redis://:{place.secret('valkey.password')}@127.0.0.1:{port}/0"


def _write_configuration(store: Store, port: int) -> Path:
    """Write the server's settings, password included, to a 0600 file of its user."""
    path = store.folder / "valkey.conf"
    log = store.folder / "valkey.log"
    if log.exists() and log.stat().st_size > _BIGGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        "protected-mode yes",
        f"requirepass {store.place.secret('valkey.password')}",
        f'dir "{_quoted(store.folder)}"',
        f'logfile "{_quoted(log)}"',
        "daemonize no",
        'save ""',
        f"appendonly {'no' if store.place.kind == 'temp' else 'yes'}",
        "appendfsync everysec",
        "maxmemory 256mb",
        "maxmemory-policy volatile-lru",
        "databases 4",
    ]
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    if store.identity:
        os.chown(path, store.identity.uid, store.identity.gid)
    return path


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def _wait_ready(store: Store, process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            log = store.folder / "valkey.log"
            said = log.read_text(errors="replace")[-1500:] if log.exists() else "it left no log"
            raise CannotStart(f"{store.broker.program} stopped at once: {said}")
        try:
            with redis.Redis.from_url(url(store.place, port), socket_timeout=2) as client:
                client.ping()
                return
        except redis.RedisError:
            time.sleep(0.03)
    raise CannotStart(f"{store.broker.program} did not answer in {_READY_TIMEOUT_S:.0f} s.")
