"""A signed-in user looks at their own tenant's requests: periods, filters, addresses, tables."""

import csv
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.board import FIGURES, LATENCY, PANELS, RECENT, ROUTES, TRAFFIC, Board
from tests.e2e.visitor import SIGN_IN, Visitor
from tests.running_app import wait_until


def test_every_panel_fills_and_the_figures_are_the_pipes_own(board: Board, page: Page) -> None:
    board.open()

    assert board.requests() > 1_000
    expect(page.locator("#live-status")).to_contain_text("Live")
    expect(page.locator(".chart .bar").first).to_be_visible()
    trends = page.locator(f"#panel-{FIGURES} .spark")
    assert all((trends.nth(n).get_attribute("d") or "").startswith("M") for n in range(4))


def test_each_range_is_a_link_and_the_back_button_returns(board: Board, page: Page) -> None:
    board.open()
    day = board.requests()
    ranges = page.get_by_role("navigation", name="Period")

    for label, name in (("15 m", "15m"), ("1 h", "1h"), ("7 d", "7d"), ("30 d", "30d")):
        ranges.get_by_role("link", name=label, exact=True).click()
        expect(page).to_have_url(re.compile(rf"range={name}$"))
        expect(ranges.locator("[aria-current=true]")).to_have_text(label)

    wait_until(lambda: board.requests() > day, what="30 days are no more than one")
    page.go_back()
    expect(ranges.locator("[aria-current=true]")).to_have_text("7 d")


def test_a_custom_period_is_chosen_in_the_viewers_time_and_shared_in_utc(
    board: Board, page: Page
) -> None:
    board.open()
    page.get_by_role("button", name="Choose a period").click()
    start, end = (page.get_by_label(name, exact=True) for name in ("From", "To"))
    day = start.input_value()[:10]

    start.fill(f"{day}T14:00")
    end.fill(f"{day}T13:00")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("The custom period must start before it ends.")
    end.fill(f"{day}T15:00")
    page.get_by_role("button", name="Show", exact=True).click()

    # The tests' browser is in Berlin.
    expect(page).to_have_url(re.compile(r"range=custom&start=\S+T1[23]:00Z&end=\S+T1[34]:00Z$"))
    expect(page.locator("#live-status")).to_contain_text("Fixed period")
    expect(page.locator("main")).to_contain_text(re.compile(r"14:00 to .*15:00"))
    expect(start).to_have_count(0)


def test_a_click_filters_and_a_chip_takes_the_filter_away(board: Board, page: Page) -> None:
    board.open()
    everything = board.requests()

    rows = page.locator(f"#panel-{ROUTES} tbody tr")
    routes = rows.count()
    rows.first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"route=/v1/"))
    # The other routes stay, and the chosen one leads back to all.
    expect(rows.locator("[aria-current=true]")).to_have_count(1)
    expect(rows).to_have_count(routes)
    rows.locator("[aria-current=true]").click()
    expect(page).to_have_url(re.compile("dashboard$"))
    rows.nth(1).get_by_role("link").first.click()
    expect(page.locator("#filters .chip")).to_have_count(2)
    page.locator(f"#panel-{TRAFFIC}").get_by_role("link", name="4xx").click()
    expect(page.locator("#filters a")).to_have_count(4)
    wait_until(lambda: board.requests() < everything, what="the filter filters nothing")

    page.get_by_role("link", name="Remove filter status is 4xx").click()
    expect(page.locator("#filters a")).to_have_count(3)
    # What was pressed is gone; the keyboard goes on from the page's content.
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(page.locator("#filters")).to_contain_text("All requests")
    # As many as before but for those that a day's end has left behind meanwhile.
    wait_until(lambda: board.requests() > 0.9 * everything, what="the filter stayed")


def test_a_region_filters_too(board: Board, page: Page) -> None:
    board.open()
    page.locator(f"#panel-{RECENT} tbody tr").first.click()
    link = page.get_by_role("dialog").get_by_role("link", name="Only this: region = ")
    region = (link.get_attribute("aria-label") or "").rpartition(" = ")[2]

    link.click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#filters")).to_contain_text(f"region is {region}")
    regions = page.locator(f"#panel-{RECENT} tbody td:nth-child(5)")
    wait_until(lambda: set(regions.all_inner_texts()) == {region}, what="other regions stay")


def test_a_request_of_an_odd_route_leads_to_that_route_alone(
    visitor: Visitor, board: Board, page: Page
) -> None:
    tenant = board.open()
    for route, shown in (
        ("/50%/a b?c=1&d#e", "/50%/a b?c=1&d#e"),
        ("", "(empty)"),
        ("/long" * 400, "/long/long"),
    ):
        board.post_event(tenant, route)

        page.locator(f"#panel-{RECENT} tbody tr", has_text=f"GET {shown}").first.click()
        page.get_by_role("dialog").get_by_role("link", name=f"Only this: route = {shown}").click()

        expect(page.locator("#filters")).to_contain_text(f"route is {shown}")
        wait_until(lambda: board.requests() == 1, what="other routes stay")
        # By its address too, as somebody would open it whom it was sent to.
        page.reload()
        board.expect_filled()
        assert board.requests() == 1
        visitor.open("/dashboard")


def test_what_a_filter_fixes_is_no_key_figure(board: Board, page: Page) -> None:
    board.open(address="/dashboard?status_class=5xx")
    names = page.locator(f"#panel-{FIGURES} dt")

    expect(names).to_have_text(["Requests", "p95 latency", "Active routes", "p99 latency"])


def test_the_routes_can_be_sorted(board: Board, page: Page) -> None:
    board.open()

    page.locator(f"#panel-{ROUTES}").get_by_role("link", name="p95").click()

    expect(page).to_have_url(re.compile(r"sort=p95$"))
    expect(page.locator(f"#panel-{ROUTES} tbody tr").first).to_contain_text("/v1/exports")


def test_an_address_can_be_shared(board: Board, page: Page) -> None:
    board.open(address="/dashboard?range=7d&status_class=5xx")

    expect(page.locator("#filters")).to_contain_text("status is 5xx")
    assert {
        row.strip()[0] for row in page.locator(f"#panel-{RECENT} td:nth-child(2)").all_inner_texts()
    } == {"5"}


def test_a_wrong_address_says_so_and_shows_the_default(board: Board, page: Page) -> None:
    board.open(address="/dashboard?range=2y")

    expect(page.get_by_text("range must be one of")).to_be_visible()


def test_a_route_opens_its_own_view(board: Board, page: Page) -> None:
    board.open()

    page.get_by_role("link", name="Open GET /v1/orders", exact=True).click()

    expect(page.locator("h1")).to_have_text("GET /v1/orders")
    expect(page.locator(f"#panel-{RECENT} tbody tr").first).to_contain_text("GET /v1/orders")
    page.get_by_role("link", name="All routes").click()
    expect(page.locator("h1")).to_have_text("API traffic")


def test_what_matches_nothing_is_said_once_and_leads_back(board: Board, page: Page) -> None:
    board.open()

    page.goto(f"{page.url}?region=nowhere")

    expect(page.get_by_text("No requests match")).to_have_count(1)
    for panel in PANELS[1:]:
        expect(page.locator(f"#panel-{panel}")).to_have_count(0)
    assert board.requests() == 0

    page.get_by_role("link", name="Remove region is nowhere").click()
    board.expect_filled()


def test_a_click_anywhere_in_a_row_filters_by_it(board: Board, page: Page) -> None:
    board.open()
    row = page.locator(f"#panel-{ROUTES} tbody tr").first
    box = row.bounding_box()
    assert box is not None

    row.click(position={"x": 0.8 * box["width"], "y": 0.5 * box["height"]})

    expect(page).to_have_url(re.compile(r"route=/v1/"))


def test_in_a_narrow_panel_a_row_has_two_lines_and_no_column_is_lost(
    board: Board, page: Page
) -> None:
    page.set_viewport_size({"width": 360, "height": 900})
    board.open()

    for panel in (ROUTES, RECENT):
        cells = page.locator(f"#panel-{panel} tbody tr").first.locator("td")
        boxes = [box for cell in cells.all() if (box := cell.bounding_box())]
        assert len(boxes) == 5
        assert all(box["x"] > 0 and box["x"] + box["width"] < 360 for box in boxes)
        assert max(box["y"] for box in boxes) - min(box["y"] for box in boxes) > 15


def test_on_a_phone_the_first_figure_is_near_the_top(board: Board, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    board.open()

    figures = page.locator(f"#panel-{FIGURES}").bounding_box()
    local = page.get_by_role("complementary").bounding_box()
    assert figures is not None
    assert local is not None
    assert figures["y"] - local["height"] <= 210


def test_a_chart_can_be_read_as_a_table(board: Board, page: Page) -> None:
    board.open()

    board.choose(TRAFFIC, "Show as a table")

    table = page.get_by_role("region", name="Requests over time")
    expect(table.get_by_role("columnheader")).to_have_text(["time", "2xx", "3xx", "4xx", "5xx"])
    assert table.get_by_role("row").count() > 90
    cut = "cells => cells.some((cell) => cell.scrollWidth > cell.clientWidth)"
    assert not table.locator("tbody td").evaluate_all(cut)
    board.choose(LATENCY, "Show as a table")
    latency = page.get_by_role("region", name="Latency over time").locator("tbody td:last-child")
    assert all(re.fullmatch(r"[\d.]+ m?s|\u2013", text) for text in latency.all_inner_texts())
    board.choose(TRAFFIC, "Show as a chart")
    expect(page.locator(f"#panel-{TRAFFIC} .chart svg")).to_be_visible()


def test_a_panels_rows_can_be_taken_away_as_csv(board: Board, page: Page) -> None:
    board.open()

    with page.expect_download() as download:
        board.choose(ROUTES, "Download CSV")

    assert download.value.suggested_filename == f"{ROUTES}.csv"
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert {row["route"] for row in rows} >= {"/v1/orders", "/v1/products"}


def test_a_route_that_is_a_formula_is_text_in_every_download(board: Board, page: Page) -> None:
    tenant = board.open("member@acme.test", address="/dashboard?range=15m")
    board.post_event(tenant, "=1+1")
    expect(page.locator(f"#panel-{RECENT} tbody")).to_contain_text("=1+1")

    page.locator(f"#panel-{RECENT}").get_by_role("button", name="Actions: ").click()
    item = page.get_by_role("button", name="Download CSV")
    expect(item).to_contain_text("formula")
    with page.expect_download() as from_panel:
        item.click()
    board.choose(RECENT, "View request")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#query-summary")).to_contain_text("200")
    expect(page.locator("#answer")).to_contain_text("formula")
    with page.expect_download() as from_playground:
        page.get_by_role("button", name="Download all rows as CSV").click()

    for download in (from_panel, from_playground):
        with Path(download.value.path()).open(newline="") as file:
            assert "'=1+1" in {row["route"] for row in csv.DictReader(file)}


def test_a_panel_shows_its_request_which_runs_as_it_is(board: Board, page: Page) -> None:
    board.open(address="/dashboard?range=7d&status_class=5xx")

    board.choose(ROUTES, "View request")

    example = page.locator("#example-request pre:visible")
    expect(example).to_contain_text(re.compile(rf"/v0/pipes/{ROUTES}\.json\?start=.*limit=50"))
    expect(page.locator("#pipe")).to_have_value(ROUTES)
    expect(page.locator("#playground [name=status_class]")).to_have_value("5xx")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#query-summary")).to_contain_text("200")

    page.reload()
    expect(page.locator("#pipe")).to_have_value(ROUTES)


def test_a_tenant_without_rows_learns_how_the_first_ones_get_in_and_can_try_with_made_up_ones(
    visitor: Visitor, board: Board, page: Page
) -> None:
    board.open()
    visitor.switch_to("Personal account")
    expect(page.locator("#no-rows")).to_contain_text("No requests yet")
    expect(page.locator("#no-rows")).to_contain_text("/v0/events?name=requests")

    page.get_by_role("button", name="Add sample data").click()

    board.expect_filled()
    wait_until(lambda: board.requests() > 500, what="the last day is not there")


def test_the_event_that_a_tenant_without_rows_is_shown_is_the_first_on_its_dashboard(
    visitor: Visitor, board: Board, page: Page
) -> None:
    board.open("admin@globex.test")
    visitor.switch_to("Personal account")
    expect(page.locator("#no-rows")).to_be_visible()

    board.run_in_a_shell(page.locator("#no-rows pre").inner_text())

    expect(page.locator(f"#panel-{RECENT} tbody tr")).to_have_count(1)
    expect(page.locator(f"#panel-{RECENT} tbody tr")).to_contain_text("GET /v1/orders")


def test_a_signed_out_visitor_sees_no_figure_and_is_asked_in(visitor: Visitor, page: Page) -> None:
    page.goto(f"{visitor.origin}/dashboard")

    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.locator(f"#panel-{FIGURES}")).to_have_count(0)


def test_the_page_is_as_wide_as_the_screen(board: Board, page: Page) -> None:
    board.open()

    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        board.expect_filled()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_panels_menu_works_by_keyboard(board: Board, page: Page) -> None:
    board.open()
    button = page.get_by_role("button", name="Actions: Requests")
    button.focus()

    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show as a table")).to_be_focused()
    page.keyboard.press("Escape")

    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()
    button.press("Enter")
    items = page.locator(f"#panel-{TRAFFIC} [aria-expanded] + div button").count()
    for _ in range(items + 1):
        page.keyboard.press("Tab")
    expect(button).to_have_attribute("aria-expanded", "false")
