"""Tags and filters of the portal."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from plantgov.core.templatetags import pg
from plantgov.core.templatetags.statuses import VOCABULARIES, face
from plantgov.core.verdict import VERDICT_LABELS, ReasonKind, Verdict

NOW = datetime(2026, 11, 24, 14, 42, 0, tzinfo=UTC)
LATE = ReasonKind("test_ui_late", "{name} signed at {at} <late>")


def draw(source: str, /, **context) -> str:
    return Template(source).render(Context(context))


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_every_state_has_an_icon_that_exists_and_a_word():
    for kind, words in VOCABULARIES.items():
        for code, looks in words.items():
            assert str(looks.word), (kind, code)
            assert str(looks.word) in pg.status(code, kind)


def test_every_verdict_of_the_kernel_can_be_shown():
    for verdict in Verdict:
        assert face(verdict, "verdict").word == VERDICT_LABELS[verdict]


def test_only_a_pass_among_the_verdicts_is_green():
    assert [v for v in Verdict if face(v, "verdict").tone == "ok"] == [Verdict.PASS]


@pytest.mark.parametrize("code", [None, "", "unknown", "something_new"])
def test_what_is_not_known_is_never_green(code):
    drawn = pg.status(code)
    assert "pg-status-unknown" in drawn
    assert "pg-status-ok" not in drawn


def test_the_same_word_can_look_different_in_another_vocabulary():
    assert face("high", "risk").tone == "crit"
    assert face("high", "criticality").tone == "warn-line"


def test_a_status_escapes_what_it_is_given():
    assert "<script>" not in pg.status("<script>alert(1)</script>", word="<b>x</b>") + pg.status(
        "a", word="<b>x</b>"
    )


def test_an_icon_is_silent_unless_it_has_a_label():
    assert 'aria-hidden="true"' in pg.icon("check")
    labelled = pg.icon("check", label='Done "now"')
    assert "aria-hidden" not in labelled
    assert 'aria-label="Done &quot;now&quot;"' in labelled


@pytest.mark.parametrize("name", ["no-such-icon", "../manifest", ""])
def test_an_icon_that_is_not_vendored_says_what_to_do(name):
    with pytest.raises(LookupError, match=r"scripts/vendor\.py"):
        pg.icon(name)


def test_a_moment_carries_its_zone_and_the_exact_time():
    drawn = pg.when(NOW, zone="Europe/Stockholm")
    assert ">24 Nov 2026, 15:42 CET<" in drawn
    assert 'datetime="2026-11-24T14:42:00+00:00"' in drawn
    with timezone.override("America/New_York"):
        assert "09:42 EST" in pg.when(NOW)


def test_the_hour_that_happens_twice_is_told_apart_by_its_zone():
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert "02:30 CEST" in pg.when(first, zone="Europe/Stockholm")
    assert "02:30 CET" in pg.when(second, zone="Europe/Stockholm")


def test_a_moment_that_never_was_is_a_dash_or_never():
    assert pg.when(None) == "–"
    assert "Never" in pg.age(None)
    assert pg.countdown(None) == "–"


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-42), "42 s ago"),
        (timedelta(minutes=-4, seconds=-10), "4 min ago"),
        (timedelta(days=-3, hours=-2), "3 d ago"),
        (timedelta(hours=5), "in 5 h"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(delta, words):
    assert f">{words}<" in pg.age(NOW + delta)


def test_a_countdown_ends_in_words_and_not_below_zero():
    assert ">4 min 10 s left<" in pg.countdown(NOW + timedelta(minutes=4, seconds=10))
    ended = pg.countdown(NOW - timedelta(seconds=1), over="Run it again")
    assert ">Run it again<" in ended
    assert "pg-countdown-over" in ended


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (1.24, "1.2 s"), (59, "59 s"), (2100, "35 min"), (7500, "2 h 5 min"), (86_400, "1 d"), (90_061, "1 d 1 h"),
     (3601, "1 h"), (timedelta(minutes=2), "2 min"), (None, "–")],
)  # fmt: skip
def test_a_duration_has_two_units_at_most(seconds, words):
    assert pg.duration(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4_381_220, "4.4 MB"), (3e12, "3.0 TB"), (None, "–")],
)
def test_a_size_is_told_in_decimal_units(size, words):
    assert pg.bytes_(size) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Anna Lindqvist", "AL"),
        ("A. Lindqvist", "AL"),
        ("Prince", "P"),
        ("Ana de la Cruz", "AC"),
        ("", "?"),
        (None, "?"),
    ],
)
def test_initials_are_of_the_first_and_the_last_word(name, letters):
    assert pg.initials(name) == letters


def test_a_reason_is_a_sentence_with_its_code_and_is_escaped():
    drawn = pg.reason(LATE(name="A. Lindqvist", at="10:42"))
    assert 'data-code="test_ui_late"' in drawn
    assert "A. Lindqvist signed at 10:42 &lt;late&gt;" in drawn


@pytest.mark.parametrize(
    ("source", "query"),
    [
        ("{% url_with page=2 %}", "?area=BO&area=RE&page=2"),
        ("{% url_with ordering='-tag' %}", "?area=BO&area=RE&ordering=-tag"),
        ("{% url_with area=None %}", "/assets/"),
    ],
)
def test_an_address_keeps_the_other_parameters_and_starts_at_page_one(source, query):
    request = RequestFactory().get("/assets/?area=BO&area=RE&page=5")
    assert (
        Template("{% autoescape off %}" + source + "{% endautoescape %}").render(
            Context({"request": request})
        )
        == query
    )


@pytest.mark.parametrize(
    ("path", "root", "is_under"),
    [
        ("/", "/", True),
        ("/assets/", "/", False),
        ("/assets/KA/P-1/", "/assets/", True),
        ("/assetsx/", "/assets/", False),
    ],
)
def test_a_page_lies_under_its_entry_of_the_navigation(path, root, is_under):
    assert pg.under(path, root) is is_under


def test_tags_work_without_being_loaded():
    assert draw("{% mono x %} {{ x|mono }} {% duration 60 %} {{ x|initials }}", x="V2") == (
        '<span class="pg-mono">V2</span> <span class="pg-mono">V2</span> 1 min V'
    )


def test_a_difference_is_read_by_its_signs():
    lines = list(pg.diff_lines("@@ a @@\n same\n-old\n+new"))
    assert lines == [
        ("hunk", "@", "@@ a @@"),
        ("same", " ", "same"),
        ("del", "-", "old"),
        ("add", "+", "new"),
    ]
