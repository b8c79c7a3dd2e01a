"""Relations, zones, owners and people by file; the command."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from assets import selectors
from assets.models import Asset, Relation, Zone
from assets.services import assets
from assets.services.imports import files
from assets.services.imports.files import Choices
from plantgov.audit.models import Entry
from plantgov.core import slots
from plantgov.people.models import Person
from tests.assets.conftest import AT, account_of, person_named
from tests.assets.rights import grant
from tests.assets.test_import_assets import bring, errors_of


def apply(plant, text, *, kind, **choices):
    return files.apply(bring(plant, text, kind=kind, **choices), by=plant.by, at=AT)


def test_relations_are_brought_in_and_come_back_unchanged(plant):
    text = "source_tag;type;target_tag;note\nFIL-PLC-01;controls;FIL-DRV-01;by PROFINET\n"
    apply(plant, text, kind="relations")
    row = Relation.objects.get()
    assert (row.source, row.target, row.note) == (plant.plc, plant.drive, "by PROFINET")
    assert Entry.objects.filter(thing_uid=plant.plc.uid, action="assets.relation.added").count() == 1
    again = bring(plant, text, kind="relations")
    assert again.report["summary"]["unchanged"] == 1
    apply(plant, text.replace("PROFINET", "hand"), kind="relations")
    row.refresh_from_db()
    assert row.note == "by hand"


def test_every_error_in_relations_is_told(plant):
    text = "source_tag,type,target_tag\nFIL-PLC-1,controls,FIL-DRV-01\nFIL-PLC-01,steers,FIL-DRV-01\nFIL-PLC-01,feeds,FIL-PLC-01\n,feeds,\n"
    file = bring(plant, text, kind="relations")
    assert errors_of(file) == [
        (2, "source_tag"),
        (3, "type"),
        (4, "target_tag"),
        (5, "source_tag"),
        (5, "target_tag"),
    ]
    assert file.report["problems"][0]["nearest"][0] == "FIL-PLC-01"


def test_relations_need_the_right_on_their_source(plant):
    engineer = account_of(person_named("Erik Holm"))
    grant(engineer, "engineer", plant.line, by=plant.by)
    assets.add_asset(assets.AssetDetails("FAR", "Far", "plc"), location=plant.area, by=plant.by)
    file = bring(plant, "source_tag,type,target_tag\nFAR,feeds,FIL-PLC-01\n", kind="relations", by=engineer)
    assert errors_of(file) == [(2, "source_tag")]


def test_zones_are_brought_in_by_site_and_name(plant):
    text = "site,zone,description\nKarlstad,Line control,Line 1 and 2\nOdense,DMZ,Between\n"
    file = apply(plant, text, kind="zones")
    assert file.report["summary"] | {"warnings": 0} == {
        "new": 1,
        "changed": 1,
        "unchanged": 0,
        "errors": 0,
        "warnings": 0,
    }
    assert Zone.objects.get(name="DMZ").site == plant.other_site
    plant.zone.refresh_from_db()
    assert plant.zone.description == "Line 1 and 2"
    again = bring(
        plant, "site,zone\nKarlstad/Packaging,Odd\nKarlstad,X\nKarlstad,x\nNowhere,Y\n", kind="zones"
    )
    assert errors_of(again) == [(2, "site"), (4, "zone"), (5, "site")]


def test_owners_of_assets_and_places_are_brought_in(plant):
    ada, bo = person_named("Ada Berg"), person_named("Bo Lind")
    text = (
        "asset_tag,path,role,discipline,owner\n"
        f"FIL-PLC-01,,,,{ada.email}\n,Karlstad/Packaging,accountable,,{bo.email}\n"
        f"FIL-PLC-01,Karlstad,responsible,electrical,{bo.email}\n"
    )
    apply(plant, text, kind="ownership")
    assert selectors.accountable_for(plant.plc, AT) == (ada, plant.plc)
    assert selectors.accountable_for(plant.drive, AT) == (bo, plant.area)
    assert bring(plant, text, kind="ownership").report["summary"]["unchanged"] == 3


def test_every_error_in_owners_is_told(plant):
    ada = person_named("Ada Berg")
    text = f"asset_tag,path,role,owner\n,,,{ada.email}\nFIL-PLC-01,,boss,{ada.email}\nFIL-PLC-01,,,ada@nowhere\nFIL-DRV-01,,,\nFIL-DRV-01,,,{ada.email}\nFIL-DRV-01,,,{ada.email}\n"
    file = bring(plant, text, kind="ownership")
    assert errors_of(file) == [(2, "asset_tag"), (3, "role"), (4, "owner"), (5, "owner"), (7, "owner")]


def test_people_are_brought_in_by_address(plant):
    text = "email,name,employment,company\nada@example.org,Ada Berg,external,Motion AB\n"
    apply(plant, text, kind="people")
    row = Person.objects.get(email="ada@example.org")
    assert (row.name, row.employment, row.company) == ("Ada Berg", "contractor", "Motion AB")
    apply(plant, "email,company\nADA@example.org,NULL\n", kind="people")
    row.refresh_from_db()
    assert row.company == ""
    bad = bring(plant, "email,name\nnope,X\n,Y\nbo@example.org,\nbo@example.org,B\n", kind="people")
    assert errors_of(bad) == [(2, "email"), (3, "email"), (4, "name"), (5, "email")]


def test_an_engineer_brings_in_no_people(plant):
    engineer = account_of(person_named("Erik Holm"))
    grant(engineer, "engineer", plant.site, by=plant.by)
    file = bring(plant, "email,name\nada@example.org,Ada\n", kind="people", by=engineer)
    assert errors_of(file) == [(2, "")]


def test_every_kind_of_file_tells_its_columns():
    assert [kind.key for kind in slots.import_kinds][:5] == [
        "assets",
        "relations",
        "zones",
        "ownership",
        "people",
    ]
    for kind in slots.import_kinds:
        keys = [column.key for column in kind.importer.columns]
        assert len(keys) == len(set(keys))


def test_choices_that_nobody_made_are_the_careful_ones():
    assert Choices() == Choices(create_locations=False, reason="")


# -- The command --------------------------------------------------------------------------------
@pytest.fixture
def register(tmp_path):
    file = tmp_path / "register.csv"
    file.write_text("asset_tag,name,asset_type,path\nN-1,New,drive,Karlstad/Packaging/Line 1\n")
    return file


def run(*args) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("import_register", *map(str, args), stdout=out)
    except SystemExit as stop:
        return stop.code, out.getvalue()
    return 0, out.getvalue()


def test_the_command_applies_a_sound_file(plant, register):
    code, told = run(register, "--by", plant.by.username)
    assert (code, told.strip()) == (
        0,
        "assets: applied (1 new, 0 changed, 0 unchanged, 0 errors, 0 warnings)",
    )
    assert Asset.objects.filter(tag="N-1").exists()


def test_a_dry_run_changes_nothing(plant, register):
    code, told = run(register, "--by", plant.by.username, "--dry-run", "--json")
    answer = json.loads(told)
    assert (code, answer["state"], answer["summary"]["new"]) == (0, "validated", 1)
    assert not Asset.objects.filter(tag="N-1").exists()


def test_the_command_says_no_with_every_error(plant, register):
    register.write_text("asset_tag,name,asset_type,path\nN-1,New,drvie,Karlstad/Hall\n")
    code, told = run(register, "--by", plant.by.username, "--json")
    answer = json.loads(told)
    assert (code, answer["state"]) == (1, "invalid")
    assert {problem["column"] for problem in answer["problems"]} == {"path"}


def test_the_command_makes_places_when_told(plant, register):
    register.write_text("asset_tag,name,asset_type,path\nN-1,New,drive,Karlstad/Hall\n")
    assert run(register, "--by", plant.by.username, "--create-locations")[0] == 0


@pytest.mark.parametrize(
    "args",
    [["/nowhere.csv"], ["{file}", "--kind", "spoons"], ["{file}", "--by", "nobody"]],
    ids=["file", "kind", "by"],
)
def test_a_command_that_cannot_run_ends_with_two(plant, register, args):
    given = [str(register) if arg == "{file}" else arg for arg in args]
    if "--by" not in given:
        given += ["--by", plant.by.username]
    with pytest.raises(CommandError) as error:
        run(*given)
    assert error.value.returncode == 2


def test_who_may_not_import_ends_with_one(plant, register):
    stranger = account_of(person_named("Olga Stranger"))
    with pytest.raises(CommandError) as error:
        run(register, "--by", stranger.username)
    assert error.value.returncode == 1
