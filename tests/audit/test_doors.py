"""The ledger by page and by API: who sees what, and what leaves the house."""

import csv
import io
import time

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plantgov.audit.models import Checkpoint, Entry
from plantgov.audit.services import inclusion, sealing
from plantgov.audit.services.entries import record
from plantgov.people.services import accounts
from tests.factories import again, give, make_plant, person
from tests.signing_in import sign_in

pytestmark = pytest.mark.enable_socket
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def plant(db):
    return make_plant(controllers=2)


@pytest.fixture
def reader(plant):
    """Somebody who reads the ledger of the utilities only, and may export it."""
    user = person("reader", "Una Reader")
    give(plant, user, "compliance", plant.utilities)
    return again(user)


def _event(thing, action="assets.asset.inspected", **facts):
    with transaction.atomic():
        return record(thing, by=accounts.INSTALLER, action=action, facts=facts)


def _seal_all() -> int:
    """Seal until nothing waits: a transaction of another test run may hold the horizon for a while."""
    deadline = time.monotonic() + 60
    while True:
        result = sealing.seal()
        if not result.waiting.count:
            return result.size
        assert time.monotonic() < deadline, f"held by {result.holder}"
        time.sleep(0.1)


def _exported(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.post(f"/audit/export{query}")
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_list_shows_newest_first_and_the_filters_narrow_it(client, plant):
    sign_in(plant.compliance, client)
    _event(plant.filler, action="assets.asset.inspected")
    page = client.get("/audit/")
    found = [entry.pk for entry in page.context["entries"]]
    assert found == sorted(found, reverse=True)
    page = client.get("/audit/", {"action": "assets.asset.inspected"})
    assert [entry.thing_uid for entry in page.context["entries"]] == [plant.filler.uid]
    assert client.get("/audit/", {"q": "no such words"}).context["entries"] == []
    assert client.get("/audit/", {"since": "2999-01-01"}).context["entries"] == []
    only = client.get("/audit/", {"thing": str(plant.filler.uid)}).context["entries"]
    assert {entry.thing_uid for entry in only} == {plant.filler.uid}
    assert client.get("/audit/", {"attributed": "false"}).context["entries"] == []


def test_pages_stand_still_while_the_ledger_grows(client, plant):
    sign_in(plant.compliance, client)
    for number in range(60):
        _event(plant.filler, number=number)
    first = client.get("/audit/")
    older = first.context["older"]
    _event(plant.filler)
    second = client.get("/audit/", {"before": older}).context["entries"]
    assert second[0].pk < first.context["entries"][-1].pk
    assert b"Newest" in client.get("/audit/", {"before": older}).content
    assert client.get("/audit/", {"before": "9" * 40}).status_code == 200
    assert client.get("/audit/", {"before": "x"}).context["is_newest"] is False


def test_a_reader_of_one_area_sees_nothing_of_another(client, plant, reader):
    elsewhere, here = _event(plant.packaging), _event(plant.utilities)
    sign_in(reader, client)
    seen = {entry.pk for entry in client.get("/audit/").context["entries"]}
    assert here.pk in seen
    assert elsewhere.pk not in seen
    assert client.get(f"/audit/{here.uid}/").status_code == 200
    assert client.get(f"/audit/{elsewhere.uid}/").status_code == 404
    api = client.get("/api/v1/ledger/entries", {"page_size": 1000}).json()["results"]
    assert {row["uid"] for row in api} >= {str(here.uid)}
    assert str(elsewhere.uid) not in {row["uid"] for row in api}
    assert client.get(f"/api/v1/ledger/entries/{elsewhere.uid}").status_code == 404
    assert client.get(f"/api/v1/ledger/entries/{elsewhere.uid}/proof").status_code == 404
    assert client.get("/audit/", {"q": str(plant.packaging)}).context["entries"] == []


@pytest.mark.parametrize(
    "path",
    ["/audit/", "/audit/checkpoints/", "/audit/checkpoints/1.txt", "/api/v1/ledger/checkpoints"],
)
def test_who_may_not_read_the_ledger_is_told_so(client, plant, path):
    assert client.get(path).status_code in {302, 401, 403}
    sign_in(plant.stranger, client)
    assert client.get(path).status_code == 403
    assert client.get("/api/v1/ledger/entries").json()["results"] == []


def test_the_detail_shows_before_and_after_escaped(client, plant):
    ada = accounts.add_person(accounts.PersonDetails(name="Ada"), by=accounts.INSTALLER)
    accounts.change_person(ada, accounts.PersonDetails(name=EVIL), by=accounts.INSTALLER)
    entry = Entry.objects.filter(thing_uid=ada.uid).latest("thing_seq")
    sign_in(plant.administrator, client)
    page = client.get(f"/audit/{entry.uid}/").content.decode()
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert 'class="pg-before">Ada<' in page
    assert "Not yet sealed" in page
    assert client.get(f"/audit/{entry.uid}/").context["previous"].thing_seq == entry.thing_seq - 1


def test_the_detail_leads_to_the_thing_only_where_the_reader_may_open_it(client, plant, reader):
    entry = _event(plant.filler)
    sign_in(plant.compliance, client)
    assert client.get(f"/audit/{entry.uid}/").context["thing_url"].startswith("/assets/")


def test_lists_cost_a_fixed_number_of_queries(client, plant):
    sign_in(plant.compliance, client)

    def _cost(path):
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        return len(queries)

    client.get("/audit/")
    for path in ("/audit/", "/api/v1/ledger/entries"):
        before = _cost(path)
        for _ in range(20):
            _event(plant.filler)
        assert _cost(path) <= before, path


def test_an_export_is_scoped_safe_and_recorded(client, plant, reader):
    _event(plant.packaging, note="elsewhere")
    with transaction.atomic():
        record(plant.utilities, by=accounts.INSTALLER, action="assets.location.noted", reason="=HYPERLINK(1)")
    sign_in(reader, client)
    rows = _exported(client, "?action=assets.location")
    assert {row["kind"] for row in rows} == {"assets.location"}
    assert str(plant.packaging.uid) not in {row["thing_uid"] for row in rows}
    assert "'=HYPERLINK(1)" in {row["reason"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in {"=", "+", "-", "@", "\t"}]
    entry = Entry.objects.filter(action="audit.ledger.exported").get()
    assert (entry.thing_uid, entry.actor_uid) == (reader.uid, reader.uid)
    assert entry.after == {"filters": {"action": "assets.location"}, "entries": len(rows), "format": "csv"}


def test_an_export_needs_its_own_right_and_a_post(client, plant):
    assert client.post("/audit/export").status_code == 302
    sign_in(plant.administrator, client)
    assert client.get("/audit/export").status_code == 405
    assert client.post("/audit/export").status_code == 403
    assert not Entry.objects.filter(action="audit.ledger.exported").exists()


@pytest.mark.serial
def test_sealed_entries_are_proven_on_their_page_and_by_api(fresh_database, client):
    plant = make_plant(controllers=0)
    entry = _event(plant.site)
    _seal_all()
    sign_in(plant.compliance, client)
    page = client.get(f"/audit/{entry.uid}/")
    assert page.context["inclusion"].holds is True
    told = client.get(f"/api/v1/ledger/entries/{entry.uid}/proof").json()
    assert told["holds"] is True
    assert told["canonical"].encode() == bytes(entry.canonical)
    checkpoint = Checkpoint.objects.get(size=told["size"])
    assert told["checkpoint"] == checkpoint.note
    listed = client.get("/audit/checkpoints/").content.decode()
    assert checkpoint.key.fingerprint in listed
    note = client.get(f"/audit/checkpoints/{checkpoint.pk}.txt")
    assert note.content.decode() == checkpoint.note
    assert "attachment" in note["Content-Disposition"]
    key = client.get(f"/audit/keys/{checkpoint.key.fingerprint}.pub").content
    assert key.startswith(b"-----BEGIN PUBLIC KEY-----")
    assert client.get(f"/audit/keys/{'0' * 64}.pub").status_code == 404


@pytest.mark.serial
def test_consistency_by_api_joins_two_checkpoints(fresh_database, client):
    plant = make_plant(controllers=0)
    old = _seal_all()
    _event(plant.site)
    _seal_all()
    sign_in(plant.compliance, client)
    newest = client.get("/api/v1/ledger/checkpoints").json()["results"][0]
    address = f"/api/v1/ledger/checkpoints/{newest['id']}/consistency"
    told = client.get(address, {"old": old}).json()
    assert (told["old"], told["new"]) == (old, newest["size"])
    assert told["proof"]
    for wrong in ("", "0", "-1", "x", str(newest["size"] + 1)):
        assert client.get(address, {"old": wrong}).status_code == 400


@pytest.mark.serial
def test_bytes_that_were_changed_in_the_database_are_not_shown_as_sealed(fresh_database, client):
    plant = make_plant(controllers=0)
    entry = _event(plant.site)
    _seal_all()
    entry.canonical = bytes(entry.canonical).replace(b"inspected", b"neglected")
    assert inclusion.state_of(entry).holds is False
