"""A signing key of the tests' own, and writers that commit when they like."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections, transaction

from plantgov.audit import selectors
from plantgov.audit.services import sealing
from plantgov.audit.services.entries import Actor, write
from plantgov.people.models import Person

ACTOR = Actor(label="Test")


def write_key(path: Path) -> Path:
    """A new private key in PEM."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(pem)
    return path


@pytest.fixture(scope="session")
def ledger_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key for the whole run, so that what one test signed another can check."""
    return write_key(tmp_path_factory.mktemp("keys") / "ledger.pem")


@pytest.fixture(autouse=True)
def signing_key(settings, ledger_key: Path) -> Path:
    """The installation's signing key during a test."""
    settings.PLANTGOV_SIGNING_KEY_FILE = ledger_key
    return ledger_key


@transaction.atomic
def add(name: str) -> Person:
    """One governed row with its entry."""
    return write(Person(name=name), by=ACTOR, action="people.person.added")


def seal_all(patience_s: float = 60) -> None:
    """Seal until nothing waits; transactions in other databases of the cluster may hold the sealer for a while."""
    until = time.monotonic() + patience_s
    while sealing.seal().waiting.count:
        holder = selectors.horizon_holder()
        assert time.monotonic() < until, f"{selectors.waiting()} held by {holder}"
        time.sleep(0.05)


def in_threads(count: int, work: Callable[[int], None]) -> Iterator[None]:
    """Run `work(number)` in threads, each with its own connection; yields while they run, raises what they raised."""
    errors: list[BaseException] = []

    def _run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the test
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=_run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        yield
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def commits_late(name: str, random: Random, *, rows: int) -> None:
    """Write rows in transactions that stay open for a random while; some are given up."""
    for number in range(rows):
        try:
            with transaction.atomic():
                write(Person(name=f"{name}-{number}"), by=ACTOR, action="people.person.added")
                time.sleep(random.random() * 0.03)
                if random.random() < 0.2:
                    raise InterruptedError
        except InterruptedError:
            continue
