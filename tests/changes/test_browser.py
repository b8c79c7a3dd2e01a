"""A decision in a real browser: the gate runs on opening, its values stand beside the buttons, the signature counts."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections

from changes.models import Approval, CheckRun
from changes.services import gates
from changes.states import Phase
from tests import factories as f
from tests.browser import (
    LOOKS,
    assert_accessible,
    assert_fits,
    browser,  # noqa: F401 - the fixture
    open_page,
    shot,
)
from tests.changes.doors import PASSWORD, client_of, with_password

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's loop runs in this thread; Django is used from others, and cleans up in this one."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    monkeypatch.setitem(
        connections.databases["default"], "CONN_MAX_AGE", 0
    )  # no thread keeps the database busy


@pytest.fixture
def house(beside_playwright: None, fresh_database: str, settings: Any) -> Iterator[SimpleNamespace]:
    """A running PlantGov with a change that waits for the manager, and a plant that answers after a moment."""
    settings.PLANTGOV_SIGN_SECOND_FACTOR = "optional"
    settings.STORAGES = {
        **configured.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(StaticFilesHandler(WSGIHandler()))
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
        threading.Thread(target=_answering, args=(stop,), daemon=True),
    ]
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(_made).result()
        for thread in threads:
            thread.start()
        made.url = f"http://127.0.0.1:{server.server_port}"
        made.ask = _in(pool)
        yield made
        stop.set()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join(10)
        pool.submit(connections.close_all).result()


def _in(pool: ThreadPoolExecutor) -> Callable[[Callable[[], Any]], Any]:
    """Runs database work outside Playwright's thread."""
    return lambda work: pool.submit(work).result()


def _made() -> SimpleNamespace:
    plant = f.make_plant()
    other = f.make_controller(plant, 2)
    expected = [
        {"key": "program_fingerprint", "phases": ["verify"], "value": f.NEW_PROGRAM, "why": "Filler_R13"}
    ]
    manager = with_password(plant.manager)
    waiting = f.make_assessed(plant, f.details_for(plant, expected=expected))
    shut = f.make_assessed(plant, f.details_for(plant, f.make_controller(plant, 3)))
    f.gate(plant, shut, Phase.APPROVE, forces=2)
    started = f.make_started(plant, f.details_for(plant, other, title="Replace the fan of the drive"))
    people = {"manager": manager, "engineer": plant.engineer}
    cookies = {name: client_of(user).cookies["sessionid"].value for name, user in people.items()}
    return SimpleNamespace(
        waiting=waiting.reference, shut=shut.reference, started=started.reference, cookies=cookies
    )


def _answering(stop: threading.Event) -> None:
    """Stands in for the worker: a healthy plant answers half a second after it was asked."""
    while not stop.wait(0.5):
        for run in CheckRun.objects.filter(state=CheckRun.State.DUE).select_related("probe_run"):
            if run.probe_run:
                f.answer(run.probe_run)
            gates.evaluate(run.uid)
    connections.close_all()


def _signed_in(page: Any, house: SimpleNamespace, name: str) -> None:
    page.context.add_cookies([{"name": "sessionid", "value": house.cookies[name], "url": house.url}])


def test_a_manager_decides_on_values_that_were_just_read(browser, house):  # noqa: F811
    with open_page(browser) as page:
        _signed_in(page, house, "manager")
        page.goto(f"{house.url}/changes/{house.waiting}/")
        page.locator("[data-pg-dialog='do-approve']").wait_for()  # no picture before: it leaves styles behind
        shot(page, "changes-decide-open", whole=True)
        page.get_by_role("button", name="Approve", exact=True).click()
        dialog = page.get_by_role("dialog")
        assert "Approve: " in dialog.locator(".pg-meaning").inner_text()
        assert_accessible(page)
        shot(page, "changes-sign")
        dialog.get_by_label("Your password").fill("not the password")
        dialog.get_by_role("button", name="Sign").click()
        page.get_by_role("dialog").get_by_text("Nothing was signed").wait_for()
        shot(page, "changes-sign-refused")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Your password").fill(PASSWORD)
        dialog.get_by_role("button", name="Sign").click()
        page.locator(".pg-toast-success").wait_for()
        shot(page, "changes-approved")
    approved = house.ask(Approval.objects.filter(change__reference=house.waiting).count)
    assert approved == 1


@pytest.mark.parametrize(("theme", "viewport"), LOOKS)
def test_pages_of_changes_are_accessible_and_fit(browser, house, theme, viewport):  # noqa: F811
    with open_page(browser, theme=theme, viewport=viewport) as page:
        _signed_in(page, house, "engineer")
        paths = {
            "list": "/changes/",
            "new": "/changes/new",
            "waiting": f"/changes/{house.waiting}/",
            "shut": f"/changes/{house.shut}/",
            "started": f"/changes/{house.started}/",
            "edit": f"/changes/{house.waiting}/edit",
            "runs": f"/changes/{house.shut}/runs/",
            "run": f"/changes/{house.shut}/runs/1/",
            "policies": "/settings/policies/",
        }
        for name, path in paths.items():
            page.goto(house.url + path)
            shot(page, f"changes-{name}-{viewport}-{theme}", whole=True)
            assert_accessible(page)
            assert_fits(page)
