"""The pages of the register in a real browser: accessible in both themes, on a desk and on a phone."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections
from django.test import Client

from assets.services import assets, baselines, holds, ownership
from assets.services.baselines import Configuration
from assets.services.imports import files
from plantgov.core.clock import now
from tests.assets.conftest import account_of, build, person_named
from tests.assets.rights import grant, sign_in
from tests.browser import (
    LOOKS,
    assert_accessible,
    assert_fits,
    browser,  # noqa: F401 - the fixture
    open_page,
    shot,
)

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
FILE = b"""asset_tag,name,asset_type,path,criticality,colour
FIL-DRV-01,Filler drive,drive,Karlstad/Packaging/Line 1/Filler,low,red
CAP-PLC-01,Capper,plc,Karlstad/Packaging/Line 1/Capper,high,
LAB-PLC-01,Labeller,pcl,Karlstad/Packaging/Line 1/Filler,huge,
"""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's loop runs in this thread; Django is used from others, and cleans up in this one."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def house(beside_playwright: None, fresh_database: str, settings: Any) -> Iterator[SimpleNamespace]:
    """A running PlantGov with a small plant and somebody who keeps its register."""
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
    plant, ada = build(), person_named("Ada Berg")
    keeper = account_of(person_named("Maja Lind"))
    for role in ("manager", "engineer", "administrator"):
        grant(keeper, role, plant.enterprise, by=plant.by)
    ownership.assign(plant.line, ada, by=plant.by, at=now())
    baselines.adopt(
        plant.plc, Configuration(firmware="33.012", program_fingerprint="9f2c" * 16), by=keeper, at=now()
    )
    holds.place_hold(plant.unit, by=keeper, reason="Guard of the infeed is open", at=now())
    assets.relate(plant.plc, "controls", plant.drive, by=plant.by)
    file = files.bring(FILE, "line-1.csv", kind="assets", by=keeper, at=now())
    client = Client()
    sign_in(client, keeper)
    return SimpleNamespace(
        cookie=client.cookies["sessionid"].value, line=plant.line.uid, zone=plant.zone.uid, file=file.uid
    )


@pytest.mark.parametrize(("theme", "viewport"), LOOKS)
def test_pages_of_the_register_are_accessible_and_fit(browser, house, theme, viewport):  # noqa: F811
    paths = {
        "list": "/assets/",
        "nothing": "/assets/?q=zzz",
        "detail": "/assets/karlstad/FIL-PLC-01/",
        "edit": "/assets/karlstad/FIL-PLC-01/edit",
        "owner": "/assets/karlstad/FIL-PLC-01/owner",
        "hold": "/assets/karlstad/FIL-PLC-01/hold",
        "places": "/assets/locations/",
        "place": f"/assets/locations/{house.line}/",
        "place-edit": f"/assets/locations/{house.line}/edit",
        "zones": "/assets/zones/",
        "zone": f"/assets/zones/{house.zone}/",
        "imports": "/assets/imports/",
        "import-new": "/assets/imports/new",
        "import": f"/assets/imports/{house.file}/",
    }
    with open_page(browser, theme=theme, viewport=viewport) as page:
        page.context.add_cookies([{"name": "sessionid", "value": house.cookie, "url": house.url}])
        for name, path in paths.items():
            answer = page.goto(f"{house.url}{path}")
            assert answer is not None
            assert answer.status == 200, path
            assert_accessible(page)
            assert_fits(page)
            shot(page, f"assets-{name}-{theme}-{viewport}")
