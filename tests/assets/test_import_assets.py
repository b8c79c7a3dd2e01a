"""Bringing an asset register in: every error at once, a preview, all or nothing."""

import time

import pytest

from assets.models import Asset, Import, Location, Ownership
from assets.services import assets
from assets.services.imports import files
from assets.services.imports.files import Choices
from plantgov.audit.models import Entry
from plantgov.core.errors import BadInput, Forbidden, Moved, Refused
from tests.assets.conftest import AT, Plant, account_of, person_named
from tests.assets.rights import grant

HEAD = "asset_tag,name,asset_type,path"
ROW = "NEW-01,New drive,drive,Nordhavn/Karlstad/Packaging/Line 1/Filler"


def bring(plant: Plant, text: str | bytes, *, kind: str = "assets", by=None, **choices) -> Import:
    data = text if isinstance(text, bytes) else text.encode()
    return files.bring(data, "file.csv", kind=kind, by=by or plant.by, at=AT, choices=Choices(**choices))


def errors_of(file: Import) -> list[tuple]:
    return [(p["row"], p["column"]) for p in file.report["problems"] if p["severity"] == "error"]


def the_problem(file: Import) -> dict:
    assert len(file.report["problems"]) == 1, file.report["problems"]
    return file.report["problems"][0]


def test_a_sound_file_is_previewed_then_applied(plant):
    file = bring(plant, f"{HEAD}\n{ROW}\n")
    assert file.state == "validated"
    assert file.report["summary"] == {"new": 1, "changed": 0, "unchanged": 0, "errors": 0, "warnings": 0}
    assert not Asset.objects.filter(tag="NEW-01").exists()
    files.apply(file, by=plant.by, at=AT)
    row = Asset.objects.get(tag="NEW-01")
    assert (row.location, row.site, row.asset_type) == (plant.unit, plant.site, "drive")
    assert Entry.objects.filter(thing_uid=row.uid, action="assets.asset.added").count() == 1
    assert Entry.objects.filter(action="assets.import.applied", thing_uid=file.uid).count() == 1


def test_what_was_applied_comes_back_unchanged(plant):
    text = f"{HEAD},manufacturer,criticality,hostname\n{ROW},ABB,high,drv01\n"
    files.apply(bring(plant, text), by=plant.by, at=AT)
    assert bring(plant, text).report["summary"]["unchanged"] == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_files_of_spreadsheets_are_read(plant, delimiter, encoding):
    text = f"{HEAD}\n{ROW}\n".replace("New drive", "Förderer").replace(",", delimiter)
    file = bring(plant, text.encode(encoding))
    assert file.report["rows"][0]["changes"][0] == ["name", "", "Förderer"]


def test_a_line_that_names_the_separator_is_heeded(plant):
    assert bring(plant, f"sep=;\n{HEAD}\n{ROW}\n".replace(",", ";")).state == "validated"


def test_headers_of_other_tools_are_understood(plant):
    file = bring(
        plant,
        "Equipment Tag;Display name;Device type;Functional location;Vendor\n"
        + ROW.replace(",", ";")
        + ";ABB",
    )
    assert file.state == "validated"


def test_an_unknown_column_is_warned_about_with_the_nearest(plant):
    problem = the_problem(bring(plant, f"{HEAD},manufactuer\n{ROW},ABB\n"))
    assert (problem["severity"], problem["column"]) == ("warning", "manufactuer")
    assert "manufacturer" in problem["nearest"]


def test_every_error_of_every_row_is_told_at_once(plant):
    file = bring(
        plant,
        f"{HEAD},criticality,zone,accountable,safety_related\n"
        ",No tag,plc,Karlstad,,,,\n"
        "A-1,,robt,Karlstad/Packging,hi,Line contrl,nobody@example.org,perhaps\n"
        "A-2,Twice,plc,Karlstad,,,,\n"
        "A-2,Twice,plc,Karlstad,,,,\n"
        "A-3,Root,plc,Nordhavn,,,,\n",
    )
    assert file.state == "invalid"
    assert errors_of(file) == [(2, "asset_tag"), (3, "path"), (5, "asset_tag"), (6, "path")]
    fixed = bring(
        plant,
        f"{HEAD},criticality,zone,accountable,safety_related\nA-1,,robt,Karlstad,hi,Line contrl,nobody@example.org,perhaps\n",
    )
    assert errors_of(fixed) == [
        (2, c) for c in ("accountable", "asset_type", "criticality", "name", "safety_related", "zone")
    ]
    nearest = {p["column"]: p["nearest"] for p in fixed.report["problems"]}
    assert nearest["asset_type"][0] == "robot"
    assert nearest["zone"] == ["Line control"]


def test_a_misspelled_path_names_the_nearest_places(plant):
    problem = the_problem(bring(plant, f"{HEAD}\nA-1,X,plc,Karlstad/Packaging/Line1/Filler\n"))
    assert problem["nearest"][0] == "Karlstad / Packaging / Line 1 / Filler"


def test_a_missing_required_column_stops_at_once(plant):
    file = bring(plant, "name,asset_type\nX,plc\n")
    assert errors_of(file) == [(1, "asset_tag")]


def test_blank_keeps_and_null_clears(plant):
    text = f"{HEAD},manufacturer,notes\nFIL-DRV-01,Filler drive,drive,,ABB,first\n"
    files.apply(bring(plant, text), by=plant.by, at=AT)
    file = bring(plant, "asset_tag,manufacturer,notes\nFIL-DRV-01,,NULL\n")
    assert file.report["rows"][0]["changes"] == [["description", "first", ""]]
    files.apply(file, by=plant.by, at=AT)
    row = Asset.objects.get(tag="FIL-DRV-01")
    assert (row.manufacturer, row.description) == ("ABB", "")


def test_a_required_value_cannot_be_cleared(plant):
    assert errors_of(bring(plant, "asset_tag,name\nFIL-DRV-01,NULL\n")) == [(2, "name")]


def test_a_parent_may_stand_further_down_in_the_file(plant):
    text = f"{HEAD},parent_tag\nB-2,Card,plc,Karlstad,B-1\nB-1,Rack,plc,Karlstad,FIL-PLC-01\n"
    files.apply(bring(plant, text), by=plant.by, at=AT)
    card = Asset.objects.get(tag="B-2")
    assert card.parent.tag == "B-1"
    assert card.parent.parent == plant.plc


def test_a_ring_of_parents_is_found(plant):
    text = f"{HEAD},parent_tag\nB-1,A,plc,Karlstad,B-2\nB-2,B,plc,Karlstad,B-1\n"
    assert errors_of(bring(plant, text)) == [(2, "parent_tag"), (3, "parent_tag")]


def test_missing_places_are_made_only_on_request(plant):
    text = f"{HEAD}\nC-1,Sorter,machine,Nordhavn/Karlstad/Warehouse/Sorter\nC-2,Sorter 2,machine,Karlstad/Warehouse/Sorter\n"
    assert errors_of(bring(plant, text)) == [(2, "path"), (3, "path")]
    files.apply(bring(plant, text, create_locations=True), by=plant.by, at=AT)
    sorter = Location.objects.get(name="Sorter")
    assert (sorter.kind, sorter.parent.kind, sorter.site) == ("work_center", "area", plant.site)
    assert Asset.objects.filter(location=sorter).count() == 2


def test_a_missing_site_is_never_made(plant):
    text = f"{HEAD}\nC-1,X,machine,Nordhavn/Elsewhere/Hall\n"
    assert errors_of(bring(plant, text, create_locations=True)) == [(2, "path")]


def test_owners_are_named_by_address_and_handed_over(plant):
    ada, bo = person_named("Ada Berg"), person_named("Bo Lind")
    text = f"{HEAD},accountable\n{ROW},%s\n"
    files.apply(bring(plant, text % ada.email), by=plant.by, at=AT)
    asset = Asset.objects.get(tag="NEW-01")
    assert Ownership.objects.get(thing_uid=asset.uid).person == ada
    file = bring(plant, text % bo.email)
    assert file.report["rows"][0]["changes"] == [["accountable", "Ada Berg", "Bo Lind"]]
    files.apply(file, by=plant.by, at=AT)
    assert Ownership.objects.get(thing_uid=asset.uid, until_at=None).person == bo


def test_a_controlled_field_of_an_asset_in_service_needs_a_reason(plant):
    text = "asset_tag,criticality\nFIL-PLC-01,low\n"
    assert "give the reason" in the_problem(bring(plant, text))["message"]
    assert bring(plant, text, reason="Rated again after HAZOP").state == "validated"


def test_a_retired_asset_does_not_come_back_by_file(plant):
    assets.set_status(plant.drive, "retired", by=plant.by, reason="scrapped")
    assert errors_of(bring(plant, "asset_tag,status\nFIL-DRV-01,in service\n")) == [(2, "status")]


def test_hostile_cells_stay_text(plant):
    text = f"{HEAD}\nD-1,\"=cmd|' /C calc'!A0\",plc,Karlstad\n"
    files.apply(bring(plant, text), by=plant.by, at=AT)
    assert Asset.objects.get(tag="D-1").name.startswith("=cmd")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04zip",
        b"a\0b,c\n",
        ("x" * 6_000_000).encode(),
        ("a," * 200 + "\n1\n").encode(),
        b"a,b\n" + b"z" * 5000,
    ],
    ids=["empty", "workbook", "nul", "large", "wide", "cell"],
)
def test_a_file_that_cannot_be_taken_says_why(plant, data):
    with pytest.raises(BadInput) as refused:
        bring(plant, data)
    assert refused.value.errors["file"][0]


def test_an_import_is_applied_once(plant):
    file = bring(plant, f"{HEAD}\n{ROW}\n")
    files.apply(file, by=plant.by, at=AT)
    with pytest.raises(Refused, match="was applied"):
        files.apply(file, by=plant.by, at=AT)


def test_an_import_with_errors_is_never_applied(plant):
    with pytest.raises(Refused, match="has errors"):
        files.apply(bring(plant, f"{HEAD}\nX,Y,plc,Nowhere\n"), by=plant.by, at=AT)


def test_a_register_that_moved_since_the_preview_is_shown_anew(plant):
    file = bring(plant, "asset_tag,manufacturer\nFIL-DRV-01,ABB\n")
    files.apply(bring(plant, "asset_tag,manufacturer\nFIL-DRV-01,Danfoss\n"), by=plant.by, at=AT)
    with pytest.raises(Moved):
        files.apply(file, by=plant.by, at=AT)
    file.refresh_from_db()
    assert file.report["rows"][0]["changes"] == [["manufacturer", "Danfoss", "ABB"]]
    files.apply(file, by=plant.by, at=AT)


def test_nothing_is_written_when_one_row_fails_in_the_end(plant, monkeypatch):
    file = bring(plant, f"{HEAD}\n{ROW}\n")
    monkeypatch.setattr("assets.services.ownership.assign_all", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        files.apply(file, by=plant.by, at=AT)
    assert not Asset.objects.filter(tag="NEW-01").exists()


def test_who_may_not_import_is_refused(plant):
    with pytest.raises(Forbidden):
        bring(plant, f"{HEAD}\n{ROW}\n", by=account_of(person_named("Olga Stranger")))


def test_an_importer_of_one_line_learns_nothing_of_the_rest(plant):
    engineer = account_of(person_named("Erik Holm"))
    grant(engineer, "engineer", plant.line, by=plant.by)
    hidden = assets.add_asset(
        assets.AssetDetails("SECRET-PLC", "Boiler", "plc"), location=plant.other_site, by=plant.by
    )
    file = bring(
        plant,
        f"{HEAD}\nE-1,Mine,plc,Karlstad/Packaging/Line 1\n"
        "SECRET-PLC,Guess,plc,Odense\nE-2,Theirs,plc,Odense/Hall\nSECRET-PLX,,,\n",
        by=engineer,
        create_locations=True,
    )
    assert [row for row, _column in errors_of(file)] == [3, 4, 5]
    told = str(file.report["problems"]).replace("“Odense", "").replace("“SECRET", "")
    assert "Odense" not in told
    assert hidden.tag not in told
    assert file.report["summary"]["new"] == 1


def test_an_import_is_seen_by_who_brought_it_only(plant):
    file = bring(plant, f"{HEAD}\n{ROW}\n")
    other = account_of(person_named("Erik Holm"))
    grant(other, "administrator", plant.enterprise, by=plant.by)
    assert not Import.objects.visible_to(other).filter(pk=file.pk).exists()


def test_five_thousand_rows_take_seconds(plant):
    ada = person_named("Ada Berg")
    rows = "".join(
        f"T-{n:05d},Transmitter {n},sensor,Karlstad/Hall {n % 20}/Line {n % 60},T-{n % 50:05d},{ada.email}\n"
        if n >= 50
        else f"T-{n:05d},Rack {n},plc,Karlstad/Hall {n % 20},,{ada.email}\n"
        for n in range(5000)
    )
    begun = time.perf_counter()
    file = bring(plant, f"{HEAD},parent_tag,accountable\n{rows}", create_locations=True)
    assert file.report["summary"]["new"] == 5000
    files.apply(file, by=plant.by, at=AT)
    took = time.perf_counter() - begun
    assert Asset.objects.filter(tag__startswith="T-").count() == 5000
    assert took < 30, f"{took:.1f} s"
