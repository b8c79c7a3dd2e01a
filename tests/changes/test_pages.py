"""The pages of changes: what they show, what they keep, and what they ask of the database."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.models import Change, CheckRun
from changes.services import gates
from changes.states import Phase
from plantgov.core.clock import now
from plantgov.workspace.services import comments
from tests import factories as f
from tests.changes.doors import client_of

pytestmark = pytest.mark.django_db
XSS = '<script>alert("x")</script>'
HTMX = {"HX-Request": "true"}


def _form(**typed):
    given = {
        "title": "Raise the filling rate",
        "description": "Load Filler_R13",
        "justification": "Orders for May",
        "assets": "FIL-PLC-01",
        "steps": "One\n\nTwo\n",
        "window_from": "2030-05-04T08:00",
        "window_until": "2030-05-04T10:00",
        "risk_likelihood": "2",
        "risk_consequence": "3",
        "expected-TOTAL_FORMS": "2",
        "expected-INITIAL_FORMS": "0",
    }
    return {**given, **typed}


def _page(client, url, **query):
    response = client.get(url, query)
    assert response.status_code == 200, response.content
    return response.content.decode()


# -- raise and edit ------------------------------------------------------------------------------
def test_a_change_is_raised_on_one_form(plant):
    client, me = client_of(plant.engineer), plant.engineer.person
    expected = {
        "expected-0-asset": "FIL-PLC-01",
        "expected-0-key": "forces",
        "expected-0-value": "1",
        "expected-0-phases": ["start", "resume"],
        "expected-0-why": "Level switch forced",
    }
    response = client.post("/changes/new", _form(implementers=[me.pk], **expected))
    assert response.status_code == 302, re.findall(r"pg-error.*?</ul>", response.content.decode(), re.S)
    change = Change.objects.get()
    assert (change.state, change.risk, change.requested_by) == ("draft", "medium", plant.engineer)
    assert [step.text for step in change.steps.all()] == ["One", "Two"]
    assert change.window_from.isoformat() == "2030-05-04T06:00:00+00:00"  # Stockholm, in summer
    row = change.covered.get()
    assert row.expected == [
        {"key": "forces", "phases": ["start", "resume"], "value": 1, "why": "Level switch forced"}
    ]
    assert change.involved.filter(role="implementer", person=me).exists()


def test_the_form_knows_the_asset_it_was_opened_from(plant):
    page = _page(client_of(plant.engineer), "/changes/new", **{"from": f"assets.asset:{plant.filler.uid}"})
    assert "karlstad/FIL-PLC-01" in page
    assert "Europe/Stockholm" in page


def test_an_asset_out_of_view_is_not_filled_in(plant):
    f.give(plant, plant.stranger, "engineer", plant.utilities)
    page = _page(client_of(plant.stranger), "/changes/new", **{"from": f"assets.asset:{plant.filler.uid}"})
    assert "FIL-PLC-01" not in page


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(plant):
    wrong = _form(
        title="", assets="FIL-PLC-01, NO-SUCH-1", window_until="2030-05-04T07:00", steps="Kept step"
    )
    wrong |= {"expected-0-asset": "FIL-PLC-01", "expected-0-key": "forces"}
    response = client_of(plant.engineer).post("/changes/new", wrong)
    page = response.content.decode()
    assert response.status_code == 400
    assert "You know no asset with the tag: NO-SUCH-1." in page
    assert "end after it begins" in page
    assert "Fill this in, or empty the whole row." in page
    assert "Kept step" in page
    assert re.search(r'id="id_title"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*id="id_title"', page)
    assert not Change.objects.exists()


@pytest.mark.parametrize(("profile", "asked"), [("small", "risk_hurts"), ("regulated", "risk_likelihood")])
def test_the_questions_about_risk_follow_the_profile(db, profile, asked):
    plant = f.make_plant(profile=profile)
    client = client_of(plant.engineer)
    assert asked in _page(client, "/changes/risk-questions", assets="FIL-PLC-01")
    assert asked in _page(client, "/changes/new", **{"from": f"assets.asset:{plant.filler.uid}"})
    assert "risk_likelihood" in _page(client, "/changes/risk-questions")


def test_an_edit_on_a_stale_form_is_refused_and_keeps_what_was_typed(plant):
    change, client = f.make_change(plant), client_of(plant.engineer)
    revision = Change.objects.get(pk=change.pk).revision
    url = f"/changes/{change.reference}/edit"
    me = plant.engineer.person.pk
    assert client.post(url, _form(title="First", revision=revision, implementers=[me])).status_code == 302
    response = client.post(url, _form(title="Second", revision=revision, implementers=[me]))
    assert response.status_code == 412
    assert "Second" in response.content.decode()
    assert Change.objects.get(pk=change.pk).title == "First"


def test_the_edit_form_shows_what_is_written(plant):
    expected = [{"key": "reachable", "phases": ["start"], "value": False, "why": "Dead"}]
    change = f.make_change(plant, f.details_for(plant, expected=expected))
    page = _page(client_of(plant.engineer), f"/changes/{change.reference}/edit")
    for text in (
        "Turn the key to REM",
        "Download Filler_R12 from the backup",
        "reachable",
        'value="no"',
        "Dead",
    ):
        assert text in page


def test_an_edit_does_not_drop_assets_that_the_editor_cannot_see(plant):
    other = f.register.add_asset(
        f.register.AssetDetails(tag="PUMP-1", name="Pump", asset_type="plc"),
        location=plant.utilities,
        by=f.again(plant.engineer),
    )
    change = f.make_change(plant, f.details_for(plant, plant.filler, other))
    f.give(plant, plant.stranger, "engineer", plant.packaging)
    editor = f.again(plant.stranger)
    page = _page(client_of(editor), f"/changes/{change.reference}/")
    assert "PUMP-1" not in page
    assert "1 asset outside your view" in page


def test_only_who_may_edit_opens_the_form(plant):
    change = f.make_change(plant)
    assert client_of(plant.compliance).get(f"/changes/{change.reference}/edit").status_code == 403
    assert client_of(plant.stranger).get(f"/changes/{change.reference}/edit").status_code == 404
    assert client_of(plant.compliance).get("/changes/new").status_code == 403


# -- the page of a change --------------------------------------------------------------------------
def test_opening_the_page_asks_nothing_of_the_plant(plant):
    change = f.make_assessed(plant)
    for name in ("manager", "engineer", "compliance"):
        _page(client_of(plant.people[name]), f"/changes/{change.reference}/")
    assert not CheckRun.objects.exists()


def test_only_the_page_of_who_decides_runs_the_gate_by_itself_and_only_while_it_is_not_fresh(plant):
    change = f.make_assessed(plant)
    url = f"/changes/{change.reference}/"
    assert 'hx-trigger="load' in _page(client_of(plant.manager), url)
    assert 'hx-trigger="load' not in _page(client_of(plant.engineer), url)
    f.gate(plant, change, Phase.APPROVE)
    assert 'hx-trigger="load' not in _page(client_of(plant.manager), url)


def test_a_run_is_looked_on_until_its_values_are_home(plant):
    change, client = f.make_assessed(plant), client_of(plant.manager)
    started = client.post(f"/changes/{change.reference}/gates/approve/run", headers=HTMX)
    assert started.status_code == 202
    [poll] = re.findall(r'hx-get="(/changes/[^"]+/progress)"', started.content.decode())
    assert client.get(poll, headers=HTMX).status_code == 200
    run = CheckRun.objects.get()
    f.answer(run.probe_run, forces=2)
    gates.evaluate(run.uid)
    done = client.get(poll, headers=HTMX)
    assert (done.status_code, done["HX-Retarget"]) == (286, "#decide")
    page = done.content.decode()
    assert 'hx-trigger="every' not in page
    assert 'aria-disabled="true"' in page
    assert re.search(r"Read <b[^>]*>2</b>", page)
    assert run.probe_run is not None


def test_a_blocked_button_says_why_and_an_open_gate_frees_it(plant):
    change, client = f.make_assessed(plant), client_of(plant.manager)
    f.gate(plant, change, Phase.APPROVE, forces=2)
    shut = _page(client, f"/changes/{change.reference}/")
    assert re.search(r"aria-disabled=.true.\s+aria-describedby=.why-approve.", shut)
    assert 'data-code="gate_check"' in shut
    f.gate(plant, change, Phase.APPROVE)
    is_open = _page(client, f"/changes/{change.reference}/")
    assert 'data-pg-dialog="do-approve"' in is_open
    run = CheckRun.objects.first()
    assert f'name="evidence_digest" value="{run.results_digest}"' in is_open
    assert f'name="content_digest" value="{change.content_digest}"' in is_open


def test_who_has_nothing_to_decide_is_told_for_whom_it_waits(plant):
    change = f.make_assessed(plant)
    page = _page(client_of(plant.compliance), f"/changes/{change.reference}/")
    assert "There is nothing for you to decide." in page
    assert 'data-pg-dialog="do-' not in page


def test_the_decision_stands_before_the_activity(plant):
    change = f.make_assessed(plant)
    page = _page(client_of(plant.manager), f"/changes/{change.reference}/")
    assert re.search(r'<section class="pg-panel pg-late" aria-labelledby="activity"', page)
    assert page.index('id="decision"') < page.index('id="gate"')


def test_the_activity_tells_who_did_what_and_what_was_said(plant):
    change = f.make_scheduled(plant)
    comments.add_comment(change, "Looks good to me", by=f.again(plant.engineer), at=now())
    page = _page(client_of(plant.engineer), f"/changes/{change.reference}/")
    for text in ("submitted the change", "approved", "The gate was judged", "Looks good to me"):
        assert text in page
    assert " UTC</time>" not in page  # every time in the zone of the site


def test_as_found_and_as_left_stand_beside_each_other(plant):
    change = f.make_started(plant)
    page = _page(client_of(plant.engineer), f"/changes/{change.reference}/")
    assert "As found and as left" in page
    assert f.PROGRAM in page


def test_what_people_typed_is_never_markup(plant):
    details = f.details_for(
        plant, title=XSS, description=XSS, justification=XSS, steps=[XSS], rollback_steps=XSS
    )
    change = f.make_assessed(plant, details)
    comments.add_comment(change, XSS, by=f.again(plant.engineer), at=now())
    client = client_of(plant.engineer)
    urls = [
        f"/changes/{change.reference}/",
        "/changes/",
        f"/changes/{change.reference}/edit",
        "/approvals/",
        "/",
    ]
    for url in urls:
        assert "<script>alert" not in _page(client, url), url
    response = client.post("/changes/new", _form(title=XSS * 10, assets=XSS))
    assert "<script>alert" not in response.content.decode()


def test_a_change_outside_the_view_is_not_there(plant):
    change = f.make_change(plant)
    client = client_of(plant.stranger)
    for path in ("", "edit", "runs/", "runs/1/", "gates/start/readings/new"):
        assert client.get(f"/changes/{change.reference}/{path}").status_code == 404, path
    assert client.post(f"/changes/{change.reference}/gates/start/run").status_code == 404
    assert change.reference not in _page(client, "/changes/")


def test_who_is_not_signed_in_is_led_to_the_entrance(client):
    for path in ("/changes/", "/changes/new", "/changes/CHG-2026-0001/"):
        response = client.get(path)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/account/login/")


# -- lists -----------------------------------------------------------------------------------------
def test_the_tabs_tell_open_waiting_mine_and_closed_apart(plant):
    draft = f.make_change(plant, f.details_for(plant, title="A draft"))
    waiting = f.make_assessed(plant, f.details_for(plant, title="An approval"))
    manager = client_of(plant.manager)

    def shown(client, view):
        page = _page(client, "/changes/", view=view)
        return {c.reference for c in (draft, waiting) if c.reference in page}

    assert shown(manager, "open") == {draft.reference, waiting.reference}
    assert shown(manager, "waiting") == {waiting.reference}
    assert shown(manager, "mine") == set()
    assert shown(manager, "closed") == set()
    assert shown(client_of(plant.engineer), "mine") == {draft.reference, waiting.reference}
    assert shown(client_of(plant.engineer), "waiting") == {draft.reference}


def test_what_waits_stands_on_the_approvals_page_until_it_is_done(plant):
    change, client = f.make_assessed(plant), client_of(plant.manager)
    assert change.reference in _page(client, "/approvals/")
    assert change.reference not in _page(client_of(plant.engineer), "/approvals/")


def test_releases_and_verifications_wait_for_who_gives_them(plant):
    change = f.make_scheduled(plant)
    assert change.reference in _page(client_of(plant.shift_lead), "/approvals/")
    assert change.reference not in _page(client_of(plant.manager), "/approvals/")


def test_the_list_takes_the_same_queries_however_long_it_is(plant):
    client = client_of(plant.engineer)
    for make in (f.make_change, f.make_assessed, f.make_scheduled):
        make(plant)
    _page(client, "/changes/")

    def queries(path):
        with CaptureQueriesContext(connection) as seen:
            _page(client, path)
        return len(seen)

    before = {path: queries(path) for path in ("/changes/", "/approvals/", "/changes/?view=waiting")}
    for _number in range(3):
        f.make_assessed(plant)
        f.make_change(plant)
    assert {path: queries(path) for path in before} == before
    assert before["/changes/"] <= 60


def test_the_page_takes_the_same_queries_however_many_assets_and_runs(plant):
    client = client_of(plant.manager)
    small = f.make_assessed(plant)
    f.gate(plant, small, Phase.APPROVE)
    more = [f.make_controller(plant, number) for number in (2, 3, 4)]
    large = f.make_assessed(plant, f.details_for(plant, *more))
    for _number in range(2):
        f.gate(plant, large, Phase.APPROVE)
    counts = []
    for change in (small, large):
        _page(client, f"/changes/{change.reference}/")
        with CaptureQueriesContext(connection) as seen:
            _page(client, f"/changes/{change.reference}/")
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] <= 70


# -- beside ------------------------------------------------------------------------------------------
def test_runs_are_listed_and_shown(plant):
    change, client = f.make_assessed(plant), client_of(plant.manager)
    run = f.gate(plant, change, Phase.APPROVE)
    assert f"runs/{run.number}/" in _page(client, f"/changes/{change.reference}/runs/")
    assert run.results_digest in _page(client, f"/changes/{change.reference}/runs/{run.number}/")


def test_a_value_that_no_protocol_reads_is_entered(plant):
    silent = f.make_controller(plant, 7, signals=())
    change = f.make_assessed(plant, f.details_for(plant, silent))
    client = client_of(plant.shift_lead)
    url = f"/changes/{change.reference}/gates/start/readings/new"
    page = _page(client, url)
    options = re.findall(rf'<option value="({silent.uid}:[^"]+)"', page)
    if not options:
        assert "Nothing is left to people here" in page
        return
    wrong = client.post(url, {"check": options[0], "value": "", "observed_at": ""})
    assert wrong.status_code == 400
    given = {"check": options[0], "value": "REM", "observed_at": "2026-01-05T08:00"}
    assert client.post(url, given).status_code == 302
    assert change.manual_readings.get().observer == plant.shift_lead.person


def test_policies_can_be_read(plant):
    client = client_of(plant.compliance)
    page = _page(client, "/settings/policies/")
    for url in re.findall(r'href="(/settings/policies/[^"]+/)"', page):
        assert "Versions" in _page(client, url)
