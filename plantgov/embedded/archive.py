"""`manage.py backup FILE` and `restore FILE`: database, files and last checkpoint in one tar file."""

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from packaging.version import Version
from psycopg.conninfo import conninfo_to_dict

from plantgov.embedded import servers
from plantgov.embedded.children import has_command
from plantgov.embedded.dump import Database, client_programs
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import CHECKOUT, Place, default_root, is_locked
from plantgov.embedded.roles import RUNTIME

_FORMAT = 1
_KEYS = ("django.secret", "ledger.pem")


@dataclass(frozen=True, slots=True)
class Installation:
    """What a backup is made of, or a restore goes into."""

    database: Database
    runtime_role: str
    files: Path
    keys: Path | None
    environment: Mapping[str, str]


def backup(path: Path, installation: Installation, *, with_keys: bool = False) -> dict[str, Any]:
    """Write FILE; returns its manifest. Files are read after the dump, so none it names is missing."""
    draft = path.with_name(f".{path.name}.part")
    checkpoint = installation.database.last_checkpoint()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".plantgov-backup-") as work:
        dump = Path(work) / "database.dump"
        installation.database.dump_to(dump)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
            members = {"database.dump": _add(tar, "database.dump", dump)}
            for name, source in _attachments(installation, with_keys=with_keys):
                members[name] = _add(tar, name, source)
            manifest = _manifest(installation, members, checkpoint)
            _add_bytes(tar, "manifest.json", json.dumps(manifest, indent=1).encode())
            tar.close()
            stream.flush()
            os.fsync(stream.fileno())
    draft.replace(path)
    return manifest


def restore(path: Path, installation: Installation, *, replace: bool) -> dict[str, Any]:
    """Put a backup into an installation; everything is checked before anything is touched."""
    manifest = read_manifest(path)
    _refuse_misfit(manifest, installation, replace=replace)
    with tempfile.TemporaryDirectory(prefix="plantgov-restore-") as folder:
        work = Path(folder)
        fresh_files = installation.files.with_name(f"{installation.files.name}.restored")
        shutil.rmtree(fresh_files, ignore_errors=True)
        fresh_files.mkdir(mode=0o700, parents=True)
        _unpack(path, manifest, dump=work / "database.dump", files=fresh_files, keys=work)
        installation.database.restore_from(work / "database.dump", work=work)
        _swap(installation.files, fresh_files)
        _put_keys(work, installation)
    if installation.database.last_checkpoint() != manifest["checkpoint"]:
        raise CannotStart("The restored ledger does not end in the backup's last checkpoint.")
    _finish(installation, manifest)
    return manifest


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a backup's manifest and compare every member with it."""
    digests: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member, stream in _regular_members(tar):
                if member.name == "manifest.json":
                    manifest = json.load(stream)
                else:
                    digests[member.name] = _digest(stream)
    except (tarfile.TarError, ValueError, OSError) as error:
        raise CannotStart(f"{path} is no readable backup: {error}") from error
    if manifest.get("format") != _FORMAT:
        raise CannotStart(f"{path} is no PlantGov backup of format {_FORMAT}.")
    differing = sorted(
        name
        for name in digests.keys() | manifest["members"].keys()
        if digests.get(name) != manifest["members"].get(name)
    )
    if differing:
        raise CannotStart(f"{path} is damaged; these parts differ from its manifest: {', '.join(differing)}")
    return manifest


@contextlib.contextmanager
def opened(environ: Mapping[str, str], *, alone: bool) -> Iterator[Installation]:
    """The installation meant: named by DATABASE_URL, running here, or started for the occasion."""
    if environ.get("DATABASE_URL"):
        yield _external(environ)
        return
    root = default_root(kind="live", environ=environ)
    place = Place(root, Place(root).recall("kind") or "live")
    if is_locked(place):
        if alone:
            raise CannotStart(f"PlantGov runs on {place.root}: stop it before a restore.")
        yield _embedded(place)
        return
    with servers.Servers(place, environ=environ):
        yield _embedded(place)


def _external(environ: Mapping[str, str]) -> Installation:
    owner = environ.get("DATABASE_OWNER_URL")
    if not owner:
        raise CannotStart("Set DATABASE_OWNER_URL: backup and restore work as the owner of the database.")
    data = Path(environ.get("PLANTGOV_DATA_DIR") or CHECKOUT / "var")
    return Installation(
        database=Database(owner, client_programs(environ)),
        runtime_role=str(conninfo_to_dict(environ["DATABASE_URL"]).get("user", "")),
        files=Path(environ.get("PLANTGOV_FILES_DIR") or data / "files"),
        keys=None,
        environment=environ,
    )


def _embedded(place: Place) -> Installation:
    owner = servers.owner_environment(place)
    return Installation(
        database=Database(owner["DATABASE_OWNER_URL"], Path(place.recall("pg_bin"))),
        runtime_role=RUNTIME,
        files=place.files,
        keys=place.keys,
        environment={**os.environ, **servers.environment(place), **owner},
    )


def _attachments(installation: Installation, *, with_keys: bool) -> Iterator[tuple[str, Path]]:
    if installation.files.is_dir():
        for source in sorted(installation.files.rglob("*")):
            if source.is_file() and not source.is_symlink():
                yield f"files/{source.relative_to(installation.files).as_posix()}", source
    if with_keys:
        if installation.keys is None:
            raise CannotStart("--with-keys: the keys of this installation are kept outside of it.")
        for name in _KEYS:
            if (installation.keys / name).exists():
                yield f"keys/{name}", installation.keys / name


def _manifest(
    installation: Installation, members: dict[str, Any], checkpoint: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": code_version(),
        "database": {**installation.database.facts(), "runtime": installation.runtime_role},
        "checkpoint": checkpoint,
        "members": members,
    }


def _refuse_misfit(manifest: Mapping[str, Any], installation: Installation, *, replace: bool) -> None:
    database = installation.database
    made_by = manifest["version"]
    if Version(made_by) > Version(code_version()):
        raise CannotStart(
            f"The backup was made by PlantGov {made_by}; this is {code_version()}. Upgrade first."
        )
    theirs, ours = (
        int(text.split(".")[0]) for text in (manifest["database"]["server"], database.facts()["server"])
    )
    if theirs > ours:
        raise CannotStart(f"The backup comes from PostgreSQL {theirs}; the server here is {ours}.")
    runtime = manifest["database"]["runtime"]
    if runtime != installation.runtime_role or not database.has_role(runtime):
        raise CannotStart(
            f"The backup's privileges name the runtime role {runtime}: create a role of that name and "
            "use it in DATABASE_URL."
        )
    others = database.other_sessions()
    if others:
        raise CannotStart(f"Others are connected to the database: {', '.join(others)}. Stop them first.")
    is_used = database.tables() or (installation.files.is_dir() and any(installation.files.iterdir()))
    if is_used and not replace:
        raise CannotStart("The installation is not empty. --replace throws away what it holds.")


def _unpack(path: Path, manifest: Mapping[str, Any], *, dump: Path, files: Path, keys: Path) -> None:
    targets = {"database.dump": dump} | {f"keys/{name}": keys / name for name in _KEYS}
    with tarfile.open(path, "r:") as tar:
        for member, stream in _regular_members(tar):
            if member.name == "manifest.json":
                continue
            target = targets.get(member.name) or _inside(files, member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as sink:
                shutil.copyfileobj(stream, sink)
            target.chmod(0o600)


def _inside(files: Path, name: str) -> Path:
    target = (files / name.removeprefix("files/")).resolve()
    if not name.startswith("files/") or not target.is_relative_to(files.resolve()):
        raise CannotStart(f"The backup holds a part with a name that leads elsewhere: {name}")
    return target


def _swap(files: Path, fresh: Path) -> None:
    old = files.with_name(f"{files.name}.replaced")
    shutil.rmtree(old, ignore_errors=True)
    if files.exists():
        files.rename(old)
    fresh.rename(files)
    shutil.rmtree(old, ignore_errors=True)


def _put_keys(work: Path, installation: Installation) -> None:
    for name in _KEYS:
        if installation.keys is not None and (work / name).exists():
            shutil.copyfile(work / name, installation.keys / name)


def _finish(installation: Installation, manifest: Mapping[str, Any]) -> None:
    """Bring the schema up to this code, and tell the ledger that its history goes on elsewhere."""
    reason = f"Restored from the backup of {manifest['made_at']}"
    commands = [["migrate", "--noinput", "--verbosity", "0"], ["after_restore", "--reason", reason]]
    for command in filter(lambda one: one[0] == "migrate" or has_command(one[0]), commands):
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=CHECKOUT,
            env=dict(installation.environment),
            check=False,
        )
        if done.returncode != 0:
            raise CannotStart(
                f"The data is restored, but `manage.py {command[0]}` failed; its words are above."
            )


def _regular_members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for member in tar:
        stream = tar.extractfile(member) if member.isfile() else None
        if stream is None:
            raise CannotStart(f"The backup holds something that is no plain file: {member.name}")
        yield member, stream


def _add(tar: tarfile.TarFile, name: str, source: Path) -> dict[str, Any]:
    with source.open("rb") as stream:
        info = tar.gettarinfo(arcname=name, fileobj=stream)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        reader = _Hashing(stream)
        tar.addfile(info, reader)
    return {"sha256": reader.digest.hexdigest(), "bytes": info.size}


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mode = 0o600
    tar.addfile(info, io.BytesIO(content))


class _Hashing:
    """A reader that hashes what passes through it, so that digest and copy are of the same bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read and hash."""
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _digest(stream: IO[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    while data := stream.read(1 << 20):
        digest.update(data)
        size += len(data)
    return {"sha256": digest.hexdigest(), "bytes": size}


def code_version() -> str:
    """The version of this checkout, read without importing the settings."""
    text = (CHECKOUT / "plantgov" / "settings.py").read_text(encoding="utf-8")
    found = re.search(r'^VERSION = "([^"]+)"', text, re.MULTILINE)
    return found[1] if found else "0"


def backup_main(arguments: Sequence[str]) -> int:
    """`manage.py backup FILE`; 0 done, 2 could not."""
    parser = argparse.ArgumentParser(prog="manage.py backup", description="Save database and files.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--with-keys", action="store_true", help="also the secret and the signing key")
    told = parser.parse_args(list(arguments))
    try:
        with opened(os.environ, alone=False) as installation:
            manifest = backup(told.file.resolve(), installation, with_keys=told.with_keys)
    except (CannotStart, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    size_mb = told.file.stat().st_size / 1e6
    sys.stdout.write(f"{told.file}: {len(manifest['members'])} parts, {size_mb:.1f} MB\n")
    if not told.with_keys:
        sys.stdout.write("The keys are not in it (--with-keys puts them in); keep them elsewhere.\n")
    return 0


def restore_main(arguments: Sequence[str]) -> int:
    """`manage.py restore FILE`; 0 done, 1 not confirmed, 2 could not."""
    parser = argparse.ArgumentParser(prog="manage.py restore", description="Put a backup back.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--replace", action="store_true", help="throw away what the installation holds")
    parser.add_argument("--confirm", metavar="NAME", help="the database's name, instead of being asked")
    told = parser.parse_args(list(arguments))
    try:
        with opened(os.environ, alone=True) as installation:
            if told.replace and not _is_confirmed(installation, told.confirm):
                sys.stderr.write("Not confirmed; nothing was changed.\n")
                return 1
            manifest = restore(told.file, installation, replace=told.replace)
    except (CannotStart, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"Restored the backup of {manifest['made_at']}.\n")
    return 0


def _is_confirmed(installation: Installation, told: str | None) -> bool:
    name = installation.database.facts()["name"]
    if told is None:
        sys.stdout.write(f"This throws away all data of {name}. Type {name} to go on: ")
        sys.stdout.flush()
        told = sys.stdin.readline()
    return told.strip() == str(name)
