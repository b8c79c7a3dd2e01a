"""Changes by REST, beside the transitions."""

import json

import pytest

from changes.models import Change, CheckRun
from changes.states import Phase
from plantgov.core.clock import now
from tests import factories as f
from tests.changes.doors import basis, client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("signers")]
URL = "/api/v1/changes"
JSON = {"content_type": "application/json"}


def _problem(response):
    assert response["Content-Type"] == "application/problem+json"
    return response.json()


def test_a_change_is_raised_by_api(plant):
    engineer = plant.engineer
    given = {
        "title": "Raise the filling rate",
        "description": "Load Filler_R13",
        "justification": "Orders for May",
        "location": str(plant.packaging.uid),
        "assets": [{"uid": str(plant.filler.uid)}],
        "steps": ["One", "Two"],
        "implementers": [str(engineer.person.uid)],
    }
    response = client_of(engineer).post(URL, given, **JSON)
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["state"], [row["tag"] for row in body["assets"]]) == ("draft", ["FIL-PLC-01"])
    assert response["ETag"] == f'"{body["revision"]}"'
    assert [step["text"] for step in body["steps"]] == ["One", "Two"]
    assert "submit" in {offer["name"] for offer in body["offers"]}


def test_bad_input_points_to_what_is_wrong(plant):
    response = client_of(plant.engineer).post(URL, {"title": ""}, **JSON)
    assert response.status_code == 400
    assert {row["pointer"] for row in _problem(response)["errors"]} == {
        "/title",
        "/location",
        "/description",
        "/justification",
    }


def test_a_place_out_of_reach_is_not_there(plant):
    given = {"title": "x", "description": "x", "justification": "x", "location": str(plant.packaging.uid)}
    assert client_of(plant.stranger).post(URL, given, **JSON).status_code == 404


def test_a_change_is_found_by_uid_and_by_reference(plant):
    change, client = f.make_change(plant), client_of(plant.engineer)
    found = [client.get(f"{URL}/{key}").json()["reference"] for key in (change.uid, change.reference)]
    assert found == [change.reference] * 2
    assert client_of(plant.stranger).get(f"{URL}/{change.reference}").status_code == 404
    assert client.get(f"{URL}/CHG-1999-0001").status_code == 404


def test_an_edit_of_a_stale_copy_is_refused(plant):
    change, client = f.make_change(plant), client_of(plant.engineer)
    etag = client.get(f"{URL}/{change.reference}")["ETag"]
    first = client.patch(f"{URL}/{change.reference}", {"title": "One"}, headers={"If-Match": etag}, **JSON)
    assert first.status_code == 200, first.content
    second = client.patch(f"{URL}/{change.reference}", {"title": "Two"}, headers={"If-Match": etag}, **JSON)
    assert second.status_code == 412
    assert _problem(second)["errors"][0]["code"] == "stale"
    assert Change.objects.get(pk=change.pk).title == "One"


def test_an_edit_leaves_what_was_not_sent(plant):
    change = f.make_change(plant)
    client_of(plant.engineer).patch(f"{URL}/{change.reference}", {"title": "Other"}, **JSON)
    fresh = Change.objects.get(pk=change.pk)
    assert (fresh.title, fresh.steps.count(), fresh.covered.count()) == ("Other", 3, 1)


def test_only_who_may_edit_does(plant):
    change = f.make_change(plant)
    assert (
        client_of(plant.compliance).patch(f"{URL}/{change.reference}", {"title": "x"}, **JSON).status_code
        == 403
    )
    assert (
        client_of(plant.stranger).patch(f"{URL}/{change.reference}", {"title": "x"}, **JSON).status_code
        == 404
    )


def test_a_material_edit_makes_approvals_void(plant):
    change = f.make_scheduled(plant)
    response = client_of(plant.engineer).patch(
        f"{URL}/{change.reference}", {"description": "Something else"}, **JSON
    )
    assert response.status_code == 200, response.content
    assert response.json()["state"] == "assessment"
    assert not change.approvals.filter(superseded_at=None).exists()


def test_signing_without_proof_is_bad_input(plant):
    change = f.make_assessed(plant)
    f.gate(plant, change, Phase.APPROVE)
    response = client_of(plant.manager).post(
        f"{URL}/{change.reference}/approve", basis(plant.manager, change), **JSON
    )
    assert response.status_code == 400
    assert "/reauthentication" in {row["pointer"] for row in _problem(response)["errors"]}
    assert not change.approvals.exists()


def test_a_run_is_asked_for_and_read_back(plant):
    change, client = f.make_assessed(plant), client_of(plant.manager)
    asked = client.post(f"{URL}/{change.reference}/check", {"phase": "approve"}, **JSON)
    assert asked.status_code == 202, asked.content
    again = client.post("/api/v1/check-runs", {"change": change.reference, "phase": "approve"}, **JSON)
    assert again.json()["uid"] == asked.json()["uid"]  # one in flight
    run = CheckRun.objects.get()
    f.answer(run.probe_run)
    from changes.services import gates

    gates.evaluate(run.uid)
    body = client.get(f"/api/v1/check-runs/{run.uid}").json()
    assert body["state"] == "done"
    assert {row["source"] for row in body["results"]} == {"internal", "live"}
    assert all(row["reason"]["message"] for row in body["results"])
    listed = client.get("/api/v1/check-runs", {"change": change.reference}).json()
    assert (listed["count"], "results" in listed["results"][0]) == (1, False)
    assert client_of(plant.stranger).get(f"/api/v1/check-runs/{run.uid}").status_code == 404


def test_who_may_not_run_a_gate_does_not(plant):
    change = f.make_assessed(plant)
    response = client_of(plant.compliance).post(
        f"{URL}/{change.reference}/check", {"phase": "approve"}, **JSON
    )
    assert response.status_code == 403


def test_a_reading_by_hand_is_entered(plant):
    change = f.make_assessed(plant)
    given = {
        "asset": str(plant.filler.uid),
        "key": "mode",
        "phase": "start",
        "value": "REM",
        "observed_at": now(),
    }
    response = client_of(plant.shift_lead).post(f"{URL}/{change.reference}/readings", given, **JSON)
    assert response.status_code == 201, response.content
    assert response.json()["observer"] == plant.shift_lead.person.name
    ahead = {**given, "observed_at": "2999-01-01T00:00:00Z"}
    response = client_of(plant.shift_lead).post(f"{URL}/{change.reference}/readings", ahead, **JSON)
    assert response.status_code == 400


def test_steps_by_api(plant):
    change = f.make_started(plant)
    client = client_of(plant.engineer)
    assert client.post(f"{URL}/{change.reference}/steps/1/done", {}, **JSON).json()["state"] == "done"
    assert client.post(f"{URL}/{change.reference}/steps/2/skip", {}, **JSON).status_code == 400
    assert client.post(f"{URL}/{change.reference}/steps/2/skip", {"note": "n/a"}, **JSON).status_code == 200
    assert client.post(f"{URL}/{change.reference}/steps/9/done", {}, **JSON).status_code == 404
    assert (
        client_of(plant.manager).post(f"{URL}/{change.reference}/steps/3/done", {}, **JSON).status_code == 403
    )


def test_the_list_filters_as_the_portal_does(plant):
    one, client = f.make_change(plant), client_of(plant.engineer)
    f.make_assessed(plant, f.details_for(plant, title="Replace a fan"))

    def found(**query):
        return {row["title"] for row in client.get(URL, query).json()["results"]}

    assert found(state="draft") == {one.title}
    assert found(q="fan") == {"Replace a fan"}
    assert found(asset="fil-plc-01") == {one.title, "Replace a fan"}
    assert found(location=str(plant.site.uid)) == {one.title, "Replace a fan"}
    assert found(location=str(plant.utilities.uid)) == set()
    assert client.get(URL, {"state": "nonsense"}).status_code == 400


def test_the_list_takes_the_same_queries_however_long_it_is(plant, django_assert_max_num_queries):
    client = client_of(plant.engineer)
    for _number in range(3):
        f.make_change(plant)
    with django_assert_max_num_queries(12):
        assert json.loads(client.get(URL).content)["count"] == 3


def test_policies_are_read_only(plant):
    client = client_of(plant.compliance)
    rows = client.get("/api/v1/policies").json()["results"]
    assert rows
    assert rows[0]["versions"][0]["digest"]
    assert client.get(f"/api/v1/policies/{rows[0]['key']}").status_code == 200
    assert client.post("/api/v1/policies", {}, **JSON).status_code == 405
