"""People by page and by API: who may open what, and what they answer."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plantgov.audit.models import Entry
from plantgov.core.clock import now
from plantgov.people.models import Person, Qualification, Team, User
from plantgov.people.services import accounts, teams
from tests.factories import again, give, person
from tests.signing_in import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
EVIL = "<script>alert(1)</script>"


def _add(name: str, **more) -> Person:
    return accounts.add_person(accounts.PersonDetails(name, **more), by=accounts.INSTALLER)


def test_the_list_finds_people_by_user_name_and_shows_their_team(client, plant):
    team = teams.form_team("Maintenance", by=accounts.INSTALLER)
    teams.join(team, plant.engineer.person, by=accounts.INSTALLER, at=now())
    sign_in(plant.administrator, client)
    page = client.get("/people/", {"q": "engineer"}).content.decode()
    assert "Engineer Persson" in page
    assert "Maintenance" in page
    assert "Manager Persson" not in page


def test_names_are_escaped_wherever_they_are_shown(client, plant):
    evil = _add(EVIL, company=EVIL, job_title=EVIL)
    team = teams.form_team(EVIL, by=accounts.INSTALLER, description=EVIL)
    teams.join(team, evil, by=accounts.INSTALLER, at=now())
    sign_in(plant.administrator, client)
    for path in (
        "/people/",
        f"/people/{evil.uid}/",
        "/people/teams/",
        f"/people/teams/{team.uid}/",
        f"/people/{evil.uid}/edit",
    ):
        page = client.get(path).content.decode()
        assert EVIL not in page, path
        assert "&lt;script&gt;" in page, path


def test_a_person_is_added_and_changed_by_whoever_may(client, plant):
    sign_in(plant.administrator, client)
    answer = client.post("/people/add", {"name": "Ada Berg", "email": "ada@x.se", "employment": "employee"})
    ada = Person.objects.get(name="Ada Berg")
    assert answer.url == f"/people/{ada.uid}/"
    client.post(f"/people/{ada.uid}/edit", {"name": "Ada Bergman", "employment": "contractor"})
    ada.refresh_from_db()
    assert (ada.name, ada.employment, ada.email) == ("Ada Bergman", "contractor", "")


def test_the_same_e_mail_twice_is_said_beside_the_field(client, plant):
    sign_in(plant.administrator, client)
    given = {"name": "Ada", "email": "engineer@example.org", "employment": "employee"}
    assert client.post("/people/add", given).status_code == 400
    assert not Person.objects.filter(name="Ada").exists()


@pytest.mark.parametrize("path", ["/people/add", "/people/teams/form"])
def test_an_engineer_sees_people_and_changes_nothing(client, plant, path):
    sign_in(plant.engineer, client)
    assert client.get("/people/").status_code == 200
    assert client.get(path).status_code == 403
    assert client.post(path, {"name": "X", "employment": "employee"}).status_code == 403
    assert not Person.objects.filter(name="X").exists()
    assert "@" not in client.get("/people/").content.decode()


def test_who_has_no_role_sees_nobody(client, plant):
    sign_in(plant.stranger, client)
    assert client.get("/people/").status_code == 403
    assert client.get(f"/people/{plant.engineer.person.uid}/").status_code == 404
    assert client.get("/api/v1/people").json()["results"] == []
    assert b"/people/" not in client.get("/inbox/").content


def test_an_account_is_opened_with_a_link_with_which_its_owner_signs_in(client, plant):
    ada = _add("Ada Berg", email="ada@example.org")
    sign_in(plant.administrator, client)
    page = client.post(f"/people/{ada.uid}/account", {"username": "ada"}).content.decode()
    link = re.search(r'value="(http://testserver/account/password/reset/key/[^"]+)"', page).group(1)
    account = User.objects.get(username="ada")
    assert not account.has_usable_password()
    assert Entry.objects.filter(thing_uid=account.uid, action="people.account.link_given").count() == 1

    client.logout()
    form = client.get(link, follow=True)
    secret = "kran-sippa-lykta-42"
    client.post(form.request["PATH_INFO"], {"password1": secret, "password2": secret})
    assert client.login(username="ada", password=secret)
    again_page = client.__class__().get(link, follow=True)
    assert b"This link works no more" in again_page.content


def test_a_second_account_for_the_same_person_is_refused(client, plant):
    sign_in(plant.administrator, client)
    uid = plant.engineer.person.uid
    assert client.post(f"/people/{uid}/account", {"username": "engineer2"}).status_code == 409
    assert not User.objects.filter(username="engineer2").exists()


def test_a_link_into_an_account_in_use_needs_the_whole_enterprise(client, plant):
    local = person("local", "Local Administrator")
    give(plant, local, "administrator", plant.site)
    engineer = plant.engineer
    accounts.set_password(engineer, "kran-sippa-lykta-42", by=engineer)
    path = f"/people/accounts/{engineer.uid}/link"
    sign_in(again(local), client)
    assert client.post(path, {"reason": "Forgot it"}).status_code == 409
    sign_in(plant.administrator, client)
    assert client.post(path, {"reason": "Forgot it"}).status_code == 200
    assert client.post(f"/people/accounts/{plant.administrator.uid}/link", {"reason": "x"}).status_code == 409


def test_a_closed_account_is_out_on_its_next_request(client, plant):
    theirs = sign_in(plant.engineer)
    assert theirs.get("/people/").status_code == 200
    sign_in(plant.administrator, client)
    path = f"/people/accounts/{plant.engineer.uid}/close"
    assert client.post(path, {"reason": ""}).status_code == 400
    assert client.post(path, {"reason": "Left"}).status_code == 302
    assert theirs.get("/people/").status_code == 302
    assert client.post(path, {"reason": "Again"}).status_code == 409
    own = f"/people/accounts/{plant.administrator.uid}/close"
    assert client.post(own, {"reason": "Enough"}).status_code == 409


def test_an_account_opened_after_joining_has_the_teams_group(plant):
    ada, team = _add("Ada Berg"), teams.form_team("Maintenance", by=accounts.INSTALLER)
    teams.join(team, ada, by=accounts.INSTALLER, at=now())
    user = accounts.open_account(ada, username="ada", password=None, by=accounts.INSTALLER)
    assert list(user.groups.all()) == [team.group]


def test_a_qualification_is_recorded_by_somebody_else_and_ended_yesterday(client, plant):
    sign_in(plant.administrator, client)
    today = now().date()
    given = {"key": "safety_loop", "valid_from": today - timedelta(days=30), "valid_until": today}
    own = f"/people/{plant.administrator.person.uid}/qualify"
    assert client.post(own, given).status_code == 409
    assert client.post(f"/people/{plant.engineer.person.uid}/qualify", given).status_code == 302
    row = Qualification.objects.get(key="safety_loop")
    assert client.post(f"/people/qualifications/{row.uid}/end", {"reason": "Revoked"}).status_code == 302
    row.refresh_from_db()
    assert row.valid_until == today - timedelta(days=1)
    assert client.post(f"/people/qualifications/{row.uid}/end", {"reason": "Again"}).status_code == 409


def test_a_qualification_that_begins_today_is_taken_back_whole(client, plant):
    sign_in(plant.administrator, client)
    today = now().date()
    given = {"key": "crane", "valid_from": today, "valid_until": today + timedelta(days=9)}
    client.post(f"/people/{plant.engineer.person.uid}/qualify", given)
    row = Qualification.objects.get(key="crane")
    client.post(f"/people/qualifications/{row.uid}/end", {"reason": "Wrong person"})
    assert not Qualification.objects.filter(key="crane").exists()
    entry = Entry.objects.filter(action="people.qualification.ended").get()
    assert entry.thing_uid == plant.engineer.person.uid


def test_an_end_before_the_beginning_is_said_on_the_form(client, plant):
    sign_in(plant.administrator, client)
    given = {"key": "crane", "valid_from": "2026-05-02", "valid_until": "2026-05-01"}
    answer = client.post(f"/people/{plant.engineer.person.uid}/qualify", given)
    assert answer.status_code == 400


def test_teams_are_formed_joined_and_left(client, plant):
    sign_in(plant.administrator, client)
    client.post("/people/teams/form", {"name": "Maintenance", "description": "All crafts"})
    team = Team.objects.get(name="Maintenance")
    uid = plant.engineer.person.uid
    client.post(f"/people/teams/{team.uid}/join", {"person": uid})
    assert list(team.group.user_set.all()) == [plant.engineer]
    client.post(f"/people/teams/{team.uid}/leave/{uid}", {})
    assert not team.group.user_set.exists()
    assert team.memberships.get().until_at is not None
    assert client.post("/people/teams/form", {"name": "Maintenance"}).status_code == 400


def test_nobody_puts_themselves_into_a_team(client, plant):
    team = teams.form_team("Maintenance", by=accounts.INSTALLER)
    sign_in(plant.administrator, client)
    answer = client.post(f"/people/teams/{team.uid}/join", {"person": plant.administrator.person.uid})
    assert answer.status_code == 409
    assert not team.memberships.exists()


def test_teams_carry_rights_so_a_sites_administrator_leaves_them_alone(client, plant):
    local = person("local", "Local Administrator")
    give(plant, local, "administrator", plant.site)
    team = teams.form_team("Maintenance", by=accounts.INSTALLER)
    sign_in(again(local), client)
    path = f"/people/teams/{team.uid}/join"
    assert client.post(path, {"person": plant.engineer.person.uid}).status_code == 403
    assert client.post("/people/teams/form", {"name": "Mine"}).status_code == 403


def test_the_list_asks_as_often_for_forty_people_as_for_ten(client, plant):
    sign_in(plant.administrator, client)
    client.get("/people/")
    counts = []
    for number in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/people/").status_code == 200
        counts.append(len(queries))
        for n in range(15):
            _add(f"Person {number} {n}")
    assert counts[0] == counts[1]
    assert counts[0] < 25


# -- API --------------------------------------------------------------------------------------------
def test_the_api_adds_a_person_and_a_team_and_puts_one_into_the_other(client, plant):
    sign_in(plant.administrator, client)
    post = {"content_type": "application/json"}
    made = client.post("/api/v1/people", {"name": "Ada Berg"}, **post)
    assert made.status_code == 201
    team = client.post("/api/v1/teams", {"name": "Crew"}, **post).json()
    path = f"/api/v1/teams/{team['uid']}/join"
    assert client.post(path, {"person": made.json()["uid"]}, **post).json()["size"] == 1
    assert client.get(f"/api/v1/people/{made.json()['uid']}").json()["teams"] == ["Crew"]


@pytest.mark.parametrize("noun", ["people", "teams", "qualifications"])
def test_the_api_refuses_writing_to_who_may_only_read(client, plant, noun):
    sign_in(plant.engineer, client)
    assert client.get(f"/api/v1/{noun}").status_code == 200
    given = {
        "name": "X",
        "person": str(plant.manager.person.uid),
        "key": "crane",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
    }
    answer = client.post(f"/api/v1/{noun}", given, content_type="application/json")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("noun", ["people", "teams", "shifts", "qualifications", "signatures"])
def test_the_api_wants_to_know_who_asks(client, noun):
    assert client.get(f"/api/v1/{noun}").status_code == 401


def test_every_page_wants_to_know_who_asks(client, plant):
    for name in ("person-list", "person-add", "team-list", "team-form"):
        assert client.get(reverse(f"people:{name}")).url.startswith("/account/login/")
