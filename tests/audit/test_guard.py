"""The database refuses what the ledger does not know."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from plantgov.audit.models import Entry
from plantgov.audit.services.entries import write
from plantgov.people.models import Person
from plantgov.people.services import accounts

pytestmark = [pytest.mark.enable_socket, pytest.mark.dialect]


def _speak() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_row_written_without_its_entry_is_refused_at_commit(fresh_database):
    with pytest.raises(IntegrityError, match="has no ledger entry"):
        Person.objects.create(name="Nobody Knows")
    assert not Person.objects.filter(name="Nobody Knows").exists()


def test_a_write_through_the_service_commits_with_one_entry(fresh_database):
    person = accounts.add_person(
        accounts.PersonDetails(name="Ada Berg", email="ada@example.org"), by=accounts.INSTALLER
    )
    entry = Entry.objects.get(thing_uid=person.uid)
    assert (entry.action, entry.thing_seq, entry.row_table) == ("people.person.added", 1, "people_person")
    assert "ada@example.org" not in bytes(entry.canonical).decode()


def test_one_entry_opens_the_way_for_its_own_row_only(fresh_database):
    def _smuggle():
        with transaction.atomic():
            write(Person(name="Known"), by=accounts.INSTALLER, action="people.person.added")
            Person.objects.create(name="Stowaway")

    with pytest.raises(IntegrityError, match="has no ledger entry"):
        _smuggle()


def test_a_change_and_a_delete_past_the_service_are_refused(fresh_database):
    person = accounts.add_person(accounts.PersonDetails(name="Ada Berg"), by=accounts.INSTALLER)
    with pytest.raises(IntegrityError):
        Person.objects.filter(pk=person.pk).update(name="Someone Else")
    with pytest.raises(IntegrityError):
        Person.objects.filter(pk=person.pk).delete()
    assert Person.objects.get(pk=person.pk).name == "Ada Berg"


def test_the_writer_cannot_lend_an_entry_another_transaction_or_attribution(fresh_database):
    accounts.add_person(accounts.PersonDetails(name="Ada Berg"), by=accounts.INSTALLER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT xid::text FROM audit_entry WHERE system_identifier IS NOT NULL AND attributed")
        assert cursor.fetchone() is not None
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute("UPDATE audit_entry SET reason = 'rewritten'")
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute("DELETE FROM audit_entry")


def test_the_runtime_role_cannot_silence_the_guard(fresh_database):
    for statement in (
        "ALTER TABLE people_person DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "TRUNCATE audit_entry",
        "DROP TRIGGER plantgov_guard ON people_person",
        "SELECT plantgov_unattributed('people_person', '1', 'INSERT', null, null)",
    ):
        with (
            connection.cursor() as cursor,
            pytest.raises((DatabaseError), match=r"must be owner|permission denied|append-only"),
        ):
            cursor.execute(statement)


def test_writing_outside_a_transaction_is_refused(fresh_database):
    with pytest.raises(RuntimeError, match="inside a transaction"):
        write(Person(name="Ada"), by=accounts.INSTALLER, action="people.person.added")


@pytest.mark.django_db
def test_a_thing_numbers_its_entries_without_gaps():
    person = accounts.add_person(accounts.PersonDetails(name="Ada Berg"), by=accounts.INSTALLER)
    for name in ("Ada Lind", "Ada Holm"):
        person = accounts.change_person(person, accounts.PersonDetails(name=name), by=accounts.INSTALLER)
        _speak()
    entries = Entry.objects.filter(thing_uid=person.uid).order_by("thing_seq")
    assert [entry.thing_seq for entry in entries] == [1, 2, 3]
    assert entries[1].before == {"name": "Ada Berg"}
    assert entries[1].after == {"name": "Ada Lind"}
    assert person.revision == 3


@pytest.mark.django_db
def test_a_write_that_changes_nothing_leaves_no_entry():
    person = accounts.add_person(accounts.PersonDetails(name="Ada Berg"), by=accounts.INSTALLER)
    accounts.change_person(person, accounts.PersonDetails(name="Ada Berg"), by=accounts.INSTALLER)
    assert Entry.objects.filter(thing_uid=person.uid).count() == 1
