"""A signed-in user finds out for whom: filters of several values, by pointer and by keyboard."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.axe import axe_script, findings
from tests.e2e.board import FIGURES, Board
from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp, wait_until


def values(page: Page) -> dict[str, int]:
    """Return each value that is offered and how often it is there."""
    expect(page.locator("#filter-values .skeleton")).to_have_count(0)
    names = [each.get_attribute("aria-label") or "" for each in page.get_by_role("checkbox").all()]
    parts = (name.rpartition(", ") for name in names)
    return {value: int(count.replace(",", "")) for value, _, count in parts}


def test_a_filter_takes_several_values_or_all_but_some_and_the_box_stays_open(
    board: Board, page: Page
) -> None:
    # A period that has been over for long: no row comes late, and its numbers stay.
    now = datetime.now(UTC)
    start, end = (f"{now - timedelta(days=days):%Y-%m-%dT00:00Z}" for days in (8, 1))
    board.open(address=f"/dashboard?range=custom&start={start}&end={end}")
    expect(page.locator("#live-status")).to_contain_text("Fixed period")
    everything = board.requests()
    dialog = page.get_by_role("dialog", name="Filter")

    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("textbox", name="Find a method")).to_be_focused()
    page.get_by_role("tab", name="status", exact=True).click()
    there = values(page)
    assert list(there) == ["2xx", "3xx", "4xx", "5xx"]
    for name in ("4xx", "5xx"):
        page.get_by_role("checkbox", name=f"{name}, ").click()
        expect(page.get_by_role("checkbox", name=f"{name}, ")).to_be_checked()
    expect(page).to_have_url(re.compile("status_class=4xx&status_class=5xx$"))
    expect(page.locator("#filters .chip")).to_have_text("status is 4xx, 5xx")
    expected = there["4xx"] + there["5xx"]
    wait_until(lambda: board.requests() == expected, what="not these two alone")

    page.get_by_role("button", name="is not", exact=True).click()
    expect(page).to_have_url(re.compile("status_class_not=4xx&status_class_not=5xx$"))
    expect(page.locator("#filters .chip")).to_have_text("status is not 4xx, 5xx")
    wait_until(lambda: board.requests() == everything - expected, what="not the rest")
    # The counts are those without the filter itself.
    assert values(page) == there

    page.get_by_role("tab", name="region", exact=True).click()
    assert sum(values(page).values()) == everything - expected
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Change filter status is not 4xx, 5xx").click()
    expect(page.get_by_role("tab", selected=True)).to_contain_text("status")
    dialog.get_by_role("button", name="Clear").click()
    expect(page.locator("#filters")).to_contain_text("All requests")
    page.locator(f"#panel-{FIGURES}").click()
    expect(dialog).to_have_count(0)


def test_the_keyboard_alone_finds_chooses_and_leaves(board: Board, page: Page) -> None:
    board.open()
    opener = page.locator("#filter-button")
    opener.focus()

    page.keyboard.press("Enter")
    page.keyboard.type("p")
    wait_until(lambda: {*values(page)} == {"POST", "PATCH"}, what="typing finds nothing")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"method=P\w+&method=P\w+$"))
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)
    # Typing goes on where it was left.
    page.keyboard.type("x")
    expect(page.get_by_text("No value matches")).to_be_visible()
    # The numbers of the view before are faint, because they are not to be read any more.
    expect(page.locator(".other-view")).to_have_count(0)
    assert findings(page, axe_script()) == []
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Filter")).to_have_count(0)
    expect(opener).to_be_focused()


def test_enter_chooses_what_was_typed_and_the_box_keeps_the_keyboard(
    board: Board, page: Page
) -> None:
    board.open()
    page.locator("#filter-button").click()
    assert next(iter(values(page))) != "PATCH"

    page.keyboard.type("patch")
    # Sooner than the values that are asked for.
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    expect(page).not_to_have_url(re.compile("method=(?!PATCH)"))
    page.get_by_role("checkbox", name="PATCH, ").check()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page).not_to_have_url(re.compile("method="))
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Filter")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 760])
def test_on_a_phone_the_values_are_a_sheet_for_fingers(
    phone: Visitor, app: RunningApp, width: int
) -> None:
    page = phone.page
    page.set_viewport_size({"width": width, "height": 740})
    Board(phone, app).open()
    page.locator("#filter-button").tap()
    page.get_by_role("tab", name="user").tap()
    there = values(page)

    sheet = page.get_by_role("dialog", name="Filter").bounding_box()
    behind = page.locator(".backdrop").bounding_box()
    value = page.get_by_role("checkbox").first.bounding_box()
    assert len(there) > 1
    assert sheet
    assert value
    assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, width, 740)
    assert value["height"] >= 44
    assert behind == {"x": 0, "y": 0, "width": width, "height": 740}
    assert page.evaluate("document.documentElement.scrollWidth") == width

    page.get_by_role("checkbox").first.tap()
    expect(page).to_have_url(re.compile("user="))
    page.get_by_role("dialog", name="Filter").get_by_role("button", name="Done").tap()
    page.get_by_role("link", name="Remove filter user is ").tap()
    expect(page.locator("#filters .chip")).to_have_count(0)
