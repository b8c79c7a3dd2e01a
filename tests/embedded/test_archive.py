"""Backup and restore: the same rows, privileges and files, or nothing changed."""

import io
import json
import subprocess
import sys
import tarfile

import psycopg
import pytest

from plantgov.embedded import archive
from plantgov.embedded.archive import CHECKOUT, Installation
from plantgov.embedded.dump import Database
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place
from plantgov.embedded.servers import Servers, environment, owner_environment
from tests.embedded.conftest import CLEAN

PRIVILEGES = """SELECT c.relname, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a)
    FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY 1"""


def manage(place: Place, *arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=CLEAN | {"PLANTGOV_DATA_DIR": str(place.root)},
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


def as_owner(place: Place) -> psycopg.Connection:
    return psycopg.connect(owner_environment(place)["DATABASE_OWNER_URL"], autocommit=True)


def privileges(place: Place) -> list:
    with as_owner(place) as owner:
        return owner.execute(PRIVILEGES).fetchall()


@pytest.fixture
def installation(folder):
    """An installation with a row, a table nobody may change, and an attached file."""
    place = Place(folder / "here", "temp")
    with Servers(place, environ={}):
        with as_owner(place) as owner:
            owner.execute("CREATE TABLE shelf (label text); INSERT INTO shelf VALUES ('kept')")
            owner.execute("CREATE TABLE log (line text); REVOKE UPDATE, DELETE ON log FROM plantgov")
        (place.files / "2026").mkdir()
        (place.files / "2026" / "photo.bin").write_bytes(b"\x00\xffpicture")
        yield place, handle(place)


def handle(place: Place) -> Installation:
    from pathlib import Path

    owner = owner_environment(place)
    return Installation(
        database=Database(owner["DATABASE_OWNER_URL"], Path(place.recall("pg_bin"))),
        runtime_role="plantgov",
        files=place.files,
        keys=place.keys,
        environment=CLEAN | environment(place) | owner,
    )


def test_a_restore_brings_back_rows_privileges_and_files_elsewhere(folder, installation, monkeypatch):
    here, source = installation
    manifest = archive.backup(folder / "b.tar", source)
    assert (folder / "b.tar").stat().st_mode & 0o777 == 0o600
    assert set(manifest["members"]) == {"database.dump", "files/2026/photo.bin"}
    monkeypatch.setattr(archive, "_finish", lambda *_: None)
    there = Place(folder / "there", "temp")
    with Servers(there, environ={}):
        archive.restore(folder / "b.tar", handle(there), replace=False)
        with as_owner(there) as owner:
            assert owner.execute("SELECT label FROM shelf").fetchall() == [("kept",)]
            owner.execute("CREATE TABLE later (x int)")
        with as_owner(here) as owner:
            owner.execute("CREATE TABLE later (x int)")
        assert privileges(there) == privileges(here)
        with (
            psycopg.connect(environment(there)["DATABASE_URL"]) as runtime,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            runtime.execute("DELETE FROM log")
    assert (there.files / "2026" / "photo.bin").read_bytes() == b"\x00\xffpicture"


def test_a_used_installation_is_only_replaced_when_told(folder, installation, monkeypatch):
    here, source = installation
    archive.backup(folder / "b.tar", source)
    with as_owner(here) as owner:
        owner.execute("INSERT INTO shelf VALUES ('newer')")
    (here.files / "newer.txt").write_text("newer")
    with pytest.raises(CannotStart, match="not empty"):
        archive.restore(folder / "b.tar", source, replace=False)
    monkeypatch.setattr(archive, "_finish", lambda *_: None)
    archive.restore(folder / "b.tar", source, replace=True)
    with as_owner(here) as owner:
        assert owner.execute("SELECT label FROM shelf").fetchall() == [("kept",)]
    assert [path.name for path in here.files.iterdir()] == ["2026"]


def test_a_damaged_backup_changes_nothing(folder, installation):
    _here, source = installation
    archive.backup(folder / "b.tar", source)
    with tarfile.open(folder / "b.tar") as tar:
        photo = tar.getmember("files/2026/photo.bin")
    content = bytearray((folder / "b.tar").read_bytes())
    content[photo.offset_data] ^= 1
    (folder / "b.tar").write_bytes(content)
    with pytest.raises(CannotStart, match=r"differ from its manifest: files/2026/photo\.bin"):
        archive.restore(folder / "b.tar", source, replace=True)
    assert source.database.tables() == 2


def test_a_dump_that_fails_half_way_changes_nothing(folder, installation, monkeypatch):
    here, source = installation
    archive.backup(folder / "b.tar", source)
    with as_owner(here) as owner:
        owner.execute("INSERT INTO shelf VALUES ('newer')")
    real = Database._run

    def spoil(self, program, *arguments, connect=True):
        real(self, program, *arguments, connect=connect)
        if program == "pg_restore":
            script = next(part.removeprefix("--file=") for part in arguments if part.startswith("--file="))
            with open(script, "a") as stream:
                stream.write("SELECT 1/0;\n")

    monkeypatch.setattr(Database, "_run", spoil)
    with pytest.raises(CannotStart, match="division by zero"):
        archive.restore(folder / "b.tar", source, replace=True)
    with as_owner(here) as owner:
        assert owner.execute("SELECT label FROM shelf ORDER BY 1").fetchall() == [("kept",), ("newer",)]
    assert (here.files / "2026" / "photo.bin").exists()


def test_a_restore_beside_others_names_them(folder, installation):
    here, source = installation
    archive.backup(folder / "b.tar", source)
    with (
        psycopg.connect(environment(here)["DATABASE_URL"], application_name="a worker"),
        pytest.raises(CannotStart, match=r"plantgov \(a worker\)"),
    ):
        archive.restore(folder / "b.tar", source, replace=True)


def test_a_part_that_leads_out_of_the_folder_is_refused(folder, installation):
    _here, source = installation
    evil = folder / "evil.tar"
    manifest = archive.backup(folder / "b.tar", source)
    content = b"evil"
    manifest["members"]["files/../../outside"] = archive._digest(io.BytesIO(content))
    with tarfile.open(folder / "b.tar") as old, tarfile.open(evil, "w") as tar:
        for member in old:
            if member.name != "manifest.json":
                tar.addfile(member, old.extractfile(member))
        archive._add_bytes(tar, "files/../../outside", content)
        archive._add_bytes(tar, "manifest.json", json.dumps(manifest).encode())
    with pytest.raises(CannotStart, match="leads elsewhere"):
        archive.restore(evil, source, replace=True)
    assert not list(folder.rglob("outside"))


def test_keys_go_only_where_they_were_asked_for(folder, installation):
    _here, source = installation
    assert "keys/ledger.pem" not in archive.backup(folder / "without.tar", source)["members"]
    assert "keys/ledger.pem" in archive.backup(folder / "with.tar", source, with_keys=True)["members"]


def test_the_commands_carry_a_real_installation_to_another_machine(folder):
    here, there = Place(folder / "here", "live"), Place(folder / "there", "live")
    with Servers(here, environ={}):
        assert manage(here, "migrate", "-v0").returncode == 0
        before = privileges(here)
    saved = manage(here, "backup", str(folder / "b.tar"))
    assert (saved.returncode, saved.stderr) == (0, "")
    assert "keys are not in it" in saved.stdout

    restored = manage(there, "restore", str(folder / "b.tar"))
    assert restored.returncode == 0, restored.stderr
    with Servers(there, environ={}):
        assert privileges(there) == before
        refused = manage(there, "restore", str(folder / "b.tar"))
        assert refused.returncode == 2
        assert "stop it before a restore" in refused.stderr
    unconfirmed = manage(there, "restore", str(folder / "b.tar"), "--replace", input="yes\n")
    assert (unconfirmed.returncode, unconfirmed.stderr) == (1, "Not confirmed; nothing was changed.\n")
