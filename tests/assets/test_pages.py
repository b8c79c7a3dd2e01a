"""The pages of the register: what they show, to whom, at what price."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assets.models import Asset, Hold, Location, Ownership, Relation
from assets.services import assets, baselines, holds, ownership
from assets.services.assets import AssetDetails
from assets.services.baselines import Configuration
from plantgov.core.clock import now
from tests.assets.conftest import account_of, person_named
from tests.assets.rights import grant, sign_in


@pytest.fixture
def engineer(plant):
    user = account_of(person_named("Erik Holm"))
    grant(user, "engineer", plant.line, by=plant.by)
    return user


@pytest.fixture
def manager(plant):
    user = account_of(person_named("Maja Berg"))
    grant(user, "manager", plant.site, by=plant.by)
    return user


@pytest.fixture
def administrator(plant):
    user = account_of(person_named("Ada Admin"))
    grant(user, "administrator", plant.enterprise, by=plant.by)
    return user


def fill(plant, count: int) -> None:
    """Assets with owners, zones and holds, for counting queries."""
    owner = person_named(f"Owner {count}")
    for n in range(count):
        asset = assets.add_asset(
            AssetDetails(f"X{count}-{n:03d}", f"Sensor {n}", "sensor"), location=plant.unit, by=plant.by
        )
        ownership.assign(asset, owner, by=plant.by, at=now())
        if n % 2:
            holds.place_hold(asset, by=plant.by, reason="Leak", at=now())


def queries_of(client, url, django_assert_max_num_queries) -> int:
    client.get(url)  # what is cached in the process is not counted
    with django_assert_max_num_queries(60) as counted:
        assert client.get(url).status_code == 200
    return len(counted)


@pytest.mark.parametrize(
    "url",
    [
        "/assets/",
        "/assets/?q=fil&asset_type=plc&criticality=high&status=in_service&owner=none&ordering=-criticality",
        "/assets/karlstad/FIL-PLC-01/",
        "/assets/locations/",
        "/assets/zones/",
        "/assets/imports/",
        "/assets/imports/new",
        "/assets/add",
        "/assets/locations/add",
        "/assets/zones/add",
        "/assets/karlstad/FIL-PLC-01/edit",
        "/assets/karlstad/FIL-PLC-01/status",
        "/assets/karlstad/FIL-PLC-01/owner",
        "/assets/karlstad/FIL-PLC-01/relation",
        "/",
        "/settings/",
    ],
)
def test_every_page_opens_for_an_administrator(client, plant, administrator, url):
    sign_in(client, administrator)
    assert client.get(url).status_code == 200


def test_pages_of_a_place_and_a_zone_open(client, plant, administrator, manager):
    sign_in(client, administrator)
    for name, row in (
        ("location-detail", plant.line),
        ("location-edit", plant.line),
        ("location-move", plant.line),
    ):
        assert client.get(reverse(f"assets:{name}", args=[row.uid])).status_code == 200
    for name in ("zone-detail", "zone-edit", "zone-owner"):
        assert client.get(reverse(f"assets:{name}", args=[plant.zone.uid])).status_code == 200
    sign_in(client, manager)
    for name in ("location-hold", "location-owner"):
        assert client.get(reverse(f"assets:{name}", args=[plant.line.uid])).status_code == 200
    assert client.get("/assets/karlstad/FIL-PLC-01/hold").status_code == 200


def test_nobody_sees_the_register_without_signing_in(client, plant):
    for url in ("/assets/", "/assets/karlstad/FIL-PLC-01/", "/assets/export.csv"):
        assert client.get(url).status_code == 302


def test_the_list_costs_the_same_for_few_and_for_many(client, plant, manager, django_assert_max_num_queries):
    sign_in(client, manager)
    fill(plant, 3)
    few = queries_of(client, "/assets/", django_assert_max_num_queries)
    fill(plant, 30)
    assert queries_of(client, "/assets/", django_assert_max_num_queries) == few


def test_the_tree_costs_the_same_for_few_and_for_many(client, plant, manager, django_assert_max_num_queries):
    sign_in(client, manager)
    few = queries_of(client, "/assets/locations/", django_assert_max_num_queries)
    from assets.services.locations import Place, add_location

    for n in range(15):
        add_location(Place(f"Hall {n}", "area"), parent=plant.site, by=plant.by)
    assert queries_of(client, "/assets/locations/", django_assert_max_num_queries) == few


def test_the_export_costs_the_same_for_few_and_for_many(
    client, plant, manager, django_assert_max_num_queries
):
    sign_in(client, manager)
    costs = []
    client.get("/assets/export.csv")
    for count in (2, 25):
        fill(plant, count)
        with django_assert_max_num_queries(40) as counted:
            b"".join(client.get("/assets/export.csv").streaming_content)
        costs.append(len(counted))
    assert costs[0] == costs[1]


def test_an_asset_outside_the_view_does_not_exist(client, plant, engineer):
    hidden = assets.add_asset(AssetDetails("B-PLC", "Boiler", "plc"), location=plant.other_site, by=plant.by)
    sign_in(client, engineer)
    assert client.get("/assets/odense/B-PLC/").status_code == 404
    page = client.get("/assets/").content.decode()
    assert hidden.tag not in page
    assert "Odense" not in page


def test_what_one_may_see_but_not_do_is_refused(client, plant, engineer):
    sign_in(client, engineer)
    assert client.get("/assets/karlstad/FIL-PLC-01/").status_code == 200
    assert client.get("/assets/karlstad/FIL-PLC-01/owner").status_code == 403


def test_an_asset_is_added_and_edited_by_form(client, plant, engineer):
    sign_in(client, engineer)
    form = {
        "tag": "CAP-01",
        "name": "Capper",
        "asset_type": "plc",
        "location": str(plant.unit.uid),
        "zone": str(plant.zone.uid),
        "parent_tag": "fil-plc-01",
        "status": "in_service",
        "criticality": "high",
        "hostname": "cap01",
    }
    answer = client.post("/assets/add", form)
    assert (answer.status_code, answer["Location"]) == (302, "/assets/karlstad/CAP-01/")
    row = Asset.objects.get(tag="CAP-01")
    assert (row.parent, row.zone, row.attributes) == (plant.plc, plant.zone, {"hostname": "cap01"})
    changed = {**form, "criticality": "low", "revision": "1"}
    refused = client.post("/assets/karlstad/CAP-01/edit", changed)
    assert refused.status_code == 409
    assert "give the reason" in refused.content.decode()
    assert client.post("/assets/karlstad/CAP-01/edit", {**changed, "reason": "HAZOP"}).status_code == 302
    assert client.post("/assets/karlstad/CAP-01/edit", {**changed, "reason": "HAZOP"}).status_code == 412


def test_a_second_asset_with_the_tag_is_told_beside_the_form(client, plant, engineer):
    sign_in(client, engineer)
    form = {"tag": "FIL-PLC-01", "name": "Twin", "asset_type": "plc", "location": str(plant.unit.uid)}
    answer = client.post("/assets/add", {**form, "status": "in_service", "criticality": "low"})
    assert answer.status_code == 400
    assert "already has an asset with this tag" in answer.content.decode()


def test_an_asset_is_retired_with_a_reason(client, plant, engineer):
    sign_in(client, engineer)
    assert client.post("/assets/karlstad/FIL-DRV-01/status", {"status": "retired"}).status_code == 400
    client.post("/assets/karlstad/FIL-DRV-01/status", {"status": "retired", "reason": "Scrapped"})
    assert Asset.objects.get(pk=plant.drive.pk).status == "retired"


def test_a_hold_is_placed_seen_and_lifted(client, plant, manager):
    sign_in(client, manager)
    client.post(f"/assets/locations/{plant.line.uid}/hold", {"reason": "Gas alarm in the hall"})
    assert "Gas alarm in the hall" in client.get("/assets/karlstad/FIL-PLC-01/").content.decode()
    assert "Gas alarm in the hall" in client.get("/").content.decode()
    hold = Hold.objects.get()
    client.post(reverse("assets:hold-lift", args=[hold.uid]), {"reason": "Measured, all clear"})
    assert "Gas alarm" not in client.get("/").content.decode()


def test_an_owner_is_named_and_inherited(client, plant, manager):
    ada = person_named("Ada Berg")
    sign_in(client, manager)
    assert "Unassigned" in client.get("/assets/karlstad/FIL-PLC-01/").content.decode()
    client.post(f"/assets/locations/{plant.line.uid}/owner", {"person": str(ada.uid), "role": "accountable"})
    page = client.get("/assets/karlstad/FIL-PLC-01/").content.decode()
    assert "Ada Berg" in page
    assert "inherited from Line 1" in page
    assert "Unassigned" not in page


def test_an_owner_is_named_for_many_at_once(client, plant, manager):
    ada = person_named("Ada Berg")
    sign_in(client, manager)
    url = f"/assets/owners?uid={plant.plc.uid}&uid={plant.drive.uid}"
    assert "2 of the 2" in client.get(url).content.decode()
    client.post(url, {"person": str(ada.uid), "role": "accountable"})
    assert Ownership.objects.filter(person=ada, until_at=None).count() == 2


def test_an_owner_ends_with_a_reason(client, plant, manager):
    row = ownership.assign(plant.plc, person_named("Ada Berg"), by=plant.by, at=now() - timedelta(days=1))
    sign_in(client, manager)
    client.post(f"/assets/owners/{row.uid}/end", {"reason": "Left the team"})
    row.refresh_from_db()
    assert row.until_at is not None


def test_relations_are_added_and_removed(client, plant, engineer):
    sign_in(client, engineer)
    client.post("/assets/karlstad/FIL-PLC-01/relation", {"kind": "controls", "target_tag": "FIL-DRV-01"})
    row = Relation.objects.get()
    assert "FIL-DRV-01" in client.get("/assets/karlstad/FIL-PLC-01/").content.decode()
    client.post(f"/assets/relations/{row.uid}/remove")
    assert not Relation.objects.exists()


def test_the_baseline_is_shown_with_its_versions(client, plant, manager):
    for firmware in ("32.011", "33.012"):
        baselines.adopt(plant.plc, Configuration(firmware=firmware), by=manager, at=now())
    sign_in(client, manager)
    page = client.get("/assets/karlstad/FIL-PLC-01/").content.decode()
    assert "version 2" in page
    assert "32.011" in page


def test_a_place_is_added_edited_and_moved(client, plant, administrator):
    sign_in(client, administrator)
    url = "/assets/locations/add"
    client.post(url, {"parent": str(plant.site.uid), "kind": "area", "name": "Hall B"})
    hall = Location.objects.get(name="Hall B")
    client.post(f"/assets/locations/{hall.uid}/edit", {"name": "Hall C", "slug": "hall-c"})
    client.post(f"/assets/locations/{plant.line.uid}/move", {"to": str(hall.uid), "reason": "Rebuilt"})
    assert Location.objects.get(pk=plant.line.pk).parent.name == "Hall C"


def test_a_file_is_uploaded_looked_at_and_applied(client, plant, engineer):
    sign_in(client, engineer)
    text = "asset_tag,name,asset_type,path\nN-1,New,drive,Karlstad/Packaging/Line 1\n"
    file = SimpleUploadedFile("register.csv", text.encode(), "text/csv")
    answer = client.post("/assets/imports/new", {"kind": "assets", "file": file})
    page = client.get(answer["Location"]).content.decode()
    assert "Apply: 1 new, 0 changed" in page
    client.post(f"{answer['Location']}apply")
    assert Asset.objects.filter(tag="N-1").exists()
    assert "Apply:" not in client.get(answer["Location"]).content.decode()


def test_errors_of_a_file_are_shown_and_nothing_can_be_applied(client, plant, engineer):
    sign_in(client, engineer)
    file = SimpleUploadedFile(
        "bad.csv", b"asset_tag,name,asset_type,path\nN-1,New,drvie,Karlstad/Packaging/Line 1\n"
    )
    answer = client.post("/assets/imports/new", {"kind": "assets", "file": file})
    page = client.get(answer["Location"]).content.decode()
    assert "drvie" in page
    assert "Apply:" not in page
    assert client.post(f"{answer['Location']}apply").status_code == 409


def test_a_file_that_is_none_is_told_beside_the_field(client, plant, engineer):
    sign_in(client, engineer)
    file = SimpleUploadedFile("book.xlsx", b"PK\x03\x04")
    answer = client.post("/assets/imports/new", {"kind": "assets", "file": file})
    assert answer.status_code == 400
    assert "workbook" in answer.content.decode()


def test_no_cell_of_the_export_is_a_formula(client, plant, manager):
    assets.change_asset(
        plant.drive, AssetDetails("FIL-DRV-01", "=HYPERLINK(1)", "drive", description="+1"), by=plant.by
    )
    sign_in(client, manager)
    text = b"".join(client.get("/assets/export.csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    row = next(row for row in rows if row["asset_tag"] == "FIL-DRV-01")
    assert row["name"] == "'=HYPERLINK(1)"
    assert row["notes"] == "'+1"
    assert row["path"] == "Karlstad / Packaging / Line 1 / Filler"


def test_what_is_exported_comes_back_unchanged(client, plant, manager, administrator):
    fill(plant, 3)
    sign_in(client, manager)
    data = b"".join(client.get("/assets/export.csv").streaming_content)
    sign_in(client, administrator)
    answer = client.post(
        "/assets/imports/new", {"kind": "assets", "file": SimpleUploadedFile("assets.csv", data)}
    )
    page = client.get(answer["Location"])
    assert page.context["summary"] == {"new": 0, "changed": 0, "unchanged": 5, "errors": 0, "warnings": 0}


def test_only_what_is_selected_is_exported(client, plant, manager):
    sign_in(client, manager)
    data = b"".join(client.get(f"/assets/export.csv?uid={plant.drive.uid}").streaming_content).decode()
    assert "FIL-DRV-01" in data
    assert "FIL-PLC-01" not in data


def test_a_page_names_no_asset_out_of_view(client, plant, engineer):
    far = assets.add_asset(
        AssetDetails("SECRET-FAR", "Hidden boiler", "plc"), location=plant.other_site, by=plant.by
    )
    assets.relate(plant.plc, "feeds", far, by=plant.by)
    assets.relate(far, "controls", plant.plc, by=plant.by)
    sign_in(client, engineer)
    page = client.get("/assets/karlstad/FIL-PLC-01/").content.decode()
    assert "an asset outside your view" in page
    assert "SECRET-FAR" not in page
    assert "Hidden boiler" not in page
