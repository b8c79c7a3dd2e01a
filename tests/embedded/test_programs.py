"""Which server programs are taken, and how they come within reach of the servers' user."""

import os
from pathlib import Path

import pytest

from plantgov.embedded import programs
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place
from plantgov.embedded.programs import Postgres
from plantgov.embedded.servers import Servers


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def postgres_folder(root: Path, version: str) -> Path:
    for name in ("postgres", "initdb"):
        program(root / name, f"{name} (PostgreSQL) {version}")
    return root


def test_the_environment_decides_before_anything_else(tmp_path):
    folder = postgres_folder(tmp_path / "pg", "17.2")
    server = program(tmp_path / "redis-server", "Redis server v=7.2.4 sha=0")
    environ = {"PLANTGOV_PG_BIN": str(folder), "PLANTGOV_REDIS_BIN": str(server)}
    assert programs.find_postgres(environ=environ) == Postgres(folder, "17.2")
    assert programs.find_broker(environ=environ).label == "redis-7"


def test_an_existing_data_directory_decides_between_what_is_installed(tmp_path, monkeypatch):
    folders = [postgres_folder(tmp_path / version, f"{version}.1") for version in ("15", "16", "18")]
    monkeypatch.setattr(programs, "_SYSTEM_POSTGRES", (f"{tmp_path}/*",))
    monkeypatch.setenv("PATH", "/nowhere")
    assert programs.find_postgres(environ={}, source="system").folder == folders[2]
    assert programs.find_postgres(environ={}, source="system", major=16).folder == folders[1]


def test_the_systems_programs_come_before_the_wheels(tmp_path, monkeypatch):
    folder = postgres_folder(tmp_path / "pg", "15.1")
    monkeypatch.setattr(programs, "_SYSTEM_POSTGRES", (str(folder),))
    assert programs.find_postgres(environ={}).folder == folder


@pytest.mark.parametrize("version", ["14.9", "9.6"])
def test_a_server_that_is_too_old_is_refused_by_its_version(tmp_path, monkeypatch, version):
    folder = postgres_folder(tmp_path / "pg", version)
    with pytest.raises(CannotStart, match=f"is PostgreSQL {version}; 15 or newer"):
        programs.find_postgres(environ={}, told=str(folder))
    monkeypatch.setattr(programs, "_SYSTEM_POSTGRES", (str(folder),))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CannotStart, match="PostgreSQL 15 or newer is needed"):
        programs.find_postgres(environ={}, source="system")


def test_a_data_directory_of_a_version_nobody_has_is_explained_and_left_alone(folder):
    place = Place(folder / "data", "temp")
    place.prepare()
    place.postgres.mkdir()
    (place.postgres / "PG_VERSION").write_text("99\n")
    with pytest.raises(CannotStart, match=r"PostgreSQL 99 is needed \(the data directory was made by it\)"):
        Servers(place, environ={}).start()
    assert [path.name for path in place.postgres.iterdir()] == ["PG_VERSION"]


def test_what_is_no_server_program_is_refused(tmp_path):
    with pytest.raises(CannotStart, match="no PostgreSQL server programs"):
        programs.find_postgres(environ={"PLANTGOV_PG_BIN": str(tmp_path)})
    with pytest.raises(CannotStart, match="is no program"):
        programs.find_broker(environ={"PLANTGOV_REDIS_BIN": str(tmp_path / "none")})
    other = program(tmp_path / "other", "something else 1.0")
    with pytest.raises(CannotStart, match="does not answer like"):
        programs.find_broker(environ={"PLANTGOV_REDIS_BIN": str(other)})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as somebody else")
def test_programs_behind_a_closed_folder_are_copied_beside_the_data(folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    tree = closed / "site-packages" / "pginstall"
    found = Postgres(postgres_folder(tree / "bin", "18.6"), "18.6", tree=tree)
    place = Place(folder / "data", "temp")
    place.prepare()
    copied = programs.within_reach(found, identity=place.identity(), beside=place.root / "programs")
    assert copied.folder == place.root / "programs" / "postgres-18.6" / "bin"
    assert programs.can_run(copied.program("postgres"), identity=place.identity())
    assert closed.stat().st_mode & 0o777 == 0o700
