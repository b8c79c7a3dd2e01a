"""The gallery of components, served by a thread of the test run."""

from collections.abc import Iterator
from copy import deepcopy
from threading import Thread

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.test import override_settings

from tests.browser import browser  # noqa: F401 - the fixture
from tests.ui.gallery import TEMPLATES


def gallery_settings() -> override_settings:
    """The product's settings, with the gallery's addresses and nothing that needs a database."""
    engine = deepcopy(settings.TEMPLATES[0])
    engine["DIRS"] = [TEMPLATES, *engine["DIRS"]]
    engine["OPTIONS"]["context_processors"] = ["django.template.context_processors.request"]
    kept = (
        "SecurityMiddleware",
        "CSPMiddleware",
        "LocaleMiddleware",
        "CsrfViewMiddleware",
        "XFrameOptionsMiddleware",
    )
    return override_settings(
        ROOT_URLCONF="tests.ui.gallery",
        TEMPLATES=[engine],
        MIDDLEWARE=[name for name in settings.MIDDLEWARE if name.endswith(kept)],
        ALLOWED_HOSTS=["127.0.0.1", "testserver"],
        SECURE_SSL_REDIRECT=False,
        STORAGES={
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    )


class Quiet(WSGIRequestHandler):
    """Says nothing about requests."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    """The address of the gallery."""
    with gallery_settings():
        server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
        server.set_app(StaticFilesHandler(WSGIHandler()))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join(5)
