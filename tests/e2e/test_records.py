"""From the many rows to the one: what somebody reads does not move, and can be sent to others."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.board import RECENT, Board
from tests.e2e.visitor import Visitor, fixed_params
from tests.running_app import RunningApp, wait_until

JANUARY = "range=custom&start=2026-01-01T00:00Z&end=2026-01-02T00:00Z"
CHANGE_ROLE = """
    async ([userId, role]) => { await Clerk.organization.updateMember({ userId, role }); }
"""
TWO_ESCAPES = """
    () => {
      const { activeElement } = document;
      for (const _ of [1, 2]) {
        activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
      }
    }
"""


class Reading:
    """Waits until the app's server knows that somebody reads a list, which stays from then on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._is_known = False
        page.on("websocket", lambda socket: socket.on("framereceived", self._note))

    def _note(self, frame: str | bytes) -> None:
        self._is_known |= re.search(r'"is_read": ?(\{"v": ?)?true', str(frame)) is not None

    def wait(self) -> None:
        wait_until(lambda: self._page.evaluate("1") == 1 and self._is_known, what="nobody reads")


@pytest.fixture
def reading(page: Page) -> Reading:
    return Reading(page)


def _rows(page: Page) -> Locator:
    return page.locator(f"#panel-{RECENT} tbody tr")


def _ids(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('[data-record]')].map((row) => row.dataset.record)"
    )
    return found


def test_a_request_is_read_by_keyboard_and_its_address_opens_it_for_its_organization_alone(
    board: Board,
    page: Page,
    app: RunningApp,
    open_browser: Callable[[], Visitor],
    reading: Reading,
) -> None:
    board.open(address="/dashboard?range=1h")
    drawer = page.get_by_role("dialog")
    link = _rows(page).nth(2).get_by_role("link")
    link.focus()
    reading.wait()
    ids = _ids(page)

    page.keyboard.press("Enter")

    expect(drawer).to_be_focused()
    expect(page).to_have_url(re.compile(rf"range=1h&record={ids[2]}$"))
    expect(drawer.locator("dt")).to_contain_text(["timestamp", "status", "method", "route", "took"])
    expect(drawer.locator("dt").get_by_text("user", exact=True)).to_be_visible()
    expect(_rows(page).nth(2)).to_have_attribute("aria-current", "true")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(ids[3]))
    expect(drawer.locator(".facts")).to_contain_text(ids[3])
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(drawer.locator(".facts")).to_contain_text(ids[1])
    page.keyboard.press("Shift+Tab")
    expect(drawer.get_by_role("link", name="Around this time")).to_be_focused()
    page.keyboard.press("Tab")
    expect(drawer.get_by_role("button", name="Newer")).to_be_focused()
    address = page.url.removeprefix(app.origin)
    # What lies over the drawer has the keys for itself.
    page.locator("#filter-button").click()
    picker = page.get_by_role("dialog", name="Filter")
    page.keyboard.press("Tab")
    expect(picker.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(picker).to_have_count(0)
    page.keyboard.press("Tab")
    expect(drawer.get_by_role("button", name="Newer")).to_be_focused()

    page.evaluate(TWO_ESCAPES)

    expect(drawer).to_have_count(0)
    expect(page).to_have_url(re.compile(r"range=1h$"))
    expect(_rows(page).nth(1).get_by_role("link")).to_be_focused()

    # It opens by its address too, whatever its list shows by then.
    older = address.replace("range=1h", JANUARY)
    for path in (address, older):
        page.goto(app.origin + path)
        expect(drawer.locator(".facts")).to_contain_text(ids[1])
    # Its list gets it, and its neighbours, with what happened around it.
    drawer.get_by_role("link", name="Around this time").click()
    expect(page).to_have_url(re.compile(rf"range=custom&start=\S+&end=\S+&record={ids[1]}$"))
    expect(drawer.get_by_role("button", name="Older")).not_to_have_attribute(
        "aria-disabled", "true"
    )
    stranger = open_browser()
    stranger.sign_in_at(address, "admin@globex.test")
    expect(stranger.page.get_by_role("dialog")).to_contain_text("Not among the requests")


def test_a_request_that_is_loading_while_permissions_change_is_asked_for_anew(
    open_browser: Callable[[], Visitor], app: RunningApp
) -> None:
    admin, member = open_browser(), open_browser()
    board, page = Board(member, app), member.page
    page.clock.install()
    board.open("member@acme.test")
    user_id = fixed_params(board.token, app.signing_key)["user_id"]
    admin.sign_in_by_form("admin@acme.test")
    chosen, drawer = _ids(page)[0], page.get_by_role("dialog")
    heard: list[str] = []
    page.on(
        "websocket", lambda opened: opened.on("framereceived", lambda it: heard.append(str(it)))
    )

    with app.frozen_tinybird():
        # Its list does not have it.
        member.open(f"/dashboard?{JANUARY}&record={chosen}")
        expect(drawer).to_contain_text("Loading")
        admin.page.evaluate(CHANGE_ROLE, [user_id, "org:admin"])
        page.clock.fast_forward("00:50")
        wait_until(
            lambda: page.evaluate("1") == 1 and any("manage" in frame for frame in heard),
            seconds=10,
            what="the permission did not change",
        )
    admin.page.evaluate(CHANGE_ROLE, [user_id, "org:member"])

    expect(drawer.locator(".facts")).to_contain_text(chosen)


def test_a_link_to_a_request_says_the_period_that_it_was_seen_in(board: Board, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    board.open(address="/dashboard?range=1h")
    _rows(page).nth(2).click()
    drawer = page.get_by_role("dialog")
    chosen = drawer.locator(".id").inner_text()

    drawer.get_by_role("button", name="link to this").click()
    expect(drawer.get_by_role("button", name="Copied: link to this")).to_be_visible()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.search(
        rf"/dashboard\?range=custom&start=\S+Z&end=\S+Z&zone=Europe/Berlin&record={chosen}$", copied
    )


def test_a_list_that_is_read_does_not_move_and_goes_on_below(
    board: Board, page: Page, reading: Reading
) -> None:
    tenant = board.open(address="/dashboard?range=1h")
    panel = page.locator(f"#panel-{RECENT}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _rows(page).nth(3).click()
    drawer = page.get_by_role("dialog")
    chosen = drawer.locator(".id").inner_text()
    drawer.get_by_role("button", name="Copy as JSON").click()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (copied["request_id"], copied["tenant_id"]) == (chosen, tenant)
    reading.wait()
    before = _ids(page)

    board.post_event(tenant, "/while-it-is-read")

    new = panel.get_by_role("button", name=re.compile(r"^\d+\+? new$"))
    expect(new).to_be_visible()
    assert _ids(page) == before
    drawer.get_by_role("button", name="Close").click()
    panel.get_by_role("button", name="Load 50 more").click()
    wait_until(lambda: len(_ids(page)) >= len(before) + 50, what="none were loaded")

    # Nobody reads it any more, so what is new comes by itself: focus and page are elsewhere.
    page.locator("#content").focus()
    page.evaluate("window.scrollTo(0, 0)")
    expect(panel.get_by_text("GET /while-it-is-read").first).to_be_visible()
    shown = _ids(page)
    assert len(set(shown)) == len(shown) > len(before) + 50
    assert set(before) <= set(shown)
    with page.expect_download() as download:
        board.choose(RECENT, "Download CSV")
    with Path(download.value.path()).open(newline="") as file:
        assert {row["request_id"] for row in csv.DictReader(file)} >= set(before)


def test_by_finger_a_list_that_the_page_is_scrolled_into_stays_and_leads_to_what_is_around(
    phone: Visitor, app: RunningApp
) -> None:
    page, board, reading = phone.page, Board(phone, app), Reading(phone.page)
    tenant = board.open(address="/dashboard?range=1h")
    panel, drawer = page.locator(f"#panel-{RECENT}"), page.locator(".drawer")
    new = panel.get_by_role("button", name=re.compile(r"^\d+\+? new$"))
    panel.get_by_role("searchbox").tap()
    page.keyboard.type("no such thing")
    panel.get_by_role("button", name="Clear the search").tap()
    expect(_rows(page).nth(8)).to_be_visible()
    _rows(page).nth(8).evaluate("row => row.scrollIntoView({ block: 'center' })")
    reading.wait()
    before = _ids(page)

    board.post_event(tenant, "/while-a-finger-reads")

    # The list's head is above the screen, and the way to what is new below.
    expect(new).to_be_in_viewport()
    assert _ids(page) == before
    new.tap()
    expect(_rows(page).filter(has_text="/while-a-finger-reads")).to_be_in_viewport()
    panel.get_by_role("button", name="Load 50 more").tap()
    wait_until(lambda: len(_ids(page)) >= 70, what="none were loaded")

    row = _rows(page).nth(5)
    chosen = row.get_attribute("data-record") or ""
    row.tap()
    expect(drawer.locator(".facts")).to_contain_text(chosen)
    drawer.get_by_role("link", name="Around this time").tap()
    # The record would cover all that is around it.
    expect(page).to_have_url(re.compile(r"range=custom&start=[^&]+&end=[^&]+$"))
    expect(drawer).to_have_count(0)
    found = page.locator(f"[data-record='{chosen}']")
    expect(found).to_have_attribute("aria-current", "true")
    expect(found).to_be_in_viewport()


def test_a_list_is_searched_by_its_address(board: Board, page: Page) -> None:
    tenant = board.open()
    board.post_event(tenant, "/Look/for-this")
    panel = page.locator(f"#panel-{RECENT}")
    field = page.get_by_role("searchbox", name="Search the requests")

    field.fill("look/FOR")

    expect(page).to_have_url(re.compile(r"search=look%2FFOR$"))
    expect(_rows(page)).to_have_count(1)
    expect(_rows(page)).to_contain_text("/Look/for-this")
    _rows(page).click()
    expect(page.get_by_role("dialog")).to_contain_text("/Look/for-this")
    page.keyboard.press("Escape")
    field.fill("no such thing")
    expect(panel).to_contain_text("No requests contain “no such thing”")
    page.reload()
    expect(field).to_have_value("no such thing")
    panel.get_by_role("button", name="Clear the search").click()
    expect(field).to_have_value("")
    expect(_rows(page).nth(5)).to_be_visible()
    assert "search" not in page.url
