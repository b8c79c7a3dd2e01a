"""The main job, end to end: a change on a filler's controller, held up by the plant itself until it is right."""

import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser import open_page, shot
from tests.flows.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket, pytest.mark.xdist_group("flows")]
TAG = "FIL-PLC-01"
BYPASS = "IL-BOWL-LEVEL-LOW"


def _local(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("Europe/Stockholm")).strftime("%Y-%m-%dT%H:%M")


def _raise_change(page: Page, demo: Portal) -> str:
    page.goto(f"{demo.url}/changes/new")
    now = datetime.now(ZoneInfo("UTC"))
    page.locator("[name=title]").fill("Fill nozzle 4 opens 20 ms later")
    page.locator("textarea[name=description]").fill(
        "Nozzle 4 drips. Its opening moves from 80 to 100 ms after the bottle is in place."
    )
    page.locator("[name=justification]").fill("Two cleaning stops a shift.")
    page.locator("[name=assets]").fill(TAG)
    with page.expect_response("**/changes/risk-questions*"):
        page.locator("[name=assets]").blur()  # the questions follow from the place of the assets
    page.locator("[name=steps]").fill("Save the running program\nChange the opening time\nWatch ten bottles")
    page.locator("[name=window_from]").fill(_local(now - timedelta(minutes=2)))
    page.locator("[name=window_until]").fill(_local(now + timedelta(hours=4)))
    _choose(page, "implementers", "Anna Lindqvist")
    _answer(page, "risk_likelihood", "2")
    _answer(page, "risk_consequence", "2")
    page.locator("[name=rollback_trigger]").fill("Any bottle below 748 ml")
    page.locator("[name=rollback_steps]").fill("Load the saved program.")
    page.locator("[name=rollback_max_min]").fill("15")
    page.locator("[name=rollback_backup]").fill("Filler_R12 saved before the work")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/changes/CHG-*/")
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def _choose(page: Page, name: str, label: str) -> None:
    field = page.locator(f"[name={name}]").first
    if field.evaluate("e => e.tagName") == "SELECT":
        field.select_option(label=label)
    else:
        page.get_by_label(label).check()


def _answer(page: Page, name: str, value: str) -> None:
    field = page.locator(f"[name={name}]").first
    if field.evaluate("e => e.tagName") == "SELECT":
        field.select_option(value)
    elif field.get_attribute("type") == "radio":
        page.locator(f"[name={name}][value='{value}']").check()
    else:
        field.fill(value)


def _press(page: Page, label: str) -> None:
    page.locator("#decide, main").get_by_role("button", name=label, exact=True).first.click()


def _gate(page: Page, word: str) -> None:
    """Wait until the gate has been read and shows `word`."""
    expect(page.locator("#gate-panel .pg-progress-head").first).to_contain_text("read", timeout=45_000)
    expect(page.locator("#gate-panel")).to_contain_text(word, timeout=45_000)


def _run_gate(page: Page) -> None:
    page.locator("#gate-panel").get_by_role("button", name="Run again").click()
    expect(page.locator("#gate-panel").get_by_role("button", name="Run again")).to_be_visible(timeout=45_000)


def _sign(page: Page, demo: Portal, label: str) -> None:
    _press(page, label)
    dialog = page.locator("dialog[open]")
    dialog.locator("input[type=password]").fill(demo.password)
    dialog.locator("button[type=submit]").click()
    page.wait_for_load_state()


def _open(page: Page, demo: Portal, who: str, reference: str) -> None:
    demo.sign_in(page, who)
    page.goto(f"{demo.url}/changes/{reference}/")


def test_a_change_goes_ahead_only_when_the_plant_and_the_people_agree(browser, demo, tmp_path):
    demo.plant.reset(TAG)
    demo.plant.bypass(TAG, BYPASS)
    demo.plant.load_program(TAG, "Filler_R13_test")
    with open_page(browser) as page:
        # An engineer raises the change and hands it in; the shift lead assesses it.
        demo.sign_in(page, "engineer")
        reference = _raise_change(page, demo)
        _press(page, "Submit")
        expect(page.locator("main")).to_contain_text("In assessment")
        _open(page, demo, "shift_lead", reference)
        _press(page, "Finish the assessment")
        expect(page.locator("main")).to_contain_text("Awaiting approval")

        # The manager opens it: the gate has read the controller and says no, with values and age.
        _open(page, demo, "manager", reference)
        _gate(page, BYPASS)
        expect(page.locator("#gate-panel")).to_contain_text("Program equals the approved baseline")
        approve = page.locator("#decide").get_by_role("button", name="Approve")
        expect(approve).to_have_attribute("aria-disabled", "true")
        shot(page, "change-refused")

        # Both are cleared on the equipment; the gate runs again; the manager signs.
        demo.plant.bypass(TAG, BYPASS, clear=True)
        demo.plant.restore_program(TAG)
        _run_gate(page)
        expect(approve).not_to_have_attribute("aria-disabled", "true")
        shot(page, "change-gate-open")
        _sign(page, demo, "Approve")
        expect(page.locator("main")).to_contain_text("Samir Moreau")

        # A second approver signs.
        _open(page, demo, "approver", reference)
        _gate(page, "Passed")
        _sign(page, demo, "Approve")
        expect(page.locator("main")).to_contain_text("Scheduled")

        # The key still stands in RUN: no release until it is turned to REM.
        _open(page, demo, "shift_lead", reference)
        _gate(page, "RUN")
        release = page.locator("#decide").get_by_role("button", name="Release the equipment")
        expect(release).to_have_attribute("aria-disabled", "true")
        shot(page, "start-refused")
        demo.plant.turn_key(TAG, "REM")
        _run_gate(page)
        _sign(page, demo, "Release the equipment")

        # The work is done.
        _open(page, demo, "engineer", reference)
        _press(page, "Start the work")
        expect(page.locator("main")).to_contain_text("Implementing")
        for number in (1, 2, 3):
            page.get_by_role("button", name=f"Done step {number}").click()
            page.wait_for_load_state()
        _sign(page, demo, "Work is done")
        expect(page.locator("main")).to_contain_text("In verification")

        # Verification by somebody else is refused until the key is back in RUN.
        _open(page, demo, "manager", reference)
        _gate(page, "REM")
        close = page.locator("#decide").get_by_role("button", name="Verify and close")
        expect(close).to_have_attribute("aria-disabled", "true")
        shot(page, "verification-refused")
        demo.plant.turn_key(TAG, "RUN")
        _run_gate(page)
        _sign(page, demo, "Verify and close")
        expect(page.locator("main")).to_contain_text("Closed")
        shot(page, "change-closed", whole=True)

        # Compliance exports the evidence.
        demo.sign_in(page, "compliance")
        page.goto(f"{demo.url}/exports/?change={reference}")
        page.get_by_label("Purpose").fill("Story of the filler")
        page.get_by_role("button", name="Make the bundle").click()
        link = page.get_by_role("link", name="Download the bundle")
        expect(link).to_be_visible(timeout=45_000)
        with page.expect_download() as download:
            link.click()
        bundle = tmp_path / "evidence.zip"
        download.value.save_as(bundle)
    _verifies_elsewhere(bundle, tmp_path, reference)


def _verifies_elsewhere(bundle: Path, tmp_path: Path, reference: str) -> None:
    """With nothing but Python: the program from the bundle says yes, and no once a byte has changed."""
    away = tmp_path / "another machine"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(away)
        assert f"changes/{reference}/record.json" in archive.namelist()
    words = ["--fingerprint", (away / "keys" / "fingerprint.txt").read_text(encoding="utf-8").split()[0]]
    good = subprocess.run(
        [sys.executable, "-I", "-S", str(away / "verify.py"), str(bundle), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert good.returncode == 0, good.stdout + good.stderr
    record = away / "changes" / reference / "record.json"
    record.write_bytes(record.read_bytes().replace(b"Nozzle 4", b"Nozzle 5"))
    bad = subprocess.run(
        [sys.executable, "-I", "-S", str(away / "verify.py"), str(away), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert bad.returncode == 1
    assert "record.json" in bad.stdout + bad.stderr
