"""Telling people: once for a task, again for a notice, by mail that comes through in the end."""

from datetime import timedelta
from unittest import mock

import pytest
from django.core import mail as outgoing
from django.core.mail import EmailMultiAlternatives

from plantgov.core.clock import now
from plantgov.people.services import accounts
from plantgov.workspace.models import InboxItem, Mail
from plantgov.workspace.services import inbox
from tests.factories import person

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db]


@pytest.fixture
def ada():
    return person("ada", "Ada Berg")


@pytest.fixture
def thing(ada):
    return accounts.add_person(accounts.PersonDetails(name="Something"), by=accounts.INSTALLER)


def tell(user, thing, **more):
    told = {"kind": "test.told", "title": "Approve: CHG-2026-0001", "at": now(), "url": "/changes/x/"}
    return inbox.tell([user], thing=thing, **{**told, **more})[0]


def send_all() -> list[bool]:
    return [inbox.send(str(row.uid)) for row in Mail.objects.filter(state="due")]


def test_a_task_is_told_once_until_it_is_done(ada, thing):
    first = tell(ada, thing, is_task=True)
    assert tell(ada, thing, is_task=True, title="Approve again") == first
    assert InboxItem.objects.get().title == "Approve again"
    assert Mail.objects.count() == 1
    inbox.done(thing, "test.told")
    assert tell(ada, thing, is_task=True) != first
    assert Mail.objects.count() == 2


def test_a_notice_takes_the_place_of_the_one_before(ada, thing):
    first = tell(ada, thing, title="Rejected: once")
    second = tell(ada, thing, title="Rejected: again")
    assert first != second
    assert Mail.objects.count() == 2
    assert [item.title for item in InboxItem.objects.filter(done_at=None)] == ["Rejected: again"]
    assert inbox.unread(ada) == 1
    inbox.mark_read(ada, at=now())
    assert inbox.unread(ada) == 0


def test_a_mail_says_it_as_text_and_html_and_makes_a_thread_of_its_thing(ada, thing, settings):
    settings.PLANTGOV_PUBLIC_URL = "https://plantgov.example"
    tell(ada, thing, body="<b>Line 2</b>", title="Approve:\nCHG <1>", due_at=now())
    tell(ada, thing, kind="test.other")
    assert send_all() == [True, True]
    first, second = outgoing.outbox
    assert first.to == ["ada@example.org"]
    assert first.subject == "Approve: CHG <1>"
    assert "https://plantgov.example/changes/x/" in first.body
    assert "<b>Line 2</b>" in first.body
    html = first.alternatives[0][0]
    assert "&lt;b&gt;Line 2" in html
    assert "<b>Line 2" not in html
    thread = f"<{thing.uid}@plantgov.example>"
    assert first.extra_headers["References"] == second.extra_headers["References"] == thread
    assert first.extra_headers["Message-ID"] != second.extra_headers["Message-ID"]
    assert first.extra_headers["Message-ID"].endswith("@plantgov.example>")
    assert first.message()["Auto-Submitted"] == "auto-generated"


def test_a_mail_server_that_is_down_delays_mail_and_loses_none(ada, thing):
    tell(ada, thing)
    with mock.patch.object(EmailMultiAlternatives, "send", side_effect=ConnectionRefusedError("no")):
        send_all()
        row = Mail.objects.get()
        assert (row.state, row.error) == ("due", "ConnectionRefusedError: no")
        assert row.not_before > now() + timedelta(seconds=5)
        Mail.objects.update(queued_at=now() - timedelta(hours=1))
        assert inbox.sweep() == 0  # not before its pause is over
        for _ in range(inbox.MAX_TRIES):
            send_all()
    assert Mail.objects.get().state == "failed"


def test_a_mail_that_waited_is_sent_when_the_server_is_back(ada, thing):
    tell(ada, thing)
    with mock.patch.object(EmailMultiAlternatives, "send", side_effect=OSError):
        send_all()
    Mail.objects.update(not_before=None, queued_at=now() - timedelta(hours=1))
    assert inbox.sweep() == 1
    assert send_all() == [True]
    assert len(outgoing.outbox) == 1


def test_what_was_done_meanwhile_is_not_mailed(ada, thing):
    tell(ada, thing, is_task=True)
    inbox.done(thing, "test.told")
    assert send_all() == [True]
    assert outgoing.outbox == []


def test_a_closed_account_and_one_without_address_get_no_mail(ada, thing):
    program = accounts.open_service_account(username="historian", owner=ada.person, by=accounts.INSTALLER)
    tell(program, thing)
    accounts.close_account(ada, by=accounts.INSTALLER, reason="left")
    ada.refresh_from_db()
    tell(ada, thing)
    assert not Mail.objects.exists()
    assert InboxItem.objects.count() == 2


def test_an_item_of_somebody_else_cannot_be_marked_read(ada, thing):
    other = person("bo", "Bo Lind")
    item = tell(ada, thing)
    assert inbox.mark_read(other, at=now(), uid=str(item.uid)) == 0
    assert inbox.unread(ada) == 1
