"""Events reach every consumer at least once, in the order of their thing, and act once."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection, transaction

from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.people.models import Person
from plantgov.people.services import accounts
from plantgov.workspace.models import Delivery, Event
from plantgov.workspace.services import leases, outbox

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def consumers(monkeypatch):
    """An empty slot of consumers, and what those that are put in were told."""
    monkeypatch.setattr(slots, "consumers", slots.Slot("consumers"))
    monkeypatch.setattr(outbox, "wake", lambda *_args: None)
    told: list[tuple[str, str]] = []

    def _add(key: str, *kinds: str, fails: int = 0) -> None:
        left = [fails]

        def _handle(event: Event) -> None:
            accounts.system_account("tester")
            if left[0]:
                left[0] -= 1
                raise RuntimeError("not now")
            told.append((key, event.kind))

        slots.consumers.add(slots.Consumer(key, kinds, _handle))

    return _add, told


@transaction.atomic
def announce(person: Person, kind: str) -> Event:
    return outbox.announce(kind, person, by=accounts.system_account("tester"), at=now(), facts={"n": 0.5})


def make_person(name: str = "Ada") -> Person:
    return accounts.add_person(accounts.PersonDetails(name=name), by=accounts.INSTALLER)


def _time_passes() -> None:
    Delivery.objects.update(not_before=None)


def test_an_event_goes_to_those_who_asked_for_its_kind(fresh_database, consumers):
    add, told = consumers
    add("exact", "test.happened")
    add("family", "test.*")
    add("other", "other.*", "test.happened.not")
    announce(make_person(), "test.happened")
    assert outbox.sweep() == 2
    assert sorted(told) == [("exact", "test.happened"), ("family", "test.happened")]
    assert outbox.sweep() == 0


def test_an_event_lives_and_dies_with_its_transaction(fresh_database, consumers):
    add, _told = consumers
    add("all", "test.*")
    person = make_person()

    def _given_up() -> None:
        with transaction.atomic():
            announce(person, "test.happened")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        _given_up()
    assert not Event.objects.exists()
    with pytest.raises(RuntimeError, match="transaction"):
        outbox.announce("test.happened", person, by=accounts.system_account("tester"), at=now())


def test_a_thing_is_told_in_order_and_other_things_do_not_wait(fresh_database, consumers):
    add, told = consumers
    add("all", "test.*", fails=1)
    ada, bo = make_person("Ada"), make_person("Bo")
    first = announce(ada, "test.first")
    second = announce(ada, "test.second")
    announce(bo, "test.elsewhere")
    assert not outbox.deliver(str(second.deliveries.get().uid))
    outbox.sweep()
    assert told == [("all", "test.elsewhere")]
    delivery = first.deliveries.get()
    assert (delivery.state, delivery.error) == ("due", "RuntimeError: not now")
    assert delivery.not_before > now()
    outbox.sweep()
    assert told == [("all", "test.elsewhere")]
    _time_passes()
    outbox.sweep()
    assert told == [("all", "test.elsewhere"), ("all", "test.first"), ("all", "test.second")]


def test_the_next_one_of_a_thing_is_woken_when_one_is_done(fresh_database, consumers, monkeypatch):
    add, _told = consumers
    add("all", "test.*")
    ada = make_person()
    first, second = announce(ada, "test.first"), announce(ada, "test.second")
    woken: list[str] = []
    monkeypatch.setattr(outbox, "wake", lambda _task, uid: woken.append(uid))
    outbox.deliver(str(first.deliveries.get().uid))
    assert woken == [str(second.deliveries.get().uid)]


def test_what_a_consumer_wrote_goes_when_its_lease_was_taken_away(fresh_database, consumers):
    add, _told = consumers
    add("all", "test.*")
    event = announce(make_person(), "test.happened")
    delivery = event.deliveries.get()

    def _takes_too_long(_event: Event) -> None:
        accounts.add_person(accounts.PersonDetails(name="Written late"), by=accounts.INSTALLER)
        Delivery.objects.filter(pk=delivery.pk).update(worker="another")

    with mock.patch.object(slots.Slot, "get", return_value=slots.Consumer("all", (), _takes_too_long)):
        assert not outbox.deliver(str(delivery.uid))
    assert not Person.objects.filter(name="Written late").exists()


def test_a_delivery_whose_worker_died_comes_back(fresh_database, consumers):
    add, told = consumers
    add("all", "test.*")
    delivery = announce(make_person(), "test.happened").deliveries.get()
    leases.claim(Delivery, delivery.uid, seconds=1)
    Delivery.objects.update(lease_until=now() - timedelta(seconds=1))
    outbox.sweep()
    assert told == [("all", "test.happened")]


def test_what_never_succeeds_is_given_up_and_holds_nothing_any_more(fresh_database, consumers):
    add, told = consumers
    add("all", "test.*", fails=outbox.MAX_TRIES)
    ada = make_person()
    first = announce(ada, "test.first")
    announce(ada, "test.second")
    for _ in range(outbox.MAX_TRIES):
        assert told == []
        outbox.sweep()
        _time_passes()
    assert first.deliveries.get().state == "failed"
    outbox.sweep()
    assert told == [("all", "test.second")]


@pytest.mark.django_db
def test_facts_are_plain_json(consumers):
    event = announce(make_person(), "test.happened")
    event.refresh_from_db()
    assert event.facts == {"n": "0.5"}
    assert connection.in_atomic_block
