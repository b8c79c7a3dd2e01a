"""A real Chromium for tests: pages in both themes and viewports, screenshots, accessibility.

    from tests.browser import browser  # noqa: F401 - the fixture

    def test_page(browser, server):
        with open_page(browser, theme="dark", viewport="phone") as page:
            page.goto(server.url)
            assert_accessible(page)
            assert_fits(page)
            shot(page, "home")

Playwright keeps an event loop in the thread it is used from, so a test must not use Django's ORM there:
talk to the running PlantGov through pages, its API or `manage.py`.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

VIEWPORTS = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
LOOKS = [(theme, viewport) for theme in THEMES for viewport in VIEWPORTS]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Rules of WCAG 2.2 A and AA, and axe's own good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHOTS = Path(os.environ.get("PLANTGOV_SHOTS", Path(__file__).resolve().parent.parent / "var" / "shots"))


def chromium() -> str | None:
    """The system's Chromium, or the one named by PLANTGOV_CHROMIUM."""
    named = os.environ.get("PLANTGOV_CHROMIUM")
    return named or next(
        (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
    )


@pytest.fixture(scope="session")
def browser() -> Browser:
    """One headless Chromium for the whole run; each page gets a profile of its own."""
    program = chromium()
    if program is None:
        missing = "Chromium is not installed; `apt-get install chromium`, or name it in PLANTGOV_CHROMIUM."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return _launched(program)


@functools.cache
def _launched(program: str) -> Browser:
    """Started once a process, however many modules ask: Playwright runs one event loop in it."""
    playwright = sync_playwright().start()
    found = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
    atexit.register(playwright.stop)
    atexit.register(found.close)
    return found


@contextmanager
def open_page(
    browser: Browser, *, theme: str = "light", viewport: str = "desktop", strict: bool = True
) -> Iterator[Page]:
    """A page in its own profile. At the end no script may have failed and no policy been broken."""
    context = browser.new_context(
        viewport=VIEWPORTS[viewport],
        color_scheme=theme,
        reduced_motion="reduce",
        has_touch=viewport == "phone",
        locale="en-GB",
        timezone_id="Europe/Stockholm",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"script failed: {error}"))
    page.on("console", lambda line: _policy(line.text, complaints))
    try:
        yield page
        assert not (strict and complaints), "\n".join(complaints)
    finally:
        context.close()


def _policy(text: str, complaints: list[str]) -> None:
    if "Content Security Policy" in text:
        complaints.append(text)


def assert_accessible(page: Page) -> None:
    """No violation of axe's rules on the page as it stands."""
    found = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    )
    problems = [
        f"{v['id']}: {v['help']}\n"
        + "\n".join(f"    {n['html'][:200]}\n    {n['failureSummary']}" for n in v["nodes"][:4])
        for v in found.response["violations"]
    ]
    assert not problems, f"{page.url}\n" + "\n".join(problems)


def assert_fits(page: Page) -> None:
    """Nothing makes the page scroll sideways."""
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"{page.url} is {over} px wider than the window"


def shot(page: Page, name: str, *, whole: bool = False) -> Path:
    """Keeps a picture of the page under its name."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    path = SHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=whole, animations="disabled")
    # It leaves empty style attributes behind, which a later swap would carry into the strict policy.
    page.evaluate("for (const e of document.querySelectorAll('[style=\"\"]')) e.removeAttribute('style')")
    return path
