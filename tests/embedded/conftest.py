"""Servers of the machine room's own tests: never those that lend a database to the other tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plantgov.embedded import programs
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place
from plantgov.embedded.servers import Choice, Servers

CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PLANTGOV_", "DATABASE_", "REDIS_")) and name != "CI"
}


def has(source: str) -> bool:
    try:
        programs.find_postgres(environ={}, source=source)
        programs.find_broker(environ={}, source=source)
    except CannotStart:
        return False
    return True


SOURCES = [
    pytest.param(
        "wheels", marks=pytest.mark.skipif(not has("wheels"), reason="the wheels are not installed")
    ),
    pytest.param(
        "system",
        marks=[
            pytest.mark.dialect,
            pytest.mark.skipif(not has("system"), reason="the system has no PostgreSQL >= 15 with Redis"),
        ],
    ),
]


def open_folder() -> Path:
    """A folder the servers' user can enter; pytest's own is closed to all but its maker."""
    folder = Path(tempfile.mkdtemp(prefix="plantgov-test-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    made = open_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module", params=SOURCES)
def running(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Servers that tests may look at but not stop."""
    made = open_folder()
    with Servers(Place(made / "data", "temp"), Choice(request.param), environ={}) as servers:
        yield servers
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> str:
    return str(request.param)
