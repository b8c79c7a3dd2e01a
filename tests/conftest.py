"""What every test stands on: a real database, migrated by its owner and used by the runtime role."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

ROOT = settings.BASE_DIR


# Argon2 is slow on purpose; a test that signs in fifty people need not be. The real one runs in the browser flows.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Nothing is collected for unit tests; the hashed names are tried where the real `up` serves them.
settings.STORAGES = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _owner(statement: str) -> None:
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as owner:
        owner.execute(statement)  # type: ignore[arg-type]


def _drop(name: str) -> None:
    """Drop a clone; the server's own vacuum may be in it for a moment, and nobody may throw that out."""
    for attempt in range(20):
        try:
            return _owner(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(0.1 * (attempt + 1))
    return _owner(f'DROP DATABASE IF EXISTS "{name}"')


@pytest.fixture(scope="session")
def template_database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """A database migrated and seeded once a run, cloned by every worker."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:12]
    name = f"pg_template_{run}"
    lock = tmp_path_factory.getbasetemp().parent / f"{name}.lock"
    with _exclusive(lock):
        if not lock.with_suffix(".done").exists():
            source = urlsplit(settings.DATABASE_URL).path[1:]
            _owner(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
            url = _with_database(settings.DATABASE_OWNER_URL, name)
            environment = {**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": url}
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True
            )
            lock.with_suffix(".done").touch()
    return name


class _exclusive:
    def __init__(self, path):
        self.path = path

    def __enter__(self):
        import fcntl

        self.file = self.path.open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The xdist worker, or `master`."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


@pytest.fixture(scope="session")
def django_db_setup(template_database: str, worker_id: str, django_db_blocker) -> Iterator[None]:
    """Clone the template for this worker and connect to it as the runtime role."""
    name = f"{template_database}_{worker_id}"
    _owner(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    _point_to(name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    _drop(name)


def _point_to(name: str) -> None:
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        connections.databases[alias]["NAME"] = name


@pytest.fixture(autouse=True)
def _guard_speaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """At the end of a test in one transaction, let the deferred guard say what it would say at commit."""
    uses_database = "db" in request.fixturenames or request.node.get_closest_marker("django_db")
    yield
    in_one_transaction = uses_database and "fresh_database" not in request.fixturenames
    if in_one_transaction and connection.in_atomic_block and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def fresh_database(template_database: str, worker_id: str, django_db_blocker) -> Iterator[str]:
    """A database of the test's own, for what must really commit; append-only tables cannot be flushed."""
    name = f"{template_database}_{worker_id}_own"
    _drop(name)
    _owner(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    with django_db_blocker.unblock():
        before = connection.settings_dict["NAME"]
        _point_to(name)
        try:
            yield name
        finally:
            connections.close_all()
            _point_to(before)
            _drop(name)
