"""Commands typed beside a running installation join it; the owner's address goes to few."""

import pytest

from plantgov.embedded import commandline, place
from plantgov.embedded.place import Lock, Place
from plantgov.embedded.servers import environment
from plantgov.embedded.supervisor import Supervisor
from tests.embedded.test_supervisor import options


@pytest.fixture
def live(folder):
    """A place that looks like a running installation: locked, with ports."""
    made = Place(folder / "data", "live")
    made.prepare()
    made.remember(postgres_port=5, valkey_port=6)
    lock = Lock(made)
    yield made
    lock.release()


def test_a_command_joins_the_installation_that_runs(live):
    environ = {"PLANTGOV_DATA_DIR": str(live.root)}
    assert commandline.before_django(["import_register", "a.csv"], environ) is None
    assert environ == environment(live)


def test_only_migrate_is_given_the_owners_address(live):
    environ = {"PLANTGOV_DATA_DIR": str(live.root)}
    commandline.before_django(["migrate"], environ)
    assert "plantgov_owner" in environ["DATABASE_OWNER_URL"]


def test_a_named_database_is_never_replaced_by_a_running_one(live):
    environ = {"PLANTGOV_DATA_DIR": str(live.root), "DATABASE_URL": "postgres://mine"}
    commandline.before_django(["seal"], environ)
    assert environ["DATABASE_URL"] == "postgres://mine"


def test_without_a_running_installation_nothing_is_guessed(folder):
    environ = {"PLANTGOV_DATA_DIR": str(folder / "none")}
    assert commandline.before_django(["seal"], environ) is None
    assert "DATABASE_URL" not in environ


def test_two_running_installations_have_to_be_told_apart(folder, monkeypatch, capsys):
    monkeypatch.setattr(place, "SYSTEM_ROOT", folder)
    monkeypatch.setattr(place, "CHECKOUT", folder)
    locks = []
    for kind in ("live", "demo"):
        made = Place(place.default_root(kind=kind, environ={}), kind)
        made.prepare()
        made.remember(postgres_port=5, valkey_port=6)
        locks.append(Lock(made))
    assert commandline.before_django(["seal"], {}) == 2
    said = capsys.readouterr().err
    assert said.startswith("Two installations run")
    assert said.count("PLANTGOV_DATA_DIR=") == 2
    for lock in locks:
        lock.release()


def test_web_and_tasks_never_see_the_owners_address(folder):
    given = {
        "PLANTGOV_DATA_DIR": str(folder / "data"),
        "DATABASE_URL": "postgres://plantgov@db/plantgov",
        "DATABASE_OWNER_URL": "postgres://plantgov_owner@db/plantgov",
        "REDIS_URL": "redis://broker",
    }
    supervisor = Supervisor(options(), given)
    supervisor.place.prepare()
    seen = supervisor._environment()
    assert seen["DATABASE_URL"] == given["DATABASE_URL"]
    assert not [value for value in seen.values() if "plantgov_owner" in value]
    assert supervisor._owner() == {"DATABASE_OWNER_URL": given["DATABASE_OWNER_URL"]}
