"""What went on after an old checkpoint is not hidden by bundling under that checkpoint."""

import json
import time

import pytest

from plantgov.audit.models import Entry
from plantgov.audit.services import bundles, sealing
from plantgov.core.clock import now
from plantgov.people.services import accounts
from tests.audit.test_bundles import problems, unpack

pytestmark = [pytest.mark.enable_socket, pytest.mark.serial]


def _seal_all() -> None:
    deadline = time.monotonic() + 60
    while sealing.seal().waiting.count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _person():
    return accounts.add_person(accounts.PersonDetails(name="Ada"), by=accounts.INSTALLER)


def test_leaving_out_what_came_after_an_old_checkpoint_is_not_called_complete(fresh_database):
    ada = _person()
    _seal_all()
    accounts.change_person(ada, accounts.PersonDetails(name="Eva"), by=accounts.INSTALLER)
    _seal_all()
    first_only = Entry.objects.filter(thing_uid=ada.uid, thing_seq=1)
    made = unpack(bundles.build(files={}, entries=first_only, facts={}, at=now()))
    (thing,) = json.loads(made["manifest.json"])["things"]
    assert (thing["count"], thing["in_ledger"], thing["complete"]) == (1, 2, False)
    assert problems(made) == []


def test_a_bundle_is_the_same_when_the_ledger_has_gone_on(fresh_database):
    ada = _person()
    _seal_all()
    at, history = now(), Entry.objects.filter(thing_uid=ada.uid)
    first = bundles.build(files={}, entries=history, facts={}, at=at)
    _person()
    _seal_all()
    assert bundles.build(files={}, entries=history, facts={}, at=at) == first
