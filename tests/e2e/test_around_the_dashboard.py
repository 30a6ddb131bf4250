"""Around the panels: periods of the calendar, time zones, links to copy, keys and commands."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.board import FIGURES, ROUTES, TRAFFIC, Board
from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp

NO_CLIPBOARD = """
    () => {
      const refuse = () => Promise.reject(new DOMException("", "NotAllowedError"));
      navigator.clipboard.writeText = refuse;
    }
"""


def test_a_day_of_the_calendar_is_that_of_the_zone_that_is_chosen(board: Board, page: Page) -> None:
    board.open()
    period, zone = page.get_by_role("button", name="Choose a period"), page.locator("#zone")
    expect(zone).to_have_accessible_name(re.compile(r"^Time zone: Europe/Berlin, UTC\+[12]$"))

    period.click()
    page.get_by_role("link", name="Today", exact=True).click()

    expect(page).to_have_url(re.compile(r"range=today$"))
    expect(period).to_have_accessible_name("Choose a period, Today")
    expect(page.locator("#live-status")).to_contain_text("Live")
    expect(page.locator(f"#panel-{TRAFFIC} .legend")).to_contain_text("yesterday")
    expect(page.locator(f"#panel-{FIGURES} dd[title]").first).to_have_attribute(
        "title", "Against yesterday"
    )
    expect(page.get_by_role("button", name="Compared with: Yesterday")).to_be_visible()

    zone.click()
    find = page.get_by_role("combobox", name="Search time zones")
    expect(find).to_be_focused()
    find.fill("nowhere at all")
    expect(page.get_by_text("No time zone is called")).to_be_visible()
    find.fill("kathm")
    expect(page.get_by_role("option")).to_have_text(["Asia/KathmanduUTC+5:45"])
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"range=today&zone=Asia/Kathmandu$"))
    expect(zone).to_have_accessible_name("Time zone: Asia/Kathmandu, UTC+5:45")
    period.click()
    expect(page.get_by_label("From", exact=True)).to_have_value(re.compile(r"T00:00$"))
    page.keyboard.press("Escape")

    zone.click()
    expect(page.get_by_role("group", name="Used lately")).to_contain_text("Asia/Kathmandu")
    page.get_by_role("option", name="Asia/Kathmandu").click()
    expect(find).to_have_count(0)
    expect(zone).to_be_focused()
    zone.click()
    find.fill("utc-9")
    expect(page.get_by_role("option").filter(has_text="Pacific/Gambier")).to_be_visible()
    find.fill("berlin")
    page.get_by_role("option", name="Europe/Berlin").click()
    expect(page).to_have_url(re.compile(r"range=today$"))


def test_a_copied_link_says_when_and_where_it_was(board: Board, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    board.open(address="/dashboard?range=1h&status_class=2xx")
    copy = page.get_by_role("button", name="Copy link")

    copy.click()
    expect(page.get_by_role("status").filter(has_text="Link copied")).to_have_count(1)
    copied = page.evaluate("navigator.clipboard.readText()")
    page.evaluate(NO_CLIPBOARD)
    page.keyboard.press("l")

    shown = page.get_by_label("This browser does not let the page copy")
    expect(shown).to_be_focused()
    for address in (copied, shown.input_value()):
        assert re.search(
            r"/dashboard\?range=custom&start=\S+Z&end=\S+Z&zone=Europe/Berlin&status_class=2xx$",
            address,
        )
    page.keyboard.press("Escape")
    expect(copy).to_be_focused()
    page.keyboard.press("l")
    expect(shown).to_be_focused()
    page.locator("#content").focus()
    expect(shown).to_have_count(0)
    page.goto(copied)
    board.expect_filled()
    expect(page.locator("#live-status")).to_contain_text("Fixed period")


def test_all_is_reached_by_keys_and_by_commands(board: Board, page: Page) -> None:
    board.open()

    page.keyboard.press("2")
    expect(page).to_have_url(re.compile(r"range=1h$"))
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Resume live updates")).to_be_visible()
    # Older than a refresh that was under way: only the key makes it young again.
    board.wait_for_age(4)
    for _ in range(5):
        page.keyboard.press("r")
    expect(page.locator("#live-status")).to_have_text(re.compile(r"^Paused, updated [01] s ago$"))
    page.keyboard.press("t")
    expect(page.get_by_label("From", exact=True)).to_be_visible()
    # What is typed into a field is no command.
    page.get_by_label("From", exact=True).press("p")
    expect(page.get_by_role("button", name="Resume live updates")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#period")).to_be_focused()

    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Refresh now")
    # Nothing new waits above the list.
    expect(keys).to_contain_text("Search the list")
    expect(keys).not_to_contain_text("Show what is new")
    page.keyboard.press("1")
    keys.get_by_label("Single keys work").uncheck()
    keys.get_by_role("button", name="Close").click()
    page.keyboard.press("4")
    expect(page).to_have_url(re.compile(r"range=1h$"))

    page.keyboard.press("Control+k")
    commands = page.get_by_role("dialog", name="Commands")
    page.keyboard.type("yester")
    expect(commands.get_by_role("option", selected=True)).to_have_text("Yesterday")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"range=yesterday$"))
    expect(commands).to_have_count(0)

    page.get_by_role("button", name="Commands").click()
    page.keyboard.type("resume")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause live updates")).to_be_visible()
    expect(page.locator("#live-status")).to_contain_text("Fixed period")
    page.keyboard.press("Control+k")
    page.keyboard.type("routes")
    page.keyboard.press("Enter")
    expect(page.locator(f"#panel-{ROUTES}")).to_be_focused()
    expect(page.locator(f"#panel-{ROUTES}")).to_be_in_viewport()


def _keys_of(page: Page) -> set[str]:
    """Return the keys that the elements of the page say they have."""
    told = page.locator("[aria-keyshortcuts]").evaluate_all(
        "all => all.flatMap((each) => each.getAttribute('aria-keyshortcuts').split(' '))"
    )
    return set(told) - {"Control+K", "Meta+K"}


def test_every_single_key_is_listed_and_said_by_what_it_presses(board: Board, page: Page) -> None:
    board.open()
    rows, drawer = page.locator("[data-record] a"), page.get_by_role("dialog")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search the requests")).to_be_focused()
    rows.first.click()
    expect(drawer).to_be_visible()
    said = _keys_of(page)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)

    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    of_a_chart = {"←", "→", "Enter"}
    listed = set(keys.locator("kbd").all_inner_texts()) - {"Ctrl", "Esc"} - of_a_chart
    # What is new can come at any time.
    assert said - {"N"} == listed - {"N"}
    assert {"F", "/", "M", "J", "K", "?"} <= said

    # Whoever dictates to the page turns them all off.
    keys.get_by_label("Single keys work").uncheck()
    keys.get_by_role("button", name="Close").click()
    rows.first.click()
    shown = drawer.locator(".id").inner_text()
    page.keyboard.press("j")
    drawer.get_by_role("button", name="Older").click()
    expect(drawer.locator(".id")).not_to_have_text(shown)
    drawer.get_by_role("button", name="Newer").click()
    expect(drawer.locator(".id")).to_have_text(shown)


def test_on_a_phone_the_periods_are_a_sheet_and_the_rest_a_menu(
    phone: Visitor, app: RunningApp
) -> None:
    page = phone.page
    Board(phone, app).open()

    page.get_by_role("button", name="Choose a period").tap()
    sheet = page.locator(".pop.periods").bounding_box()
    assert sheet is not None
    assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 360, 740)
    page.locator(".pop.periods").get_by_role("link", name="Week before").tap()
    expect(page).to_have_url(re.compile(r"compare=week$"))

    page.get_by_role("button", name="More actions").tap()
    page.get_by_role("button", name="Commands").tap()
    page.get_by_role("combobox").fill("last month")
    page.get_by_role("option", name="Last month").tap()
    expect(page).to_have_url(re.compile(r"range=last-month&compare=week$"))
    # A menu closes as the view that was chosen comes.
    expect(page.get_by_role("button", name="Choose a period")).to_contain_text("Last month")
    page.get_by_role("button", name="More actions").tap()
    page.get_by_role("button", name="Pause live updates").tap()
    expect(page.locator("#live-status")).to_contain_text("Paused")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
