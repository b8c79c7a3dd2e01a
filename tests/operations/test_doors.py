"""Pages and API of live systems."""

import pytest
from django.urls import reverse

from operations.models import Endpoint, ProbeRun
from tests.factories import make_plant
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def plant():
    return make_plant(controllers=2)


@pytest.mark.parametrize("name", ["operations:endpoint-list", "operations:endpoint-add"])
def test_an_engineer_opens_the_pages(plant, client, name):
    sign_in(plant.engineer, client)
    assert client.get(reverse(name)).status_code == 200


def test_the_page_of_an_endpoint_shows_its_signals_and_reads_by_post_only(plant, client):
    sign_in(plant.engineer, client)
    endpoint = Endpoint.objects.first()
    page = client.get(reverse("operations:endpoint-detail", args=[endpoint.uid]))
    assert "program_fingerprint" in page.content.decode()
    assert not ProbeRun.objects.exists()
    assert client.get(reverse("operations:endpoint-read", args=[endpoint.uid])).status_code == 405
    answer = client.post(reverse("operations:endpoint-read", args=[endpoint.uid]))
    assert answer.status_code == 302
    run = ProbeRun.objects.get()
    waiting = client.get(reverse("operations:run-detail", args=[run.uid]))
    assert waiting.status_code == 200
    polled = client.get(reverse("operations:run-detail", args=[run.uid]), headers={"HX-Request": "true"})
    assert polled.status_code == 200
    ProbeRun.objects.update(state="lost")
    over = client.get(reverse("operations:run-detail", args=[run.uid]), headers={"HX-Request": "true"})
    assert over.status_code == 286
    assert "lost" in over.content.decode()


def test_what_is_out_of_sight_answers_like_what_does_not_exist(plant, client):
    endpoint = Endpoint.objects.first()
    sign_in(plant.stranger, client)
    assert client.get(reverse("operations:endpoint-detail", args=[endpoint.uid])).status_code == 404
    assert client.get(f"/api/v1/endpoints/{endpoint.uid}").status_code == 404
    assert client.get("/api/v1/endpoints").json()["count"] == 0


def test_the_list_takes_the_same_number_of_queries_whatever_its_length(
    plant, client, django_assert_max_num_queries
):
    sign_in(plant.engineer, client)
    client.get(reverse("operations:endpoint-list"))
    with django_assert_max_num_queries(24):
        client.get(reverse("operations:endpoint-list"))


def test_the_api_registers_reads_and_says_what_is_wrong(plant, client):
    sign_in(plant.engineer, client)
    body = {
        "name": "Drive",
        "location": str(plant.packaging.uid),
        "protocol": "modbus",
        "url": "modbus://10.0.0.1:502/1",
    }
    made = client.post("/api/v1/endpoints", body, content_type="application/json")
    assert made.status_code == 201, made.content
    twice = client.post("/api/v1/endpoints", body, content_type="application/json")
    assert twice.status_code == 400
    assert twice["Content-Type"].startswith("application/problem+json")
    nothing = client.post(f"/api/v1/endpoints/{made.json()['uid']}/read", content_type="application/json")
    assert nothing.status_code == 400
    signal = {
        "endpoint": made.json()["uid"],
        "asset": str(plant.filler.uid),
        "key": "speed",
        "address": "holding:1",
    }
    added = client.post("/api/v1/signals", {**signal, "datatype": "uint16"}, content_type="application/json")
    assert added.status_code == 201, added.content
    run = client.post(f"/api/v1/endpoints/{made.json()['uid']}/read", content_type="application/json")
    assert run.status_code == 202
    assert client.get(f"/api/v1/probe-runs/{run.json()['uid']}").json()["state"] == "due"
    sign_in(plant.operator, client)
    forbidden = client.post("/api/v1/endpoints", body, content_type="application/json")
    assert forbidden.status_code == 403
    assert forbidden.json()["errors"][0]["code"] == "forbidden"


def test_a_form_that_is_wrong_keeps_what_was_typed(plant, client):
    sign_in(plant.engineer, client)
    typed = {
        "name": "Filler 9",
        "location": plant.packaging.pk,
        "protocol": "opcua",
        "url": "opc.tcp://10.0.0.9:4840",
        "timeout_s": "900",
        "policy": "None",
        "mode": "None",
    }
    page = client.post(reverse("operations:endpoint-add"), typed)
    assert page.status_code == 400
    assert 'value="Filler 9"' in page.content.decode()
