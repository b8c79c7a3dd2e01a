"""The templates keep to the strict policy and to what really exists."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OURS = sorted([*(ROOT / "plantgov/static/css").glob("*.css"), *(ROOT / "plantgov/static/js").glob("*.js")])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "templates")))
def test_a_template_brings_no_style_and_no_script_of_its_own(path):
    text = path.read_text()
    inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text)
    assert inline == []
    assert (
        re.findall(r"<style\b|\sstyle=[\"']|\son[a-z]+=[\"']|javascript:|\shx-on\b|\shx-vals=[\"']js:", text)
        == []
    )


def test_icons_named_in_templates_are_vendored():
    known = {p.stem for p in (ROOT / "plantgov/static/vendor/icons").glob("*.svg")}
    named = {n for p in TEMPLATES for n in re.findall(r"{% icon \"([a-z0-9-]+)\"", p.read_text())}
    named |= {n for p in TEMPLATES for n in re.findall(r"\bicon=\"([a-z0-9-]+)\"", p.read_text())}
    assert named - known == set()


def test_icons_named_in_code_are_vendored():
    known = {p.stem for p in (ROOT / "plantgov/static/vendor/icons").glob("*.svg")}
    code = [p for p in ROOT.glob("*/**/*.py") if ".venv" not in p.parts and "tests" not in p.parts]
    named = {n for p in code for n in re.findall(r"\bicon=\"([a-z0-9-]+)\"", p.read_text())}
    assert named - known == set()


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.name)
def test_our_files_ask_no_other_host_and_evaluate_nothing(path):
    text = path.read_text()
    assert (
        re.findall(r"https?://|\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", text)
        == []
    )


def test_our_classes_carry_our_prefix():
    """Tabler owns short names; ours must not collide with them."""
    css = "\n".join(p.read_text() for p in OURS if p.suffix == ".css")
    found = set(
        re.findall(
            r"\.([a-z][a-z-]+)(?=[\s,.:{>)\[])", re.sub(r"/\*.*?\*/|url\([^)]*\)", "", css, flags=re.S)
        )
    )
    tabler = {
        "btn",
        "form-control",
        "form-select",
        "dropdown-menu",
        "dropdown-item",
        "dropdown-header",
        "errorlist",
        "htmx-request",
        "offcanvas-lg",
    }
    assert {
        c for c in found if not c.startswith("pg-") and c not in tabler and not c.startswith("btn-")
    } == set()


def test_htmx_swaps_refusals_and_evaluates_nothing():
    meta = re.search(r"name=\"htmx-config\"\s+content='([^']+)'", (ROOT / "templates/base.html").read_text())
    config = json.loads(meta[1])
    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False

    def swaps(status: int) -> bool:
        return next(h["swap"] for h in config["responseHandling"] if re.search(h["code"], str(status)))

    assert [s for s in (200, 286, 400, 403, 404, 409, 412, 422) if not swaps(s)] == []
    assert [s for s in (204, 429, 500, 502) if swaps(s)] == []


def test_every_tone_has_a_colour_in_both_themes():
    tokens = (ROOT / "plantgov/static/css/tokens.css").read_text()
    for tone in ("ok", "warn", "crit", "info", "unknown", "maint"):
        assert len(re.findall(rf"--pg-{tone}: #", tokens)) == 2
        assert len(re.findall(rf"--pg-{tone}-bg: #", tokens)) == 2
