"""A dashboard keeps itself up to date, and says so when it cannot."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.board import RECENT, ROUTES, Board
from tests.e2e.visitor import Visitor, expired
from tests.running_app import RunningApp, wait_until

SEVERAL_REFRESHES = 6
"""How many seconds they take."""


def test_an_event_comes_to_the_page_by_itself(board: Board, page: Page) -> None:
    tenant = board.open()

    board.post_event(tenant, "/live-update")

    expect(page.locator(f"#panel-{RECENT}").get_by_text("GET /live-update")).to_be_visible()


def test_a_paused_dashboard_asks_for_nothing_until_it_is_resumed(board: Board, page: Page) -> None:
    tenant = board.open()
    page.get_by_role("button", name="Pause live updates").click()
    expect(page.locator("#live-status")).to_contain_text("Paused")
    # What was on its way has come by then.
    board.wait_for_age(3)

    board.post_event(tenant, "/while-paused")
    board.wait_for_age(SEVERAL_REFRESHES)
    expect(page.get_by_text("GET /while-paused")).to_have_count(0)

    page.get_by_role("button", name="Resume live updates").click()
    expect(page.get_by_text("GET /while-paused").first).to_be_visible()


def test_a_pause_outlives_a_switch(visitor: Visitor, board: Board, page: Page) -> None:
    board.open()
    page.get_by_role("button", name="Pause live updates").click()

    visitor.switch_to("Globex")

    expect(page.locator("main")).to_contain_text("globex")
    expect(page.locator("#live-status")).to_contain_text("Paused")


def test_a_fixed_period_that_could_not_be_had_comes_by_itself(
    board: Board, page: Page, app: RunningApp
) -> None:
    board.open()
    with app.without_tinybird():
        page.goto(f"{page.url}?range=custom&start=2026-01-01T00:00Z&end=2026-12-31T00:00Z")
        expect(page.locator("#not-loaded")).to_contain_text("tinybird_unreachable")

    expect(page.locator(f"#panel-{ROUTES} tbody tr").first).to_be_visible(timeout=20_000)
    expect(page.locator("#live-status")).to_contain_text("Fixed period")


def test_a_hidden_tab_asks_for_nothing_until_it_is_looked_at_again(
    board: Board, page: Page
) -> None:
    tenant = board.open()
    with board.hidden():
        board.post_event(tenant, "/while-hidden")
        expect(page.locator("#live-status")).to_contain_text("Delayed, data until", timeout=10_000)
        expect(page.get_by_text("GET /while-hidden")).to_have_count(0)

    expect(page.get_by_text("GET /while-hidden").first).to_be_visible()


def test_the_rate_is_the_viewers_choice_with_its_price_and_is_kept(
    board: Board, page: Page
) -> None:
    board.open()
    page.get_by_role("button", name="Refresh rate").click()
    expect(page.get_by_text("345,600 queries a day")).to_be_visible()

    page.get_by_label("Refresh every").select_option("1 min")
    expect(page.get_by_text("11,520 queries a day")).to_be_visible()
    board.wait_for_age(SEVERAL_REFRESHES)

    page.reload()
    board.expect_filled()
    page.get_by_role("button", name="Refresh rate").click()
    expect(page.get_by_label("Refresh every")).to_have_value("60")


def test_while_tinybird_is_down_the_last_data_stays_and_says_since_when_it_is_stale(
    board: Board, page: Page, app: RunningApp
) -> None:
    board.open()
    before = board.requests()

    with app.without_tinybird():
        notice = page.locator("#stale")
        expect(notice).to_contain_text("Tinybird cannot be reached")
        expect(page.locator("#live-status")).to_have_text(
            re.compile(r"^Delayed, data until \d\d:\d\d:\d\d$")
        )
        expect(page.locator(f"#panel-{RECENT}")).to_contain_text("stale since")
        assert board.requests() >= before

        page.get_by_role("navigation", name="Period").get_by_role("link", name="7 d").click()
        # Another view has no last data: what is wrong is said once, in the place of all panels.
        failed = page.locator("#not-loaded")
        expect(failed).to_contain_text("tinybird_unreachable")
        expect(page.get_by_text("could not be loaded")).to_have_count(0)
        expect(page.locator("#live-status")).to_have_text("No data yet")
        expect(failed.get_by_role("button", name="Try now")).to_be_visible()

    expect(page.locator("#live-status")).to_contain_text("Live", timeout=30_000)
    board.expect_filled()
    expect(page.locator("#stale")).to_have_count(0)


@contextmanager
def _greedy(app: RunningApp, token: str) -> Iterator[None]:
    """Use up a token's allowance, over and over, for as long as the block runs."""
    done = threading.Event()
    url = f"http://localhost:{app.tinybird_port}/v0/pipes/{RECENT}.json?limit=1"

    def ask() -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as http:
            while not done.is_set():
                http.get(url)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_when_the_tokens_rate_is_used_up_the_dashboard_says_so_and_recovers(
    board: Board, page: Page, app: RunningApp
) -> None:
    board.open()

    with _greedy(app, board.token):
        expect(page.locator("#stale")).to_contain_text(
            "Too many requests with this token", timeout=20_000
        )

    expect(page.locator("#stale")).to_have_count(0, timeout=20_000)
    expect(page.locator("#live-status")).to_contain_text("Live")


def test_a_switch_shows_no_frame_of_the_other_tenant(
    visitor: Visitor, board: Board, page: Page
) -> None:
    tenant = board.open()
    board.post_event(tenant, "/acme-secret")
    expect(page.get_by_text("GET /acme-secret").first).to_be_visible()
    # Notes every frame in which the header says Globex and the page still shows Acme's row.
    page.evaluate(
        """() => {
          window.leaks = 0;
          const look = () => {
            const shown = document.querySelector('main').textContent;
            if (shown.includes('globex') && shown.includes('/acme-secret')) window.leaks += 1;
            requestAnimationFrame(look);
          };
          look();
        }"""
    )

    visitor.switch_to("Globex")

    expect(page.locator("main")).to_contain_text("globex")
    board.expect_filled()
    expect(page.get_by_text("/acme-secret")).to_have_count(0)
    assert page.evaluate("window.leaks") == 0


def test_the_first_data_is_asked_for_behind_the_session_and_not_when_the_page_is_drawn(
    board: Board, page: Page
) -> None:
    board.open()
    asked: list[str] = []
    withheld: list[str | bytes] = []

    def join(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_server(message: str | bytes) -> None:
            asked.extend(re.findall(r"state\.(sync|refresh)\b", str(message)))
            server.send(message)
            if "refresh" in asked:
                while withheld:
                    socket.send(withheld.pop(0))

        def to_page(message: str | bytes) -> None:
            is_held = "sync" in asked and "refresh" not in asked
            withheld.append(message) if is_held else socket.send(message)

        socket.on_message(to_server)
        server.on_message(to_page)

    page.route_web_socket(re.compile("/_event"), join)
    page.evaluate("localStorage.setItem('dashboard-refresh-seconds', '300')")
    page.reload()

    # No answer to the session came before that, so the page could not be drawn.
    board.expect_filled()
    expect(page.locator("#live-status")).to_contain_text("Live")
    # The page takes it over, and does not ask the same once more.
    assert asked[:2] == ["sync", "refresh"]
    assert asked.count("refresh") == 1


def test_a_first_question_that_gets_lost_is_asked_anew_within_seconds(
    board: Board, page: Page
) -> None:
    board.open()
    lost: list[str | bytes] = []

    def join(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_server(message: str | bytes) -> None:
            if not lost and "state.refresh" in str(message):
                lost.append(message)
            else:
                server.send(message)

        socket.on_message(to_server)

    page.route_web_socket(re.compile("/_event"), join)
    page.evaluate("localStorage.setItem('dashboard-refresh-seconds', '300')")
    page.reload()

    board.expect_filled()
    assert lost


def test_a_first_question_behind_a_refused_token_is_asked_anew_behind_the_next_one(
    board: Board, page: Page, app: RunningApp
) -> None:
    board.open()
    # However slow this machine is, the next token comes soon, and in the first question's turn.
    page.add_init_script(
        """{ const now = performance.now.bind(performance), wall = Date.now(), wait = setTimeout;
        window.setTimeout = (act, ms, ...rest) => wait(act, ms === 2000 ? 4000 : ms, ...rest);
        performance.now = () => now() / 10;
        Date.now = () => Math.floor(wall + now() / 10); }"""
    )
    asked: list[str] = []

    def join(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_server(message: str | bytes) -> None:
            found = re.findall(r"state\.(sync|refresh)\b", str(message))
            if "sync" in found and "sync" not in asked:
                message = re.sub(
                    r"eyJ[\w.-]+", lambda told: expired(told[0], app.folder), str(message)
                )
            asked.extend(found)
            server.send(message)

        socket.on_message(to_server)

    page.route_web_socket(re.compile("/_event"), join)
    page.evaluate("localStorage.setItem('dashboard-refresh-seconds', '300')")
    page.reload()

    board.expect_filled()
    assert asked[:3] == ["sync", "refresh", "sync"]


def test_a_first_question_of_an_address_that_was_left_is_not_taken_over_by_the_next_one(
    board: Board, page: Page
) -> None:
    board.open()
    periods = page.get_by_role("navigation", name="Period")
    periods.get_by_role("link", name="1 h").click()
    expect(periods.get_by_role("link", name="1 h")).to_have_attribute("aria-current", "true")
    asked: list[str] = []
    sockets: list[WebSocketRoute] = []
    withheld: list[str | bytes] = []

    def join(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)

        def to_server(message: str | bytes) -> None:
            asked.extend(re.findall(r'state\.refresh.*"search":"(.*?)"', str(message)))
            server.send(message)

        def to_page(message: str | bytes) -> None:
            withheld.append(message) if asked and sockets else socket.send(message)

        socket.on_message(to_server)
        server.on_message(to_page)

    page.route_web_socket(re.compile("/_event"), join)
    page.evaluate("localStorage.setItem('dashboard-refresh-seconds', '300')")
    page.reload()
    wait_until(lambda: page.evaluate("1") == 1 and bool(asked), what="nothing was asked")
    page.go_back()
    (socket,) = sockets
    sockets.clear()
    while withheld:
        socket.send(withheld.pop(0))

    expect(periods.get_by_role("link", name="24 h")).to_have_attribute("aria-current", "true")
    board.expect_filled()
    assert asked == ["?range=1h", ""]
