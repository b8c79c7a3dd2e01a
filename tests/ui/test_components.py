"""Components as they are drawn, without a browser."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests.ui.conftest import gallery_settings
from tests.ui.gallery import SELF_APPROVAL, Example


@pytest.fixture(scope="module", autouse=True)
def _gallery():
    with gallery_settings():
        yield


def draw(name: str, /, **context) -> str:
    return re.sub(r"\s+", " ", render_to_string(f"components/{name}.html", context))


def test_reasons_carry_code_and_sentence_and_are_announced():
    drawn = draw("reasons", reasons=[SELF_APPROVAL(name="Jiro Tanaka")], status=409)
    assert 'role="alert"' in drawn
    assert 'data-code="gallery_self_approval"' in drawn
    assert "Jiro Tanaka can." in drawn


def test_a_stale_page_is_told_apart_from_a_refusal():
    assert "changed while you were looking" in draw("reasons", reasons=[], status=412)


def test_progress_polls_only_while_there_is_an_address_to_ask():
    assert 'hx-get="/x/" hx-trigger="every 2s"' in draw("progress", url="/x/", done=1, total=3)
    assert "hx-get" not in draw("progress", url="", done=3, total=3)


def test_progress_without_a_total_shows_no_invented_share():
    drawn = draw("progress", url="/x/")
    assert "max=" not in drawn
    assert "value=" not in drawn


def test_a_check_shows_value_unit_expectation_source_and_why():
    check = {
        "verdict": "fail", "name": "Drum level", "observed": 0, "unit": "mm", "expected": "380–420", "source": "manual",
        "reason": SELF_APPROVAL(name="X"), "by": "J. Tanaka",
    }  # fmt: skip
    drawn = draw("checks", checks=[check])
    assert '<b class="pg-mono pg-observed">0</b> mm' in drawn
    assert all(text in drawn for text in ("Failed", "380–420", "MANUAL", "X can.", "Entered by J. Tanaka"))


def test_a_check_without_a_verdict_is_unknown():
    drawn = draw("checks", checks=[{"verdict": "", "name": "Drum level"}])
    assert "pg-status-unknown" in drawn
    assert "pg-status-ok" not in drawn


def test_a_field_ties_help_and_errors_to_its_input():
    drawn = re.sub(
        r"\s+", " ", str(Example({"tag": "", "kind": "plc", "mode": "observe"})["tag"].as_field_group())
    )
    assert 'aria-describedby="id_tag_helptext id_tag_error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'id="id_tag_helptext"' in drawn
    assert 'id="id_tag_error"' in drawn


def test_an_owner_who_is_missing_is_said_to_be():
    assert "Unassigned" in draw("person", name=None)


def test_nothing_before_is_a_dash_and_zero_is_zero():
    drawn = draw("diff", rows=[{"label": "Count", "before": None, "after": 0}])
    assert "<td>–</td>" in drawn
    assert '<span class="pg-after">0</span>' in drawn


def test_values_are_escaped():
    row = {"label": "<i>", "before": "<b>", "after": "<script>"}
    assert not re.search(r"<i>|<b>|<script>", draw("diff", rows=[row]))


@pytest.mark.parametrize("path", ["/access/", "/refused/"])
def test_htmx_gets_a_part_and_no_page(path):
    answer = Client().get(path, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert answer.status_code in {404, 409}


def test_a_page_of_the_portal_names_itself_once():
    text = Client().get("/assets/").content.decode()
    assert text.count("<h1") == 1
    assert "<title>Assets · PlantGov</title>" in re.sub(r"\s+", " ", text)
    assert text.count('aria-current="page"') == 3  # navigation, breadcrumb, saved view


def test_the_demonstration_says_so_on_every_page():
    assert "are invented" in Client().get("/assets/?demo").content.decode()
    assert "are invented" not in Client().get("/assets/").content.decode()
