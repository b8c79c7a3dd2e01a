"""The register by REST says and refuses the same as the pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from assets.models import Asset, Hold, Location, Ownership, Relation, Zone
from assets.services import assets, holds, ownership
from assets.services.assets import AssetDetails
from plantgov.core.clock import new_uid, now
from tests.assets.conftest import account_of, person_named
from tests.assets.rights import grant, sign_in

NOUNS = (
    "locations",
    "assets",
    "zones",
    "relations",
    "ownerships",
    "baselines",
    "holds",
    "authorisations",
    "imports",
)


@pytest.fixture
def api(client, plant):
    """Whoever signs in through it speaks JSON."""
    user = account_of(person_named("Maja Berg"))
    for role in ("manager", "engineer", "administrator"):
        grant(user, role, plant.site, by=plant.by)
    sign_in(client, user)
    client.user = user
    return client


def post(client, url, **body):
    return client.post(f"/api/v1/{url}", body, content_type="application/json")


def patch(client, url, etag=None, **body):
    headers = {"If-Match": etag} if etag else {}
    return client.patch(f"/api/v1/{url}", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("noun", NOUNS)
def test_every_list_answers_and_costs_the_same_for_more(api, plant, noun, django_assert_max_num_queries):
    def fill(n):
        asset = assets.add_asset(AssetDetails(f"A{n}", "A", "plc"), location=plant.unit, by=plant.by)
        assets.relate(asset, "feeds", plant.plc, by=plant.by)
        assets.add_zone(plant.site, f"Zone {n}", by=plant.by)
        ownership.assign(asset, api.user.person, by=plant.by, at=now())
        holds.place_hold(asset, by=plant.by, reason="Leak", at=now())
        holds.authorise(asset, change_uid=new_uid(), reference=f"CHG-{n}", by=plant.by, at=now())

    fill(0)
    api.get(f"/api/v1/{noun}")
    with django_assert_max_num_queries(30) as few:
        assert api.get(f"/api/v1/{noun}").status_code == 200
    for n in range(1, 6):
        fill(n)
    with django_assert_max_num_queries(30) as many:
        api.get(f"/api/v1/{noun}")
    assert len(many) == len(few)


@pytest.mark.parametrize("noun", NOUNS)
def test_nobody_reads_without_signing_in(client, plant, noun):
    assert client.get(f"/api/v1/{noun}").status_code in (401, 403)


def test_an_asset_is_added_changed_and_retired(api, plant):
    body = {"tag": "N-1", "name": "New", "asset_type": "plc", "location": str(plant.unit.uid)}
    answer = post(api, "assets", **body, zone=str(plant.zone.uid), attributes={"hostname": "n1"})
    assert answer.status_code == 201, answer.json()
    etag = answer["ETag"]
    assert answer.json()["zone_name"] == "Line control"
    refused = patch(api, "assets/N-1", etag, criticality="critical")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "asset_needs_reason")
    assert (
        patch(api, "assets/N-1", etag, criticality="critical", reason="HAZOP").json()["criticality"]
        == "critical"
    )
    stale = patch(api, "assets/N-1", etag, name="Newer")
    assert stale.status_code == 412
    assert post(api, "assets/N-1/retire", reason="Scrapped").json()["status"] == "retired"
    assert post(api, "assets/N-1/retire").status_code == 400


def test_an_asset_is_found_by_uid_and_by_tag(api, plant):
    for key in (plant.plc.uid, plant.plc.tag):
        assert api.get(f"/api/v1/assets/{key}").json()["tag"] == "FIL-PLC-01"
    assert api.get("/api/v1/assets/NOPE").status_code == 404


def test_an_asset_tells_who_answers_and_what_is_approved(api, plant):
    ownership.assign(plant.line, api.user.person, by=plant.by, at=now())
    post(api, "baselines", asset=str(plant.plc.uid), firmware="33.012", reason="As commissioned")
    found = api.get("/api/v1/assets/FIL-PLC-01").json()
    assert found["accountable"] == {"name": "Maja Berg", "from": "Line 1"}
    assert found["baseline"]["firmware"] == "33.012"


def test_wrong_input_names_its_fields(api, plant):
    answer = post(api, "assets", tag="N-1", name="New", asset_type="spoon", location=str(plant.unit.uid))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/asset_type")
    answer = post(api, "assets", tag="N-1", name="New", asset_type="plc", location=str(new_uid()))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/location")


def test_what_is_out_of_view_is_not_found(api, plant):
    far = assets.add_asset(AssetDetails("FAR", "Far", "plc"), location=plant.other_site, by=plant.by)
    assert api.get(f"/api/v1/assets/{far.uid}").status_code == 404
    assert post(api, "holds", asset=str(far.uid), reason="x").status_code == 400
    assert post(api, f"assets/{far.uid}/retire", reason="x").status_code == 404
    assert api.get("/api/v1/assets?tag=FAR").json()["count"] == 0


def test_what_one_may_not_do_is_forbidden(client, plant):
    operator = account_of(person_named("Otto Operator"))
    grant(operator, "operator", plant.site, by=plant.by)
    sign_in(client, operator)
    assert patch(client, "assets/FIL-PLC-01", name="X").status_code == 403
    assert client.get("/api/v1/imports").status_code == 403


def test_places_are_added_changed_and_moved(api, plant):
    answer = post(api, "locations", parent=str(plant.site.uid), kind="area", name="Hall B")
    assert answer.status_code == 201, answer.json()
    assert answer.json()["inherited"]["zone_name"] == "Europe/Stockholm"
    uid = answer.json()["uid"]
    assert patch(api, f"locations/{uid}", name="Hall C").json()["name"] == "Hall C"
    assert post(api, f"locations/{plant.line.uid}/move", to=uid).json()["parent"] == uid
    assert Location.objects.get(pk=plant.unit.pk).path[-3] == Location.objects.get(uid=uid).pk
    assert post(api, f"locations/{plant.site.uid}/move", to=uid).status_code == 409


def test_zones_are_added_and_changed(api, plant):
    answer = post(api, "zones", site=str(plant.site.uid), name="Safety")
    assert answer.status_code == 201
    assert patch(api, f"zones/{answer.json()['uid']}", description="SIS").json()["description"] == "SIS"
    assert Zone.objects.get(name="Safety").description == "SIS"


def test_relations_are_added_walked_and_removed(api, plant):
    answer = post(api, "relations", kind="controls", source=str(plant.plc.uid), target=str(plant.drive.uid))
    assert answer.status_code == 201
    hits = api.get("/api/v1/assets/FIL-PLC-01/impact").json()
    assert [(hit["tag"], hit["depth"]) for hit in hits] == [("FIL-DRV-01", 1)]
    assert api.get("/api/v1/assets/FIL-PLC-01/impact?up=1").json() == []
    assert post(api, f"relations/{answer.json()['uid']}/remove", reason="Wrong").status_code == 204
    assert not Relation.objects.exists()


def test_owners_are_named_and_ended(api, plant):
    ada = person_named("Ada Berg")
    body = {"thing_kind": "assets.asset", "thing": str(plant.plc.uid)}
    answer = post(api, "ownerships", **body, person=str(ada.uid))
    assert answer.status_code == 201, answer.json()
    assert post(api, "ownerships", **body).status_code == 400
    assert (
        post(api, "ownerships", **{**body, "thing_kind": "audit.entry"}, person=str(ada.uid)).status_code
        == 400
    )
    assert post(api, f"ownerships/{answer.json()['uid']}/end", reason="Left").json()["until_at"]
    assert Ownership.objects.filter(until_at=None).count() == 0


def test_holds_are_placed_and_lifted(api, plant):
    answer = post(api, "holds", location=str(plant.line.uid), reason="Gas")
    assert answer.status_code == 201, answer.json()
    assert api.get("/api/v1/holds?current=true").json()["count"] == 1
    assert post(api, f"holds/{answer.json()['uid']}/lift", reason="Clear").json()["lifted_by"]
    assert Hold.objects.in_force(now()).count() == 0


def test_a_file_is_sent_looked_at_and_applied(api, plant):
    text = b"asset_tag,name,asset_type,path\nN-1,New,drive,Karlstad/Packaging/Line 1\n"
    file = SimpleUploadedFile("register.csv", text, "text/csv")
    answer = api.post("/api/v1/imports", {"kind": "assets", "file": file})
    assert answer.status_code == 201, answer.json()
    assert answer.json()["rows"][0]["what"] == "new"
    done = post(api, f"imports/{answer.json()['uid']}/apply")
    assert (done.status_code, done.json()["state"]) == (200, "applied")
    assert Asset.objects.filter(tag="N-1").exists()
    assert post(api, f"imports/{answer.json()['uid']}/apply").status_code == 409
