"""Home, approvals, inbox, search, comments, jobs, settings and calendars, by page and by API."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Forbidden, Hidden, Stale
from plantgov.workspace.models import Calendar, Comment, InboxItem, Job
from plantgov.workspace.services import calendars, comments, inbox
from tests.factories import again, make_plant
from tests.signing_in import sign_in

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db]
PAGES = ["/", "/approvals/", "/inbox/", "/search?q=FIL", "/settings/"]
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def plant():
    return make_plant()


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_people_who_signed_in(client, plant, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert "/account/login/" in answer["Location"]
    for who in ("engineer", "stranger"):
        sign_in(plant.people[who], client)
        assert client.get(path).status_code == 200


def test_what_waits_is_counted_in_red_and_listed(client, plant, monkeypatch):
    row = slots.WaitingRow("Approve CHG-1", "/changes/x/", "Approval", now())
    monkeypatch.setattr(slots, "waiting", slots.Slot("waiting"))
    slots.waiting.add(slots.Waiting("test", "Approvals", lambda user: [row] if user == plant.manager else []))
    sign_in(plant.manager, client)
    page = client.get("/approvals/").content.decode()
    assert "Approve CHG-1" in page
    assert "pg-count-urgent" in page
    sign_in(plant.engineer, client)
    assert "Approve CHG-1" not in client.get("/approvals/").content.decode()


def test_the_inbox_is_ones_own(client, plant):
    told = {"kind": "t", "thing": plant.filler, "title": EVIL, "at": now(), "url": "/x/"}
    inbox.tell([plant.manager, plant.engineer], **told)
    sign_in(plant.manager, client)
    page = client.get("/inbox/").content.decode()
    assert EVIL not in page
    assert "Inbox, 1 unread" in page
    theirs = InboxItem.objects.get(user=plant.engineer)
    assert client.get(f"/api/v1/inbox/{theirs.uid}").status_code == 404
    assert len(client.get("/api/v1/inbox").json()["results"]) == 1
    client.post("/inbox/read", {"uid": str(theirs.uid)})
    theirs.refresh_from_db()
    assert theirs.read_at is None
    client.post("/inbox/read")
    assert "unread" not in client.get("/inbox/").content.decode()


def test_search_finds_what_the_reader_may_see_and_nothing_else(client, plant):
    sign_in(plant.engineer, client)
    assert plant.filler.tag in client.get("/search", {"q": plant.filler.tag}).content.decode()
    part = client.get("/search", {"q": plant.filler.tag}, headers={"HX-Request": "true"}).content.decode()
    assert plant.filler.tag in part
    assert "<html" not in part
    sign_in(plant.stranger, client)
    hits = client.get("/search", {"q": plant.filler.tag}).context["hits"]
    assert hits == []
    assert client.get("/search", {"q": EVIL}).content.decode().count(EVIL) == 0


def test_a_comment_is_said_and_shown_escaped_and_stands_in_the_history(client, plant):
    sign_in(plant.engineer, client)
    answer = client.post(f"/comments/assets.asset/{plant.filler.uid}/add", {"body": EVIL})
    assert answer.status_code == 302
    row = Comment.objects.get()
    assert (row.body, row.written_by) == (EVIL, plant.engineer)
    part = client.post(
        f"/comments/assets.asset/{plant.filler.uid}/add", {"body": "Two"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert EVIL not in part
    assert "&lt;script&gt;" in part
    listed = client.get(
        "/api/v1/comments", {"thing_kind": "assets.asset", "thing_uid": str(plant.filler.uid)}
    ).json()
    assert [comment["body"] for comment in listed["results"]] == [EVIL, "Two"]


def test_nobody_comments_on_what_they_cannot_see_or_with_nothing_to_say(client, plant):
    with pytest.raises(Hidden):
        comments.add_comment(plant.filler, "x", by=again(plant.stranger), at=now())
    with pytest.raises(Forbidden):
        comments.add_comment(plant.filler, "x", by=again(plant.compliance), at=now())
    for body in ("", "   ", "x" * (comments.MAX_LENGTH + 1)):
        with pytest.raises(BadInput):
            comments.add_comment(plant.filler, body, by=again(plant.engineer), at=now())
    sign_in(plant.stranger, client)
    answer = client.post(f"/comments/assets.asset/{plant.filler.uid}/add", {"body": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query",
    [{}, {"thing_kind": "assets.asset", "thing_uid": "x"}, {"thing_kind": "no.such", "thing_uid": "x"}],
)
def test_the_api_needs_a_thing_to_list_remarks_on(client, plant, query):
    sign_in(plant.engineer, client)
    for noun in ("comments", "files"):
        assert client.get(f"/api/v1/{noun}", query).status_code == 404


def test_a_job_is_shown_to_who_asked_for_it(client, plant):
    job = Job.objects.create(kind="test", by=plant.engineer, requested_at=now())
    sign_in(plant.engineer, client)
    assert client.get(f"/jobs/{job.uid}/").status_code == 200
    assert client.get(f"/jobs/{job.uid}/", headers={"HX-Request": "true"}).status_code == 200
    Job.objects.update(state="done")
    assert client.get(f"/jobs/{job.uid}/", headers={"HX-Request": "true"}).status_code == 286
    assert client.get(f"/api/v1/jobs/{job.uid}").json()["state"] == "done"
    sign_in(plant.manager, client)
    assert client.get(f"/jobs/{job.uid}/").status_code == 404
    assert client.get(f"/api/v1/jobs/{job.uid}").status_code == 404


def test_home_costs_a_fixed_number_of_queries(client, plant):
    sign_in(plant.manager, client)
    client.get("/")

    def _cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        return len(queries)

    before = _cost()
    for number in range(10):
        inbox.tell([plant.manager], kind=f"t{number}", thing=plant.filler, title="x", at=now())
    assert _cost() == before


# -- Calendars -----------------------------------------------------------------------------------------------
SUMMER = calendars.WorkingDays("Karlstad", "Europe/Stockholm", (0, 1, 2, 3, 4), (date(2026, 6, 19),))


def test_a_site_has_its_business_days(plant):
    row = calendars.keep(plant.site.pk, SUMMER, by=again(plant.manager), at=now())
    thursday, midsummer, monday = date(2026, 6, 18), date(2026, 6, 19), date(2026, 6, 22)
    assert calendars.is_business_day(row, thursday)
    assert not calendars.is_business_day(row, midsummer)
    assert calendars.is_business_day(row, monday)
    late_thursday = datetime(2026, 6, 18, 20, tzinfo=UTC)
    assert calendars.end_of_next_business_day(row, late_thursday) == datetime(2026, 6, 22, 15, tzinfo=UTC)


def test_the_day_is_the_one_at_the_site(plant):
    """Sunday evening in UTC is Monday morning in Auckland."""
    row = Calendar(zone_name="Pacific/Auckland", weekdays=[0, 1, 2, 3, 4], holidays=[])
    sunday = datetime(2026, 6, 14, 20, tzinfo=UTC)
    assert calendars.end_of_next_business_day(row, sunday).date() == date(2026, 6, 16)


def test_without_a_calendar_people_work_from_monday_to_friday():
    friday = datetime(2026, 6, 12, 9, tzinfo=UTC)
    assert calendars.end_of_next_business_day(None, friday) == datetime(2026, 6, 15, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "field"),
    [
        (calendars.WorkingDays("", "UTC"), "name"),
        (calendars.WorkingDays("x", "Mars/Olympus"), "zone_name"),
        (calendars.WorkingDays("x", "UTC", ()), "weekdays"),
        (calendars.WorkingDays("x", "UTC", (7,)), "weekdays"),
    ],
)
def test_days_that_cannot_be_are_refused(plant, days, field):
    with pytest.raises(BadInput) as refusal:
        calendars.keep(plant.site.pk, days, by=again(plant.manager), at=now())
    assert set(refusal.value.errors) == {field}


def test_only_who_may_keeps_a_calendar_and_only_on_what_they_read(plant):
    with pytest.raises((Forbidden, Hidden)):
        calendars.keep(plant.site.pk, SUMMER, by=again(plant.engineer), at=now())
    row = calendars.keep(plant.site.pk, SUMMER, by=again(plant.manager), at=now())
    with pytest.raises(Stale):
        calendars.keep(plant.site.pk, SUMMER, by=again(plant.manager), at=now(), revision=row.revision + 1)


def test_calendars_by_api(client, plant):
    sign_in(plant.manager, client)
    body = {"site": str(plant.site.uid), "name": "Karlstad", "zone_name": "Europe/Stockholm"}
    made = client.post("/api/v1/calendars", {**body, "holidays": ["2026-06-19"]}, "application/json")
    assert made.status_code == 200, made.content
    listed = client.get("/api/v1/calendars").json()["results"]
    assert [(row["site"], row["holidays"]) for row in listed] == [(str(plant.site.uid), ["2026-06-19"])]
    stale = client.post("/api/v1/calendars", {**body, "revision": 99}, "application/json")
    assert stale.status_code == 412
    sign_in(plant.stranger, client)
    assert client.get("/api/v1/calendars").json()["results"] == []
    assert client.post("/api/v1/calendars", body, "application/json").status_code == 404
