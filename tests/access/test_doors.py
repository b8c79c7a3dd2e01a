"""Pages and API of access: what each shows, refuses and leaves out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from access.models import ApiToken, Grant
from access.services import grants, tokens
from plantgov.core.clock import now
from plantgov.people.models import Person, User
from plantgov.people.services import accounts, teams
from tests.access.conftest import again, give, make_user, role, terms

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]


def page(user: User) -> Client:
    client = Client()
    client.force_login(again(user), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def rest(user: User) -> APIClient:
    client = APIClient()
    client.force_login(again(user), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


# -- grants -----------------------------------------------------------------------------------------
def test_the_list_shows_what_counts_in_the_readers_view_and_nothing_else(world):
    manager, user = make_user("mia", "Mia Falk"), make_user("eva", "Eva Lind")
    give(world, manager, "manager", world.packaging)
    give(world, user, "engineer", world.line)
    hidden = give(world, make_user("ida", "Ida Boberg"), "engineer", world.south)
    body = page(manager).get("/access/").content.decode()
    assert "Eva Lind" in body
    assert "Mia Falk" in body
    assert "Ida Boberg" not in body
    assert "2 results" in body
    assert page(manager).get(f"/access/grants/{hidden.uid}/").status_code == 404


def test_the_list_is_filtered_by_state_role_and_what_reaches_a_place(world):
    user = make_user("eva", "Eva Lind")
    ended = give(world, user, "engineer", world.line)
    grants.revoke(ended, by=again(world.admin), reason="Moved")
    give(world, user, "operator", world.north)
    client = page(world.admin)
    count = lambda query: len(client.get(f"/access/?{query}").context["page"].object_list)  # noqa: E731
    assert count("role=engineer") == 0
    assert count("role=engineer&state=revoked") == 1
    assert (
        count(f"location={world.line.uid}") == 2
    )  # the operator's on the site and the administrator's above
    assert count(f"location={world.south.uid}") == 1
    assert count("q=lind&state=all") == 2
    give(world, user, "contractor", world.line, days=10)
    assert count("state=ending") == 1


def test_the_number_of_queries_of_the_list_does_not_grow_with_its_rows(world, django_assert_max_num_queries):
    for number in range(3):
        give(world, make_user(f"u{number}"), "engineer", world.line)
    client = page(world.admin)
    client.get("/access/")
    with django_assert_max_num_queries(40) as few:
        client.get("/access/")
    for number in range(3, 12):
        give(world, make_user(f"u{number}"), "engineer", world.filler)
    with django_assert_max_num_queries(len(few)):
        client.get("/access/")


def test_a_role_is_given_and_taken_on_the_pages(world):
    user = make_user("eva", "Eva Lind")
    client = page(world.admin)
    form = {"user": user.pk, "role": role("engineer").pk, "location": world.line.pk, "reason": "New line"}
    answer = client.post("/access/give", form)
    grant = Grant.objects.get(user=user)
    assert answer["Location"] == reverse("access:grant-detail", args=[grant.uid])
    detail = client.get(answer["Location"]).content.decode()
    assert "Engineer for Eva Lind on Line 1" in detail
    assert "access.grant.given" in detail
    revoke = reverse("access:grant-revoke", args=[grant.uid])
    refused = client.post(revoke, {"reason": "", "revision": grant.revision})
    assert (refused.status_code, "grant_reason" in refused.content.decode()) == (409, True)
    assert client.post(revoke, {"reason": "Moved", "revision": 0}).status_code == 412
    assert client.post(revoke, {"reason": "Moved", "revision": grant.revision}).status_code == 302
    grant.refresh_from_db()
    assert grant.revoked_by == world.admin


def test_the_form_says_what_is_missing_beside_the_field(world):
    client = page(world.admin)
    answer = client.post("/access/give", {"role": role("engineer").pk, "reason": "x"})
    body = answer.content.decode()
    assert answer.status_code == 400
    assert "Choose an account or a team" in body
    assert "Choose a place or name an asset" in body
    form = {"user": make_user("eva").pk, "role": role("engineer").pk, "asset": "NOPE-1", "reason": "x"}
    assert "no asset, or more than one" in client.post("/access/give", form).content.decode()
    form["asset"] = "karlstad/FIL-01"
    assert client.post("/access/give", form).status_code == 302
    assert Grant.objects.get(user__username="eva").asset == world.filler


@pytest.mark.parametrize(
    "address",
    [
        "/access/?location=nonsense&role=nobody&state=odd&page=99",
        "/access/give?from=people.person:nonsense",
        "/access/explain?user=0&permission=odd&location=nonsense",
        "/api/v1/grants?location=nonsense",
        "/api/v1/grants/nonsense",
        "/api/v1/grants/explain?user=admin&permission=odd&location=nonsense",
    ],
)
def test_an_address_that_makes_no_sense_is_answered_calmly(world, address):
    assert page(world.admin).get(address).status_code in {200, 400, 404}


def test_who_may_not_see_or_give_is_told_so(world):
    user = make_user("eva")
    give(world, user, "engineer", world.line)
    for address in ("/access/", "/access/give", "/access/explain", "/access/roles/", "/access/programs/"):
        assert page(user).get(address).status_code == 403, address
        assert Client().get(address).status_code == 302, address


def test_an_auditor_reads_the_catalogue_of_roles_in_words(world):
    auditor = make_user("cia")
    give(world, auditor, "compliance", world.enterprise)
    body = page(auditor).get("/access/roles/").content.decode()
    assert "Give a role to somebody" in body
    assert "Reads everything, changes nothing, exports evidence." in body
    assert "at most 90 days" in body


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("nothing", "Eva Lind may do this here, now."),
        ("revoke", "Taken away"),
        ("elsewhere", "Another place"),
        ("close", "Account closed"),
    ],
)
def test_the_page_why_names_the_role_and_what_keeps_it_from_counting(world, change, expected):
    user = make_user("eva", "Eva Lind")
    grant = give(world, user, "engineer", world.line)
    place = world.utilities if change == "elsewhere" else world.line
    if change == "revoke":
        grants.revoke(grant, by=again(world.admin), reason="Moved")
    query = {"user": user.pk, "permission": "assets.change_asset", "location": place.pk}
    client = page(world.admin)
    if change == "close":
        accounts.close_account(user, by=world.by, reason="Lost")
        assert client.get("/access/explain", query).context["form"].errors  # closed accounts are not offered
        found = rest(world.admin).get(
            "/api/v1/grants/explain",
            {"user": "eva", "permission": "assets.change_asset", "location": str(place.uid)},
        )
        assert found.json()["grants"][0]["why_not"] == "account_closed"
        return
    assert expected in client.get("/access/explain", query).content.decode()


def test_leaving_is_recorded_on_its_page_and_ends_everything(world):
    user = make_user("eva", "Eva Lind")
    give(world, user, "engineer", world.line)
    client = page(world.admin)
    person_page = client.get(reverse("people:person-detail", args=[user.person.uid])).content.decode()
    address = reverse("access:person-end", args=[user.person.uid])
    assert address in person_page
    assert "Engineer" in person_page
    assert client.post(address, {"reason": "Retired"}).status_code == 302
    assert not again(user).is_active
    assert Person.objects.get(pk=user.person_id).left_at is not None


def test_grants_by_rest_are_given_read_and_taken_with_the_same_codes(world):
    user = make_user("eva")
    client = rest(world.admin)
    body = {"user": "eva", "role": "engineer", "location": str(world.line.uid), "reason": "New line"}
    made = client.post("/api/v1/grants", body, format="json")
    assert (made.status_code, made.json()["state"], made.json()["place"]) == (201, "active", "Line 1")
    again_ = client.post("/api/v1/grants", body, format="json")
    assert (again_.status_code, again_.json()["errors"][0]["code"]) == (409, "grant_already_held")
    both = client.post("/api/v1/grants", {**body, "asset": str(world.filler.uid)}, format="json")
    assert both.status_code == 400
    one = f"/api/v1/grants/{made.json()['uid']}"
    assert client.get("/api/v1/grants?role=engineer").json()["count"] == 1
    stale = client.post(f"{one}/revoke", {"reason": "Moved"}, format="json", headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    assert client.post(f"{one}/revoke", {"reason": "Moved", "revision": 1}, format="json").status_code == 200
    assert client.get(one).json()["state"] == "revoked"
    assert rest(user).post("/api/v1/grants", body, format="json").status_code in (403, 404)
    assert rest(user).get("/api/v1/grants").json()["count"] == 0


def test_the_question_why_by_rest_needs_its_parts_and_the_view(world):
    user = make_user("eva")
    give(world, user, "engineer", world.line)
    client = rest(world.admin)
    answer = client.get(
        "/api/v1/grants/explain",
        {"user": "eva", "permission": "assets.change_asset", "asset": str(world.filler.uid)},
    ).json()
    assert answer["holds"] is True
    assert answer["grants"][0]["grant"]["role"] == "engineer"
    assert client.get("/api/v1/grants/explain", {"user": "eva"}).status_code == 400
    assert rest(user).get("/api/v1/grants/explain", {"user": "eva", "permission": "x"}).status_code == 403


# -- programs and tokens -------------------------------------------------------------------------------
def bearer(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def token_of(user: User, **changed) -> tuple[ApiToken, str]:
    given = {"name": "MES", "expires_at": now() + timedelta(days=30), **changed}
    return tokens.issue(again(user), tokens.TokenTerms(**given), by=again(user))


def test_a_token_lets_its_owner_in_and_only_its_hash_is_kept(world):
    user = make_user("eva")
    give(world, user, "engineer", world.line)
    token, secret = token_of(user)
    assert secret.startswith("pgv_")
    assert secret not in repr(ApiToken.objects.filter(pk=token.pk).values().get())
    answer = bearer(secret).get("/api/v1/tokens")
    assert [row["name"] for row in answer.json()["results"]] == ["MES"]
    token.refresh_from_db()
    assert token.last_used_at is not None


@pytest.mark.parametrize("how", ["unknown", "revoked", "expired", "closed", "empty", "garbled"])
def test_a_token_that_is_not_good_is_refused_and_told_what_to_do(world, how):
    user = make_user("eva")
    give(world, user, "engineer", world.line)
    token, secret = token_of(user)
    if how == "revoked":
        tokens.revoke(token, by=again(user))
    if how == "closed":
        accounts.close_account(user, by=world.by, reason="Lost")
    if how == "expired":
        secret = _expired(user)
    sent = {"unknown": "pgv_" + "x" * 43, "empty": "", "garbled": "pgv_é two words"}.get(how, secret)
    answer = bearer(sent).get("/api/v1/tokens")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="PlantGov"'
    assert "Make a new one" in answer.json()["detail"]


def _expired(user: User) -> str:
    """A token that ran out an hour ago."""
    at = now() - timedelta(hours=2)
    lasting = tokens.TokenTerms("Old", now() - timedelta(hours=1), ("assets.view_asset",))
    grant = Grant.objects.get(user=user)
    grants.give(user, role("operator"), grant.location, grants.Terms(at, None, "Earlier"), by=_giver(), at=at)
    return tokens.issue(again(user), lasting, by=again(user), at=at)[1]


def _giver() -> User:
    return again(User.objects.get(username="admin"))


def test_a_token_is_narrower_than_its_owner(world):
    user = make_user("eva")
    give(world, user, "engineer", world.north)
    permissions = ("assets.view_asset", "assets.view_location")
    _token, secret = token_of(user, permissions=permissions, location=world.packaging)
    from plantgov.core.scope import may, scope_of

    acting = again(user)
    acting.api_token = ApiToken.objects.get(digest=tokens.digest_of(secret))
    assert may(acting, "assets.view_asset", world.filler)
    assert not may(acting, "assets.view_asset", world.boiler)
    assert not may(acting, "assets.change_asset", world.filler)
    assert set(scope_of(acting, "assets.view_location").location_ids) == {world.packaging.pk, world.line.pk}
    assert may(again(user), "assets.change_asset", world.boiler)


def test_a_token_below_a_place_narrows_even_who_reaches_everything(world):
    _token, secret = token_of(world.admin, location=world.packaging)
    acting = again(world.admin)
    acting.api_token = ApiToken.objects.get(digest=tokens.digest_of(secret))
    from plantgov.core.scope import scope_of

    scope = scope_of(acting, "assets.view_asset")
    assert (scope.everything, set(scope.location_ids)) == (False, {world.packaging.pk, world.line.pk})


def test_a_token_never_outgrows_the_day_it_was_made(world):
    user = make_user("eva")
    give(world, user, "operator", world.line)
    token, _secret = token_of(user)
    assert token.permissions == sorted(role("operator").permissions)
    give(world, user, "engineer", world.line)
    acting = again(user)
    acting.api_token = token
    assert not acting.has_perm("assets.change_asset", world.filler)


def test_a_token_loses_what_its_owner_loses(world):
    user = make_user("eva")
    grant = give(world, user, "engineer", world.line)
    token, _secret = token_of(user)
    grants.revoke(grant, by=again(world.admin), reason="Moved")
    acting = again(user)
    acting.api_token = token
    assert not acting.has_perm("assets.view_asset", world.filler)


def test_a_token_needs_a_name_an_end_within_a_year_and_rights_that_its_owner_holds(world):
    user = make_user("eva")
    client = rest(user)
    nothing = client.post("/api/v1/tokens", {"name": "MES"}, format="json")
    assert (nothing.status_code, nothing.json()["errors"][0]["pointer"]) == (400, "/permissions")
    give(world, user, "operator", world.line)
    beyond = client.post(
        "/api/v1/tokens", {"name": "MES", "permissions": ["access.give_grant"]}, format="json"
    )
    assert beyond.status_code == 400
    assert client.post("/api/v1/tokens", {"name": "MES", "days": 400}, format="json").status_code == 400
    assert client.post("/api/v1/tokens", {"name": " "}, format="json").status_code == 400
    made = client.post("/api/v1/tokens", {"name": "MES", "days": 30}, format="json")
    assert made.status_code == 201
    assert bearer(made.json()["secret"]).get("/api/v1/tokens").status_code == 200


def test_a_token_makes_no_tokens(world):
    _token, secret = token_of(world.admin)
    answer = bearer(secret).post("/api/v1/tokens", {"name": "More"}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "token_by_token")


def test_nobody_sees_or_ends_the_token_of_another_person(world):
    user = make_user("eva")
    give(world, user, "engineer", world.line)
    token, _secret = token_of(user)
    client = rest(world.admin)
    assert client.get("/api/v1/tokens").json()["count"] == 0
    assert client.post(f"/api/v1/tokens/{token.uid}/revoke").status_code == 404
    assert page(world.admin).post(reverse("access:token-revoke", args=[token.uid])).status_code == 404
    assert rest(user).post(f"/api/v1/tokens/{token.uid}/revoke").json()["state"] == "revoked"


def test_a_token_is_made_once_on_its_page_and_ended_there(world):
    user = make_user("eva")
    give(world, user, "operator", world.line)
    client = page(user)
    assert "You have no token" in client.get("/account/tokens/").content.decode()
    form = {"name": "MES", "days": 30, "permissions": ["assets.view_asset"]}
    body = client.post("/account/tokens/make", form).content.decode()
    secret = body.split('value="pgv_')[1].split('"')[0]
    listed = client.get("/account/tokens/").content.decode()
    assert "MES" in listed
    assert secret not in listed
    token = ApiToken.objects.get(owner=user)
    assert client.post(reverse("access:token-revoke", args=[token.uid])).status_code == 302
    token.refresh_from_db()
    assert token.state(now()) == "revoked"


def test_a_program_gets_an_account_a_role_and_a_token(world):
    client = page(world.admin)
    assert (
        client.post("/access/programs/", {"username": "mes", "owner": world.admin.person_id}).status_code
        == 302
    )
    program = User.objects.get(username="mes")
    make = reverse("access:program-token-make", args=[program.uid])
    other = make_user("eva")
    second = grants.give(other, role("administrator"), world.enterprise, terms(), by=again(world.admin))
    grants.give(program, role("operator"), world.line, terms(), by=again(second.user))
    body = client.post(
        make, {"name": "Export", "days": 30, "permissions": ["assets.view_asset"]}
    ).content.decode()
    secret = "pgv_" + body.split('value="pgv_')[1].split('"')[0]
    assert bearer(secret).get("/api/v1/tokens").status_code == 200
    assert "Export" in client.get("/access/programs/").content.decode()
    assert not program.has_usable_password()


def test_only_who_manages_tokens_everywhere_makes_one_for_a_program(world):
    program = accounts.open_service_account(username="mes", owner=world.admin.person, by=world.by)
    site_admin = make_user("eva")
    give(world, site_admin, "administrator", world.north)
    from plantgov.core.errors import Forbidden

    with pytest.raises(Forbidden):
        tokens.issue(program, tokens.TokenTerms("x", now() + timedelta(days=3)), by=again(site_admin))


def test_the_owner_of_a_program_does_not_give_it_roles(world):
    from plantgov.core.errors import Refused

    program = accounts.open_service_account(username="mes", owner=world.admin.person, by=world.by)
    with pytest.raises(Refused, match="to themselves"):
        give(world, program, "operator", world.line)


def test_a_team_is_shown_with_its_name(world):
    team = teams.form_team("Automation", by=world.by)
    grants.give(team, role("engineer"), world.line, terms(), by=again(world.admin))
    assert "Automation" in page(world.admin).get("/access/").content.decode()
