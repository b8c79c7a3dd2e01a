"""The components in a real browser: accessible, within the window, and doing what they promise."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import LOOKS, assert_accessible, assert_fits, open_page, shot
from tests.ui.gallery import SIGN_IN_PAGES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("gallery")]
PAGES = {
    "components": "/",
    "register": "/assets/",
    "nothing": "/assets/?q=zzz",
    "change": "/changes/",
    "form": "/form/",
    "missing": "/access/",
}


@pytest.mark.parametrize(("theme", "viewport"), LOOKS)
def test_components_are_accessible_and_fit(browser, gallery, theme, viewport):
    with open_page(browser, theme=theme, viewport=viewport) as page:
        for name, path in PAGES.items():
            page.goto(gallery + path)
            assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
            shot(page, f"ui-{name}-{viewport}-{theme}", whole=viewport == "phone")
            assert_fits(page)
            assert_accessible(page)


@pytest.mark.parametrize(("theme", "viewport"), LOOKS)
def test_pages_about_signing_in_are_accessible_and_fit(browser, gallery, theme, viewport):
    with open_page(browser, theme=theme, viewport=viewport) as page:
        for name in SIGN_IN_PAGES:
            page.goto(f"{gallery}/sign-in/{name}/")
            assert_fits(page)
            assert_accessible(page)


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_dialogs_and_menus_are_accessible_when_open(browser, gallery, viewport):
    with open_page(browser, viewport=viewport) as page:
        page.goto(gallery)
        page.get_by_role("button", name="Sign", exact=True).click()
        dialog = page.get_by_role("dialog", name="Sign the approval")
        expect(dialog).to_be_visible()
        assert_accessible(page)
        shot(page, f"ui-sign-{viewport}")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Account of Sofia Moreau").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        assert_accessible(page)


def test_the_drawer_opens_on_a_phone_and_closes_by_escape(browser, gallery):
    with open_page(browser, viewport="phone") as page:
        page.goto(gallery)
        link = page.locator("#pg-nav").get_by_role("link", name="Approvals")
        expect(link).to_be_hidden()
        page.get_by_role("button", name="Open the navigation").click()
        expect(link).to_be_visible()
        shot(page, "ui-drawer-phone")
        assert_accessible(page)
        page.keyboard.press("Escape")
        expect(link).to_be_hidden()


def test_the_theme_is_kept_from_page_to_page(browser, gallery):
    with open_page(browser, theme="light") as page:
        page.goto(gallery)
        page.get_by_role("button", name="Switch to the dark theme").click()
        page.goto(gallery + "/assets/")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        page.keyboard.press("t")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_keys_move_select_open_and_go(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery + "/assets/")
        page.keyboard.press("/")
        expect(page.get_by_placeholder("Search tag, name, owner")).to_be_focused()
        page.get_by_placeholder("Search tag, name, owner").blur()
        for key in "jjk":
            page.keyboard.press(key)
        expect(page.get_by_role("link", name="BO-DRI-100")).to_be_focused()
        page.keyboard.press("x")
        expect(page.get_by_text("1 selected")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/changes/$"))
        page.keyboard.press("g")
        page.keyboard.press("a")
        expect(page).to_have_url(re.compile("/assets/$"))
        page.keyboard.press("g")
        page.keyboard.press("h")
        expect(page.get_by_role("heading", name="Components")).to_be_visible()


def test_keys_never_fire_while_writing(browser, gallery):
    with open_page(browser, theme="light") as page:
        page.goto(gallery + "/assets/")
        field = page.get_by_placeholder("Search tag, name, owner")
        field.click()
        page.keyboard.type("t?gjx")
        expect(field).to_have_value("t?gjx")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_keys_can_be_switched_off_and_stay_off(browser, gallery):
    with open_page(browser, theme="light") as page:
        page.goto(gallery)
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keys")
        expect(dialog).to_be_visible()
        assert_accessible(page)
        dialog.get_by_label("Single keys are on in this browser").uncheck()
        page.keyboard.press("Escape")
        page.goto(gallery + "/assets/")
        page.keyboard.press("t")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_selecting_rows_shows_the_bar_with_the_number(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery + "/assets/")
        bar = page.locator("[data-pg-bulk]")
        expect(bar).to_be_hidden()
        page.get_by_label("Select BO-DRI-100").check()
        page.get_by_label("Select BO-DRI-103").click(modifiers=["Shift"])
        expect(bar).to_contain_text("4 selected")
        assert page.get_by_label("Select all").evaluate("box => box.indeterminate")
        shot(page, "ui-selected-desktop")
        page.get_by_label("Select all").check()
        expect(bar).to_contain_text("25 selected")
        bar.get_by_role("button", name="Clear").click()
        expect(bar).to_be_hidden()


def test_filtering_asks_once_and_leaves_an_address_to_share(browser, gallery):
    with open_page(browser) as page:
        asked: list[str] = []
        page.goto(gallery + "/assets/?ordering=-tag")
        page.on(
            "request",
            lambda r: (
                asked.append(r.url)
                if "HX-Request" in str(r.headers).title() or "hx-request" in r.headers
                else None
            ),
        )
        page.get_by_placeholder("Search tag, name, owner").press_sequentially("zzz", delay=20)
        expect(page.get_by_text("Nothing matches")).to_be_visible()
        assert len(asked) == 1
        assert "q=zzz" in page.url
        assert "ordering=-tag" in page.url
        expect(page.locator("#pg-count")).to_contain_text("0 results")
        assert_accessible(page)


def test_progress_polls_until_the_server_says_enough(browser, gallery):
    with open_page(browser) as page:
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url) if "/progress/" in r.url else None)
        page.goto(gallery)
        expect(page.locator("#pg-gate")).to_contain_text("Done")
        before = len(asked)
        page.wait_for_timeout(700)
        assert len(asked) == before == 3


def test_a_refusal_is_shown_where_it_was_asked_for(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery)
        page.get_by_role("button", name="Ask for it").click()
        expect(page.locator("#answer").get_by_role("alert")).to_contain_text("somebody else must approve it")


def test_a_question_comes_before_what_cannot_be_taken_back(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery)
        page.get_by_role("button", name="Ask twice").click()
        dialog = page.get_by_role("dialog", name="Are you sure?")
        expect(dialog).to_contain_text("Ask for it, really?")
        dialog.get_by_role("button", name="Cancel").click()
        expect(page.locator("#answer")).to_be_empty()
        page.get_by_role("button", name="Ask twice").click()
        dialog.get_by_role("button", name="Yes, go on").click()
        expect(page.locator("#answer").get_by_role("alert")).to_be_visible()


def test_a_blocked_button_can_be_reached_and_does_nothing(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery)
        blocked = page.get_by_role("button", name="Blocked")
        blocked.focus()
        expect(blocked).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_first_wrong_field_has_the_focus(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery + "/form/")
        expect(page.get_by_label("Tag")).to_be_focused()


def test_times_stay_current_in_the_words_of_the_server(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery)
        left = page.locator("#countdown time").first
        first = left.inner_text()
        assert re.fullmatch(r"4 min \d+ s left", first)
        expect(left).not_to_have_text(first)
        assert re.fullmatch(r"4 min( \d+ s)? left", left.inner_text())
        expect(page.locator("#age time").first).to_have_text("4 min ago")


def test_a_server_that_does_not_answer_is_said_so(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery)
        expect(page.locator("#pg-gate")).to_contain_text("Done")
        page.route("**/refused/", lambda route: route.abort())
        page.get_by_role("button", name="Ask for it").click()
        expect(page.get_by_role("status").filter(has_text="does not answer")).to_be_visible()
        assert_accessible(page)


def test_paper_shows_the_content_alone_and_whole(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery + "/assets/")
        page.emulate_media(media="print")
        expect(page.locator("#pg-nav")).to_be_hidden()
        expect(page.locator(".pg-filters")).to_be_hidden()
        last = page.locator("tbody tr").last
        assert last.bounding_box()["y"] + 10 < page.evaluate("document.documentElement.scrollHeight")
        assert page.locator(".pg-scroll").evaluate("e => e.scrollHeight - e.clientHeight") <= 0
        shot(page, "ui-print", whole=True)


def test_the_first_tab_stop_skips_to_the_content(browser, gallery):
    with open_page(browser) as page:
        page.goto(gallery)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
