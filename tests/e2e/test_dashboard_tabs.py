"""Many visible tabs of one browser share what one user's token may ask."""

import re
import time
from typing import Final

from playwright.sync_api import Page, Route, WebSocket, expect

from clerk_tinybird_app.dashboard.questions import pace
from clerk_tinybird_app.product.dashboard import DASHBOARD
from tests.e2e.board import RECENT, Board
from tests.e2e.visitor import Visitor, wait_for

TABS: Final = 5
RPS: Final = 10
"""How many queries a second a token may make."""

QUERIES: Final = pace(DASHBOARD.panels, 2, RPS).queries
"""How many a refresh makes."""

WATCHED_SECONDS: Final = 20

LIVE: Final = re.compile(r"^Live, updated \d+ s ago$")

EVERY_TURN_MS: Final = 12_000
"""Each tab's turn takes two seconds, for a refresh is eight queries."""

_HAS_TURN: Final = """async () => {
  const { held } = await navigator.locks.query();
  return held.some(({ name }) => name === "dashboard-refresh");
}"""
_HAS_NONE: Final = f"async () => !(await ({_HAS_TURN})())"

_REFRESH: Final = re.compile(r'\.refresh".*?"number":(\d+)')


class Refreshes:
    """When, in milliseconds since the epoch, each refresh of some tabs began."""

    def __init__(self) -> None:
        self.at: list[int] = []

    def watch(self, page: Page) -> None:
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self._note(str(frame)))

    def _note(self, frame: str) -> None:
        if found := _REFRESH.search(frame):
            self.at.append(int(found[1]))

    def most_in_a_second(self) -> int:
        """The most refreshes that began within any one second."""
        return max(sum(0 <= other - at < 1_000 for other in self.at) for at in self.at)


def test_five_visible_tabs_keep_to_the_tokens_rate_and_none_is_out_of_date(
    visitor: Visitor, board: Board, page: Page
) -> None:
    refreshes = Refreshes()
    refreshes.watch(page)
    board.open()
    tabs = [page, *(visitor.context.new_page() for _ in range(TABS - 1))]
    for tab in tabs[1:]:
        refreshes.watch(tab)
        visitor.open("/dashboard", tab)
    for tab in tabs:
        expect(tab.locator("#live-status")).to_have_text(LIVE, timeout=EVERY_TURN_MS)

    refreshes.at.clear()
    ends = time.monotonic() + WATCHED_SECONDS
    seen: set[str] = set()
    while time.monotonic() < ends:
        for tab in tabs:
            seen |= set(tab.locator("#live-status, #stale").all_inner_texts())
        page.wait_for_timeout(250)

    # Whatever is older than its tab's pace is not called live.
    assert {text for text in seen if not LIVE.match(text)} == set()
    assert len(refreshes.at) >= TABS
    assert refreshes.most_in_a_second() * QUERIES <= RPS


def test_a_tab_that_hangs_in_its_turn_does_not_stop_the_others(
    visitor: Visitor, board: Board, page: Page
) -> None:
    tenant = board.open()
    hung = visitor.open("/sign-in", visitor.context.new_page())
    hung.evaluate(
        "() => { navigator.locks.request('dashboard-refresh', () => new Promise(() => {})); }"
    )
    wait_for(page, _HAS_TURN)

    board.post_event(tenant, "/past-the-hung-tab")

    expect(page.get_by_text("GET /past-the-hung-tab").first).to_be_visible(timeout=10_000)
    expect(page.locator("#live-status")).to_have_text(re.compile(r"^Live, updated [0-5] s ago$"))


def test_a_page_takes_its_turn_while_clerk_loads_and_keeps_it_from_others_for_seconds_at_most(
    board: Board, page: Page
) -> None:
    board.open()
    withheld: list[Route] = []
    clerk = re.compile(r"/v1/client\b")

    def withhold(route: Route) -> None:
        withheld.append(route)

    page.route(clerk, withhold)
    page.reload(wait_until="commit")

    wait_for(page, _HAS_TURN)
    wait_for(page, _HAS_NONE)

    for route in withheld:
        route.continue_()
    page.unroute(clerk)
    board.expect_filled()


def test_a_page_without_locks_refreshes_all_the_same(
    visitor: Visitor, board: Board, page: Page
) -> None:
    # As over plain HTTP, where the name is not there at all: Clerk's SDK looks for it.
    page.add_init_script("delete Navigator.prototype.locks;")
    tenant = board.open()

    board.post_event(tenant, "/without-locks")

    expect(page.locator(f"#panel-{RECENT}").get_by_text("GET /without-locks")).to_be_visible(
        timeout=3_000
    )
