"""The page on the simulated plant says what the plant is."""

from plantgov.demo.management.commands.plant import _VERBS
from plantgov.demo.plant.devices import DEVICES
from plantgov.demo.plant.model import CODES
from plantgov.demo.plant.registers import _FIXED
from tests.demo.plant.conftest import ROOT

PAGE = (ROOT / "docs" / "reference" / "simulated-plant.md").read_text(encoding="utf-8")


def test_the_page_lists_every_device_and_no_other():
    rows = [line for line in PAGE.splitlines() if line.endswith(("| yes |", "| no |"))]
    assert f"{len(DEVICES)} devices on three sites" in PAGE
    assert len(rows) == len(DEVICES)
    for row, device in zip(rows, DEVICES.values(), strict=True):
        assert f"`{device.tag}` | {device.name} | {device.site} / {device.area}" in row


def test_the_page_lists_every_register_with_its_place_and_type():
    for key, (start, datatype) in _FIXED.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| {start} | `{key}`"))
        assert row.endswith(f"| `{datatype}` |")
        for number, word in enumerate(
            CODES.get(key.removesuffix("_code"), ()) if key.endswith("_code") else ()
        ):
            assert f"{number} {word}" in row


def test_the_page_lists_every_verb():
    for verb, *_ in _VERBS:
        assert f"`… {verb}" in PAGE, verb
