"""Whatever keeps data away, the dashboard calls nothing live that is not, and names the cause."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.board import RECENT, ROUTES, Board
from tests.e2e.visitor import Line, Visitor
from tests.running_app import RunningApp

DELAYED = re.compile(r"^Delayed, data until \d\d:\d\d:\d\d$")
OFFLINE = re.compile(r"^Offline since \d\d:\d\d:\d\d$")
NO_CONNECTION = re.compile(r"^No connection since \d\d:\d\d:\d\d$")
LIVE = re.compile(r"^Live, updated \d s ago$")
APP_SILENT = "this app's server does not answer"

HEARTBEAT = "00:50"
"""Longer than the time between two proofs of the session."""

THREE_REFRESHES_AND_A_BIT = 12_000


@pytest.fixture
def line(page: Page) -> Line:
    return Line(page)


def test_with_a_frozen_server_nothing_is_called_live_and_the_server_is_named(
    board: Board, page: Page, app: RunningApp
) -> None:
    board.open()
    status = page.locator("#live-status")

    with app.frozen():
        expect(status).to_have_text(NO_CONNECTION, timeout=THREE_REFRESHES_AND_A_BIT)
        expect(page.locator("#trouble")).to_contain_text(APP_SILENT)

    expect(status).to_have_text(LIVE, timeout=20_000)
    expect(page.locator("#trouble")).to_be_empty()


def test_a_press_that_a_frozen_server_cannot_answer_says_so(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    visitor.sign_in("admin@acme.test")

    for button in ("Run", "Renew", "Ask for another tenant"):
        with app.frozen():
            page.get_by_role("button", name=button).first.click()
            expect(page.locator("#trouble"), button).to_contain_text(APP_SILENT)

        expect(page.locator("#trouble")).to_be_empty()


def test_so_does_a_choice_in_a_panels_menu(board: Board, page: Page, app: RunningApp) -> None:
    board.open()
    page.get_by_role("button", name="Pause live updates").click()

    for action in ("Download CSV", "View request"):
        with app.frozen():
            board.choose(ROUTES, action)
            expect(page.locator("#trouble"), action).to_contain_text(APP_SILENT)

        expect(page.locator("#trouble")).to_be_empty()


def test_without_a_network_the_page_says_so_at_once_and_recovers(
    visitor: Visitor, line: Line, board: Board, page: Page
) -> None:
    board.open()
    line.is_cut = True
    visitor.context.set_offline(True)

    expect(page.locator("#trouble")).to_contain_text("This device is offline", timeout=2_000)
    expect(page.locator("#live-status")).to_have_text(OFFLINE, timeout=THREE_REFRESHES_AND_A_BIT)

    line.is_cut = False
    visitor.context.set_offline(False)
    expect(page.locator("#trouble")).to_be_empty()
    expect(page.locator("#live-status")).to_have_text(LIVE)
    visitor.forgive("ERR_INTERNET_DISCONNECTED|ClerkJS|Failed to fetch|WebSocket")


def test_an_app_on_this_very_machine_needs_no_network(
    visitor: Visitor, board: Board, page: Page
) -> None:
    board.open()
    page.evaluate(
        """() => {
          Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
          window.dispatchEvent(new Event("offline"));
        }"""
    )

    expect(page.locator("#trouble")).to_be_empty()
    expect(page.locator("#live-status")).to_have_text(LIVE)


def test_a_server_that_answers_nothing_though_the_websocket_is_open_is_named(
    line: Line, board: Board, page: Page
) -> None:
    board.open()
    line.is_cut = True

    expect(page.locator("#live-status")).to_have_text(
        NO_CONNECTION, timeout=THREE_REFRESHES_AND_A_BIT
    )
    expect(page.locator("#trouble")).to_contain_text(APP_SILENT)

    line.is_cut = False
    expect(page.locator("#live-status")).to_have_text(LIVE, timeout=20_000)


def test_a_tinybird_that_hangs_is_not_taken_for_the_apps_server(
    board: Board, page: Page, app: RunningApp
) -> None:
    board.open()

    with app.frozen_tinybird():
        expect(page.locator("#live-status")).to_have_text(
            DELAYED, timeout=THREE_REFRESHES_AND_A_BIT
        )
        expect(page.locator("#stale")).to_contain_text("numbers have not come yet")
        expect(page.locator("#trouble")).to_be_empty()

        # What has never come is not live.
        page.goto(f"{app.origin}/dashboard?range=30d")
        expect(page.locator("#live-status")).to_have_text("Loading")
        expect(page.get_by_text("0 of 0")).to_have_count(0)


def test_a_clerk_that_answers_503_is_named_until_it_answers_again(
    visitor: Visitor, board: Board, page: Page
) -> None:
    page.clock.install()
    board.open()
    page.route("**/__clerk/**", lambda route: route.fulfill(status=503))

    page.clock.fast_forward(HEARTBEAT)
    expect(page.locator("#trouble")).to_contain_text("Clerk does not answer", timeout=20_000)

    page.unroute("**/__clerk/**")
    page.clock.fast_forward(HEARTBEAT)
    expect(page.locator("#trouble")).to_be_empty(timeout=20_000)
    expect(page.locator("#live-status")).to_have_text(LIVE)
    visitor.forgive("status of 503|ClerkJS")


def _set_clock(page: Page, seconds: int) -> None:
    """Set the wall clock of a page; forward, it is what waking up looks like on some systems."""
    page.evaluate("(ms) => { const now = Date.now; Date.now = () => now() + ms; }", seconds * 1_000)


def test_a_machine_that_wakes_up_calls_nothing_live_before_it_has_asked(
    line: Line, board: Board, page: Page
) -> None:
    board.open()
    line.is_cut = True

    _set_clock(page, 3 * 3_600)

    expect(page.locator("#live-status")).to_have_text(DELAYED, timeout=1_000)


def test_a_machine_that_wakes_up_asks_at_once_at_any_rate(board: Board, page: Page) -> None:
    tenant = board.open()
    page.get_by_role("button", name="Refresh rate").click()
    page.get_by_label("Refresh every").select_option("5 min")
    board.wait_for_age(3)
    board.post_event(tenant, "/while-asleep")

    _set_clock(page, 15)

    expect(page.locator(f"#panel-{RECENT}").get_by_text("GET /while-asleep")).to_be_visible(
        timeout=3_000
    )


def test_a_clock_that_is_a_day_ahead_does_not_make_yesterday_another_day(
    board: Board, page: Page
) -> None:
    board.open(address="/dashboard?range=yesterday")

    _set_clock(page, 86_400)

    # It would be asked for anew every two seconds.
    expect(page.locator("#live-status")).to_have_text(
        re.compile(r"^Fixed period, updated [5-9] s ago$")
    )


def test_a_clock_that_is_set_back_makes_nothing_younger(board: Board, page: Page) -> None:
    board.open()
    page.get_by_role("button", name="Pause live updates").click()
    age = board.wait_for_age(3)

    _set_clock(page, -3_600)

    board.wait_for_age(age + 2)
