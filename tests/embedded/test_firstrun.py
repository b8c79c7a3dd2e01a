"""The first minutes of an installation, by its pages."""

import re
import stat
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.hashers import check_password
from django.core import signing
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from access.models import Grant
from assets.models import Location
from plantgov.audit.models import Entry
from plantgov.core.scope import may
from plantgov.embedded.firstrun import services
from plantgov.people.models import Person, User

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
SECRET = "kran-sippa-lykta-42"
YOU = {
    "name": "Ada Berg",
    "email": "ada@example.org",
    "username": "ada",
    "password": SECRET,
    "repeated": SECRET,
}
SECOND = {"name": "Bo Lind", "email": "", "username": "bo", "password": "", "repeated": ""}
GROUND = {
    "enterprise": "Nordhavn",
    "site": "Karlstad",
    "zone_name": "Europe/Stockholm",
    "profile": "small",
}


def _link() -> str:
    out = StringIO()
    call_command("setup_link", stdout=out)
    return re.search(r"/setup/\S+", out.getvalue()).group(0)


@pytest.fixture
def inside(client: Client) -> Client:
    assert client.get(_link()).url == "/setup/you"
    return client


def _until_site(client: Client, **changed) -> None:
    assert client.post("/setup/you", {**YOU, **changed}).url == "/setup/second"
    assert client.post("/setup/second", SECOND).url == "/setup/site"


def test_two_persons_found_an_installation_and_the_door_closes(inside):
    _until_site(inside)
    assert not User.objects.filter(kind="person").exists()  # nothing is half done before the last page
    page = inside.post("/setup/site", GROUND)
    assert page.status_code == 200
    site = Location.objects.get(kind="site")
    assert (site.name, site.zone_name, site.profile) == ("Karlstad", "Europe/Stockholm", "small")
    for path in ("/setup/you", "/setup/second", "/setup/site", f"/setup/{services.new_token()}/"):
        assert inside.get(path).status_code == 404
    assert inside.post("/setup/site", GROUND).status_code == 404

    ada, bo = User.objects.get(username="ada"), User.objects.get(username="bo")
    assert Client().login(username="ada", password=SECRET)
    assert not bo.has_usable_password()
    link = re.search(r'value="([^"]+/password/reset/key/[^"]+)"', page.content.decode()).group(1)
    theirs = Client()
    form = theirs.get(link, follow=True)
    other = "rost-stege-molnet-7"
    theirs.post(form.request["PATH_INFO"], {"password1": other, "password2": other})
    assert theirs.login(username="bo", password=other)
    assert ada.is_superuser is False


def test_what_one_does_the_other_approves(inside):
    _until_site(inside)
    inside.post("/setup/site", GROUND)
    site = Location.objects.get(kind="site")
    ada, bo = User.objects.get(username="ada"), User.objects.get(username="bo")
    assert may(ada, "changes.implement_change", site)
    assert not may(ada, "changes.approve_change", site)
    assert not may(ada, "changes.release_change", site)
    for name in ("changes.approve_change", "changes.release_change", "changes.verify_change"):
        assert may(bo, name, site), name
    assert may(bo, "people.open_account", site)
    assert set(Grant.objects.values_list("source", flat=True)) == {Grant.Source.INSTALLATION}
    assert Entry.objects.filter(action="firstrun.founded").count() == 1


def test_the_second_person_may_type_a_password_at_once(inside):
    inside.post("/setup/you", YOU)
    other = "rost-stege-molnet-7"
    inside.post("/setup/second", {**SECOND, "password": other, "repeated": other})
    page = inside.post("/setup/site", GROUND)
    assert b"/password/reset/key/" not in page.content
    assert Client().login(username="bo", password=other)


def test_no_password_is_kept_in_the_session_between_the_pages(inside):
    inside.post("/setup/you", YOU)
    assert SECRET not in str(dict(inside.session))
    assert check_password(SECRET, inside.session["firstrun"]["you"]["password_hash"])


@pytest.mark.parametrize(
    "changed",
    [{"password": "short", "repeated": "short"}, {"repeated": "another-one-altogether"}, {"name": ""}],
)
def test_what_is_not_usable_is_said_on_the_page(inside, changed):
    answer = inside.post("/setup/you", {**YOU, **changed})
    assert answer.status_code == 400
    assert inside.get("/setup/site").url == "/setup/you"


@pytest.mark.parametrize("same", ["name", "username", "email"])
def test_the_second_person_is_somebody_else(inside, same):
    inside.post("/setup/you", YOU)
    answer = inside.post("/setup/second", {**SECOND, same: YOU[same].upper()})
    assert answer.status_code == 400


def test_what_is_refused_at_the_end_leaves_nothing_behind(inside):
    _until_site(inside, username="system.setup")  # the name under which the house itself acts
    answer = inside.post("/setup/site", GROUND)
    assert answer.status_code == 400
    assert not Person.objects.exists()
    assert not Location.objects.exists()
    assert inside.get("/setup/you").status_code == 200


def test_without_the_link_there_is_no_page(client):
    for path in ("/setup/you", "/setup/second", "/setup/site", "/setup/guess/"):
        assert client.get(path).status_code == 404


def test_an_old_link_works_no_more(client, monkeypatch):
    link = _link()
    later = (timezone.now() + timedelta(hours=services.LINK_HOURS, minutes=1)).timestamp()
    monkeypatch.setattr(signing.time, "time", lambda: later)
    assert client.get(link).status_code == 404


def test_names_are_escaped_on_the_last_page(inside):
    evil = "<script>alert(1)</script>"
    inside.post("/setup/you", YOU)
    inside.post("/setup/second", {**SECOND, "name": evil})
    page = inside.post("/setup/site", {**GROUND, "site": f"Site {evil}"})
    assert page.status_code == 200
    assert evil not in page.content.decode()


def test_the_link_is_left_in_a_file_that_only_its_owner_reads(tmp_path, monkeypatch):
    note = tmp_path / "sign-in.txt"
    monkeypatch.setenv("PLANTGOV_SIGN_IN_FILE", str(note))
    out = StringIO()
    call_command("setup_link", stdout=out)
    assert "/setup/" in note.read_text()
    assert "/setup/" not in out.getvalue()
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_no_link_is_made_once_somebody_has_an_account(inside, tmp_path, monkeypatch):
    _until_site(inside)
    inside.post("/setup/site", GROUND)
    note = tmp_path / "sign-in.txt"
    monkeypatch.setenv("PLANTGOV_SIGN_IN_FILE", str(note))
    out = StringIO()
    call_command("setup_link", stdout=out)
    assert "already" in out.getvalue()
    assert not note.exists()
