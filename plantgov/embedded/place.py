"""The data directory of one installation: its folders, lock, secrets and remembered facts."""

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plantgov.embedded.errors import CannotStart
from plantgov.embedded.processes import Death, Identity, end_stranger, started_mark

CHECKOUT = Path(__file__).resolve().parents[2]
SYSTEM_ROOT = Path("/var/lib/plantgov")


def running_as_root() -> bool:
    """Whether this process may change its user."""
    return os.geteuid() == 0


def default_root(*, kind: str, environ: Mapping[str, str]) -> Path:
    """Where an installation of this checkout keeps its data."""
    told = environ.get("PLANTGOV_DATA_DIR")
    if told:
        return Path(told).expanduser().resolve()
    if running_as_root():
        digest = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]
        return SYSTEM_ROOT / digest / kind
    return CHECKOUT / "var" / kind


@dataclass(frozen=True, slots=True)
class Place:
    """One data directory. `kind` is live, demo or temp and never changes."""

    root: Path
    kind: str = "live"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's data, one folder per program and major version."""
        return self.root / "valkey"

    @property
    def keys(self) -> Path:
        """Passwords and keys, each in a 0600 file."""
        return self.root / "keys"

    @property
    def files(self) -> Path:
        """Files people attached, and exports."""
        return self.root / "files"

    @property
    def run(self) -> Path:
        """What is only of use while, or until, a supervisor runs."""
        return self.root / "run"

    @property
    def database(self) -> str:
        """The database's name."""
        return "plantgov_demo" if self.kind == "demo" else "plantgov"

    def prepare(self) -> None:
        """Make the folders that are missing; folders that exist keep their mode and owner."""
        open_mode = 0o711 if running_as_root() else 0o700
        make_folder(self.root, mode=open_mode)
        make_folder(self.run, mode=open_mode)
        make_folder(self.valkey, mode=open_mode)
        make_folder(self.keys, mode=0o700)
        make_folder(self.files, mode=0o700)
        known = self.recall("kind")
        if known not in (None, self.kind):
            raise CannotStart(
                f"{self.root} holds a {known} installation, not a {self.kind} one. "
                "Choose another folder with PLANTGOV_DATA_DIR."
            )
        self.remember(kind=self.kind)

    def identity(self) -> Identity | None:
        """Whom the servers run as: nobody special but never root; None when we are not root."""
        if not running_as_root():
            return None
        if self.postgres.exists() and self.postgres.stat().st_uid != 0:
            found = self.postgres.stat()
            return Identity(uid=found.st_uid, gid=found.st_gid)
        nobody = pwd.getpwnam("nobody")
        return Identity(uid=nobody.pw_uid, gid=nobody.pw_gid)

    def secret(self, name: str) -> str:
        """Read a secret, made on the first call."""
        path = self.keys / name
        try:
            return path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            write_private(path, secrets.token_urlsafe(32) + "\n")
            return path.read_text(encoding="ascii").strip()

    def recall(self, fact: str) -> Any:
        """Read a remembered fact, or None."""
        return read_json(self.root / "installation.json").get(fact)

    def remember(self, **facts: object) -> None:
        """Keep facts for the next start."""
        path = self.root / "installation.json"
        known = read_json(path)
        if known | facts != known:
            write_json(path, known | facts)

    def free_port(self, name: str) -> int:
        """The port of the last start when it is still free, else another; remembered."""
        port = self.recall(f"{name}_port")
        if not isinstance(port, int) or not port_is_free(port):
            port = any_free_port()
        self.remember(**{f"{name}_port": port})
        return port


class Lock:
    """Held by whoever runs servers on a place; the kernel frees it when the holder dies."""

    def __init__(self, place: Place) -> None:
        """Take the lock or say who holds it."""
        self.path = place.root / "lock"
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._descriptor, 200).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise CannotStart(
                f"PlantGov already runs on {place.root} ({holder or 'starting'}). "
                "Stop it first, or choose another folder with PLANTGOV_DATA_DIR."
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"process {os.getpid()}".encode())

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would race."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def is_locked(place: Place) -> bool:
    """Whether somebody runs servers on this place."""
    try:
        descriptor = os.open(place.root / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


class Register:
    """The processes of this run on disk, so that the next run can end what a crash left."""

    def __init__(self, place: Place) -> None:
        """Open the register of a place."""
        self.path = place.run / "processes.json"

    def add(self, name: str, pid: int, *, death: Death) -> None:
        """Note a process that was started."""
        entry = {"pid": pid, "started": started_mark(pid), "steps": death.steps}
        write_json(self.path, read_json(self.path) | {name: entry})

    def remove(self, name: str) -> None:
        """Forget a process that ended."""
        known = read_json(self.path)
        if known.pop(name, None) is not None:
            write_json(self.path, known)

    def end_leftovers(self) -> list[str]:
        """End what an earlier run left behind, last started first; the names that still ran."""
        ended = []
        for name, entry in reversed(read_json(self.path).items()):
            death = Death(tuple((int(number), float(wait)) for number, wait in entry["steps"]))
            if entry["started"] and end_stranger(entry["pid"], started=entry["started"], death=death):
                ended.append(name)
        self.path.unlink(missing_ok=True)
        return ended


def make_folder(path: Path, *, mode: int) -> bool:
    """Make a folder and its missing parents with this mode; True when it was made."""
    if path.is_dir():
        return False
    if not path.parent.is_dir():
        make_folder(path.parent, mode=mode)
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    return True


def write_private(path: Path, text: str) -> None:
    """Write a new 0600 file in one step; a file that exists stays as it is."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a missing or torn file counts as empty."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Replace a JSON file in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    draft.replace(path)


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody listens on this port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
