"""Pages of the demonstration with real data in them: accessible and fitting, in both themes, on desk and phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser import LOOKS, assert_accessible, assert_fits, open_page, shot

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket, pytest.mark.xdist_group("flows")]
PAGES = {
    "ot_security": {
        "home": "/",
        "approvals": "/approvals/",
        "inbox": "/inbox/",
        "search": "/search?q=FIL",
        "settings": "/settings/",
        "endpoints": "/settings/endpoints/",
        "endpoint-add": "/settings/endpoints/add",
        "networks": "/settings/networks/",
        "ledger": "/audit/",
        "panels": "/demo/plant/?q=FIL-PLC-01",
    },
    "compliance": {"exports": "/exports/", "checkpoints": "/audit/checkpoints/"},
}


@pytest.mark.parametrize(("theme", "viewport"), LOOKS)
def test_pages_with_real_data_are_accessible_and_fit(browser, demo, theme, viewport):
    complaints: list[str] = []
    for who, pages in PAGES.items():
        with open_page(browser, theme=theme, viewport=viewport) as page:
            demo.sign_in(page, who)
            for name, address in pages.items():
                answer = page.goto(demo.url + address)
                assert answer is not None
                assert answer.status == 200, f"{address} answers {answer.status}"
                complaints += _complaints(page, assert_accessible, assert_fits)
                shot(page, f"demo-{name}-{viewport}-{theme}")
    assert not complaints, "\n".join(complaints)


def _complaints(page: Page, *checks: Callable[[Page], None]) -> list[str]:
    """What is wrong with a page, so that one walk tells of all pages."""
    found = []
    for check in checks:
        try:
            check(page)
        except AssertionError as error:
            found.append(str(error))
    return found
