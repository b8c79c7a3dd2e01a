"""Pages of access and people in a real browser: accessible in both themes, on a desk and on a phone."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections

from access.models import Role
from access.services import grants, tokens
from access.services.grants import Terms
from plantgov.core.clock import now
from plantgov.people.services import accounts, teams
from tests.access.conftest import again, build, give, make_user, terms
from tests.browser import LOOKS, assert_accessible, assert_fits, browser, open_page, shot  # noqa: F401
from tests.signing_in import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's loop runs in this thread; Django is used from others, and cleans up in this one."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    # A thread that the browser keeps alive must not hold the database that is dropped at the end.
    monkeypatch.setitem(connections.databases["default"], "CONN_MAX_AGE", 0)


@pytest.fixture
def house(beside_playwright: None, fresh_database: str, settings: Any) -> Iterator[SimpleNamespace]:
    """A running PlantGov with people, teams, roles in every state, a program and tokens."""
    settings.STORAGES = {
        **configured.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(StaticFilesHandler(WSGIHandler()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(_made).result()
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_port}"
        yield made
        server.shutdown()
        server.server_close()
        thread.join(10)
        pool.submit(connections.close_all).result()


def _made() -> SimpleNamespace:
    world = build()
    eva, ida = make_user("eva", "Eva Lind"), make_user("ida", "Ida Boberg")
    team = teams.form_team("Automation", by=world.by)
    teams.join(team, eva.person, by=world.by, at=now())
    engineer = give(world, eva, "engineer", world.packaging, reason="Keeps the packaging lines running")
    give(world, eva, "contractor", world.filler, days=10)
    ended = give(world, ida, "operator", world.line)
    grants.revoke(ended, by=again(world.admin), reason="Moved to utilities")
    give(world, ida, "shift_lead", world.utilities, days=90)
    grants.give(team, Role.objects.get(key="operator"), world.north, terms(days=30), by=again(world.admin))
    program = accounts.open_service_account(username="mes-export", owner=eva.person, by=world.by)
    grants.give(
        program,
        Role.objects.get(key="operator"),
        world.line,
        Terms(now(), None, "Export"),
        by=again(world.admin),
    )
    for owner in (program, world.admin):
        later = now() + timedelta(days=30)
        tokens.issue(owner, tokens.TokenTerms("MES export", later), by=again(world.admin))
    why = f"user={eva.pk}&permission=assets.change_asset&location={world.utilities.pk}"
    return SimpleNamespace(
        cookie=sign_in(again(world.admin)).cookies["sessionid"].value,
        pages={
            "access": "/access/?state=all",
            "access-nothing": "/access/?q=nobody",
            "access-grant": f"/access/grants/{engineer.uid}/",
            "access-revoked": f"/access/grants/{ended.uid}/",
            "access-give": "/access/give",
            "access-roles": "/access/roles/",
            "access-why": f"/access/explain?{why}",
            "access-ask": "/access/explain",
            "access-programs": "/access/programs/",
            "access-left": f"/access/people/{ida.person.uid}/left",
            "account-tokens": "/account/tokens/",
            "account-token": "/account/tokens/make",
            "people": "/people/",
            "people-add": "/people/add",
            "people-person": f"/people/{eva.person.uid}/",
            "people-teams": "/people/teams/",
            "people-team": f"/people/teams/{team.uid}/",
        },
    )


def test_every_page_can_be_read_and_fits(browser, house):  # noqa: F811
    for theme, viewport in LOOKS:
        _look(browser, house, theme, viewport)


def _look(browser: Any, house: SimpleNamespace, theme: str, viewport: str) -> None:  # noqa: F811
    with open_page(browser, theme=theme, viewport=viewport) as page:
        page.context.add_cookies([{"name": "sessionid", "value": house.cookie, "url": house.url}])
        for name, address in house.pages.items():
            answer = page.goto(house.url + address)
            assert answer is not None
            assert answer.status == 200, address
            shot(page, f"{name}-{theme}-{viewport}", whole=True)
            assert_accessible(page)
            assert_fits(page)
