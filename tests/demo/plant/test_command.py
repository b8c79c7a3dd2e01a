"""`manage.py plant`: verbs, exit codes, one JSON document."""

import json

import pytest

from plantgov.demo.management.commands.plant import Command

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("plant")]


@pytest.fixture
def typed(plant, plant_dir, settings, capsys):
    """`typed("key", "FIL-PLC-01", "REM")`: exit code, what came on stdout, what came on stderr."""
    settings.PLANTGOV_DATA_DIR = plant_dir

    def run(*arguments):
        code = 0
        try:
            Command().run_from_argv(["manage.py", "plant", *arguments])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


def seen(plant, tag="FIL-PLC-01"):
    return plant.device(tag)


def test_status_lists_every_device_and_what_is_unusual(typed, plant):
    plant.bypass("FIL-PLC-01", "IL-GUARD-DOOR-3")
    plant.drop("CAM-01")
    code, out, _ = typed("status")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert len(lines) == 42
    assert "bypass IL-GUARD-DOOR-3" in lines["FIL-PLC-01"]
    assert lines["CAM-01"].endswith("dropped")


def test_status_as_json_is_one_document(typed):
    code, out, err = typed("status", "--json")
    assert (code, err) == (0, "")
    assert {d["tag"] for d in json.loads(out)["devices"]} >= {"FIL-PLC-01", "CS-01"}


def test_verbs_reach_the_plant(typed, plant):
    for line in (
        "key FIL-PLC-01 REM",
        "bypass FIL-PLC-01 IL-CAP-MISSING",
        "forces FIL-PLC-01 3",
        "program FIL-PLC-01 load Trial_B",
        "set FIL-PLC-01 product_temperature -2.5",
        "quality FIL-PLC-01 uncertain",
        "stall FIL-PLC-01",
        "drop FIL-PLC-01",
    ):
        assert typed(*line.split())[0] == 0, line
    now = seen(plant)
    values = now["values"]
    assert (values["mode"], values["forces"], values["program_name"]) == ("REM", 3, "Trial_B")
    assert (values["bypasses"], values["product_temperature"]) == (["IL-CAP-MISSING"], -2.5)
    assert (now["quality"], now["stalled"], now["dropped"]) == ("uncertain", True, True)
    for line in (
        "bypass FIL-PLC-01 IL-CAP-MISSING --clear",
        "program FIL-PLC-01 restore",
        "set FIL-PLC-01 product_temperature --clear",
        "quality FIL-PLC-01 good",
        "stall FIL-PLC-01 --off",
        "drop FIL-PLC-01 --off",
    ):
        assert typed(*line.split())[0] == 0, line
    now = seen(plant)
    assert now["values"]["bypasses"] == []
    assert (now["program_is_approved"], now["overrides"]) == (True, {})
    assert (now["quality"], now["stalled"], now["dropped"]) == ("good", False, False)


def test_stop_start_and_reset_reach_the_plant(typed, plant):
    assert typed("stop", "CNV-VFD-01")[0] == 0
    assert seen(plant, "CNV-VFD-01")["values"]["run_state"] == "STOP"
    assert typed("start", "CNV-VFD-01")[0] == 0
    assert seen(plant, "CNV-VFD-01")["values"]["run_state"] == "RUN"
    typed("forces", "FIL-PLC-01", "9")
    assert typed("reset")[0] == 0
    assert seen(plant)["values"]["forces"] == 0


def test_a_verb_answers_with_the_device_as_it_now_is(typed):
    code, out, _ = typed("key", "fil-plc-01", "prog", "--json")
    document = json.loads(out)
    assert (code, document["tag"], document["values"]["mode"]) == (0, "FIL-PLC-01", "PROG")


def test_no_is_exit_code_1_with_its_reason(typed):
    code, out, err = typed("key", "FIL-PLC-01", "OFF", "--json")
    assert code == 1
    assert "RUN, REM, PROG" in json.loads(out)["error"]
    assert "RUN, REM, PROG" in err
    for line in ("set FIL-PLC-01 fill_pressure", "program FIL-PLC-01 load", "key NO-PLC RUN"):
        assert typed(*line.split())[0] == 1, line


def test_no_plant_is_exit_code_2(typed, settings, tmp_path):
    settings.PLANTGOV_DATA_DIR = tmp_path
    code, _, err = typed("status")
    assert code == 2
    assert "plant run" in err


def test_what_cannot_be_typed_is_exit_code_2(typed):
    assert typed("fly", "FIL-PLC-01")[0] == 2
    assert typed()[0] == 2
