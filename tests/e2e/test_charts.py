"""The charts of a dashboard are read, marked and changed: by mouse, by finger and by keys."""

import re
from datetime import datetime
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.board import LATENCY, TRAFFIC, Board
from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp, wait_until

CUSTOM = re.compile(r"range=custom&start=\S+Z&end=\S+Z")
LONGER_THAN_A_DOUBLE_CLICK = 500
"""Milliseconds; a click that does nothing can be told from one that waits only after it."""


@pytest.fixture
def charts(board: Board, page: Page) -> tuple[Locator, Locator]:
    """The chart of the requests and that of their latency."""
    board.open()
    found = [page.locator(f"#panel-{panel} .chart") for panel in (TRAFFIC, LATENCY)]
    for each in found:
        expect(each.locator("svg")).to_be_visible()
    found[0].scroll_into_view_if_needed()
    return found[0], found[1]


def point(page: Page, chart: Locator, share: float) -> tuple[float, float]:
    """Return a place in a chart, so far of its width from the left."""
    box = chart.bounding_box()
    assert box is not None
    return box["x"] + share * box["width"], box["y"] + 0.4 * box["height"]


def drag(page: Page, chart: Locator, start: float, end: float) -> None:
    page.mouse.move(*point(page, chart, start))
    page.mouse.down()
    page.mouse.move(*point(page, chart, end), steps=4)
    expect(page.locator(".brush")).to_have_count(2)
    page.mouse.up()


def length(address: str) -> float:
    """Return how many seconds long the period of an address is."""
    told = dict(parse_qsl(urlsplit(address).query))
    return (datetime.fromisoformat(told["end"]) - datetime.fromisoformat(told["start"])).seconds


def expect_beside(tip: Locator, x: float) -> None:
    """A box stands beside what it tells of, and on the page."""
    box = tip.bounding_box()
    assert box is not None
    assert not box["x"] < x < box["x"] + box["width"]
    assert 0 <= box["x"] <= tip.page.evaluate("innerWidth") - box["width"]


def expect_names_beside_last_points(chart: Locator) -> None:
    points, names = chart.evaluate(
        """chart => [
          [...chart.querySelectorAll(".open-point")].map((each) => Number(each.getAttribute("cy"))),
          [...chart.querySelectorAll(".series-name")].map((each) => each.getAttribute("y") - 4),
        ]"""
    )
    assert len(names) == 3
    # A bucket that has just begun may have none. Names that would touch are moved apart alike.
    if len(points) == 3:
        assert sum(names) / 3 == pytest.approx(sum(points) / 3, abs=5)


def expect_no_odd_number(page: Page) -> None:
    drawn = page.locator(".chart").evaluate_all("all => all.map((each) => each.outerHTML).join()")
    assert "NaN" not in drawn
    assert "Infinity" not in drawn
    assert "undefined" not in drawn


def test_one_moment_is_read_in_every_chart_at_once(
    page: Page, charts: tuple[Locator, Locator]
) -> None:
    traffic, latency = charts
    whole = page.locator(f"#panel-{TRAFFIC} .legend b").first.inner_text()
    label = page.locator(f"#panel-{LATENCY} .legend").get_by_text("whole period")
    expect(label).to_be_visible()
    expect_names_beside_last_points(latency)

    for share in (0.15, 0.5, 0.995):
        x, y = point(page, traffic, share)
        page.mouse.move(x, y)
        tip = traffic.locator(".chart-tip")
        expect(tip).to_contain_text("total")
        expect(page.locator(".crosshair")).to_have_count(2)
        expect_beside(tip, x)
    expect(tip).to_contain_text("so far")
    expect(latency.locator(".chart-tip")).to_have_count(0)
    expect(label).to_be_hidden()
    expect(page.locator(f"#panel-{LATENCY} .legend")).to_contain_text("this moment")
    expect(page.locator(f"#panel-{TRAFFIC} .legend b").first).not_to_have_text(whole)

    # A narrow chart has no room in its middle, and tells as much there.
    for share in (0.2, 0.45, 0.55, 0.8):
        x, y = point(page, latency, share)
        page.mouse.move(x, y)
        tip = latency.locator(".chart-tip")
        expect(tip).to_contain_text("p95 day before")
        expect(tip.locator(".share").last).to_have_text(
            re.compile("^([+\N{MINUS SIGN}][\\d.]+|0[.\\d]*) m?s$")
        )
        expect_beside(tip, x)

    page.mouse.move(5, 5)
    expect(page.locator(".crosshair")).to_have_count(0)


def test_a_drag_sets_the_period_and_a_double_click_goes_back(
    page: Page, board: Board, charts: tuple[Locator, Locator]
) -> None:
    traffic, latency = charts
    everything = board.requests()

    drag(page, traffic, 0.3, 0.6)
    expect(page).to_have_url(CUSTOM)
    wait_until(lambda: board.requests() < everything, what="the period stayed")
    expect_no_odd_number(page)
    first = page.url
    drag(page, latency, 0.4, 0.6)
    expect(page).not_to_have_url(first)

    page.mouse.dblclick(*point(page, traffic, 0.5))
    expect(page).to_have_url(first)
    page.mouse.dblclick(*point(page, traffic, 0.5))
    expect(page).to_have_url(re.compile(r"/dashboard$"))
    # Nothing is left to go back from: neither of these, nor of what the browser's button undid.
    page.mouse.dblclick(*point(page, latency, 0.5))
    expect(page).to_have_url(re.compile(r"/dashboard$"))
    drag(page, latency, 0.4, 0.6)
    expect(page).to_have_url(CUSTOM)
    page.go_back()
    expect(page).to_have_url(re.compile(r"/dashboard$"))
    page.mouse.dblclick(*point(page, latency, 0.5))
    page.wait_for_timeout(LONGER_THAN_A_DOUBLE_CLICK)
    expect(page).to_have_url(re.compile(r"/dashboard$"))


def test_another_view_of_the_page_leaves_it_where_it_is_scrolled_to(
    page: Page, charts: tuple[Locator, Locator]
) -> None:
    legend = page.locator(f"#panel-{TRAFFIC} .legend").get_by_role("link", name="2xx")
    shares = page.get_by_role("navigation", name="Shares by").get_by_role("link", name="region")

    def choose_share() -> None:
        # Where it stands: Playwright's own click would bring it into view.
        shares.evaluate("link => link.click()")

    for change in (lambda: drag(page, charts[0], 0.3, 0.6), legend.click, choose_share):
        page.evaluate("scrollTo(0, 200)")
        before = page.url
        change()
        expect(page).not_to_have_url(before)
        assert page.evaluate("scrollY") == 200
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Token").click()
    expect(page.locator("#decoded-token")).to_be_visible()
    assert page.evaluate("scrollY") == 0


def test_a_click_on_a_bar_narrows_the_period_to_it_until_it_is_the_only_one(
    page: Page, board: Board, charts: tuple[Locator, Locator]
) -> None:
    traffic, latency = charts
    bars, narrowing = traffic.locator(".bar"), re.compile("narrowing")
    page.mouse.move(*point(page, latency, 0.4))
    expect(latency.locator(".chart-tip")).to_be_visible()
    expect(latency).not_to_have_class(narrowing)
    page.mouse.click(*point(page, latency, 0.4))
    addresses = [page.url]

    for seconds, parts in ((900, 60), (15, 15), (1, 1)):
        bar = bars.filter(has=page.locator("rect")).first
        bar.hover(force=True)
        expect(traffic).to_have_class(narrowing)
        bar.click(force=True)
        expect(page).not_to_have_url(addresses[-1])
        assert length(page.url) == seconds
        expect(bars).to_have_count(parts)
        addresses.append(page.url)

    bars.first.hover(force=True)
    expect(traffic.locator(".chart-tip")).to_be_visible()
    expect(traffic).not_to_have_class(narrowing)
    bars.first.click(force=True)
    bars.first.dblclick(force=True)
    expect(page).to_have_url(addresses[2])
    # Neither press of a double click narrows.
    expect(bars).to_have_count(15)
    bars.filter(has=page.locator("rect")).first.dblclick(force=True)
    expect(page).to_have_url(addresses[1])
    page.wait_for_timeout(LONGER_THAN_A_DOUBLE_CLICK)
    expect(page).to_have_url(addresses[1])
    board.expect_filled()


def test_a_chart_is_read_and_a_period_is_marked_by_keys(
    page: Page, charts: tuple[Locator, Locator]
) -> None:
    traffic, _ = charts
    traffic.focus()
    page.keyboard.press("?")
    expect(page.locator(".key-list")).to_contain_text("Read a chart")
    page.keyboard.press("Escape")
    traffic.focus()

    page.keyboard.press("ArrowLeft")
    expect(traffic).to_have_attribute("aria-valuetext", re.compile(r"so far: 2xx [\d,]+, "))
    page.keyboard.press("ArrowLeft")
    expect(traffic).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d: 2xx [\d,]+, "))
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(".brush")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".brush, .crosshair")).to_have_count(0)
    expect(traffic).to_have_attribute("aria-valuetext", "the whole period")

    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")

    expect(page).to_have_url(CUSTOM)


def test_enter_narrows_the_period_to_the_bar_that_is_read(
    page: Page, charts: tuple[Locator, Locator]
) -> None:
    traffic, latency = charts
    opened = page.url
    for chart in (latency, traffic):
        # Without a bar that is read, and in a chart of lines, there is nothing to narrow to.
        expect(page).to_have_url(opened)
        chart.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")

    expect(page).to_have_url(CUSTOM)
    assert length(page.url) == 900
    expect(traffic).to_be_focused()


def test_the_scale_is_chosen_in_the_head_of_the_panel(
    page: Page, board: Board, charts: tuple[Locator, Locator]
) -> None:
    traffic, latency = charts
    expect(page.get_by_role("button", name="Log")).to_have_attribute("aria-pressed", "true")

    page.get_by_role("button", name="%", exact=True).click()
    page.get_by_role("button", name="Linear").click()

    expect(traffic.locator("text").get_by_text("100 %")).to_be_visible()
    expect(latency.locator("text").get_by_text("0", exact=True)).to_be_visible()
    # The dashed line is of counts.
    expect(traffic.locator(".line-before")).to_have_count(0)
    expect_no_odd_number(page)
    # It stays while the page lives.
    page.get_by_role("navigation", name="Period").get_by_role("link", name="1 h").click()
    board.expect_filled()
    expect(page.get_by_role("button", name="%", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_an_entry_of_the_legend_filters_and_with_alt_hides(
    page: Page, board: Board, charts: tuple[Locator, Locator]
) -> None:
    traffic, latency = charts
    entry = page.locator(f"#panel-{TRAFFIC} .legend").get_by_role("link", name="4xx")
    limit = page.locator(f"#panel-{TRAFFIC} .chart-limit")
    expect(limit).to_be_visible()
    expect(traffic.locator(".bar .tone-calm").first).to_be_attached()
    expect(traffic.locator(".bar .tone-warning").first).to_be_attached()

    entry.click(modifiers=["Alt"])
    expect(entry).to_have_class("off")
    expect(traffic.locator(".bar .tone-warning")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/dashboard$"))
    board.choose(TRAFFIC, "Show 4xx")
    expect(traffic.locator(".bar .tone-warning").first).to_be_attached()
    lines = latency.locator(".line")
    named = page.locator(f"#panel-{LATENCY} .legend")
    named.get_by_role("button", name="p99").click()
    expect(lines).to_have_count(2)
    # The period before goes with what it is told of.
    expect(named).to_contain_text("p95 day before")
    named.get_by_role("button", name="p95", exact=False).first.click()
    expect(lines).to_have_count(1)
    expect(latency.locator(".line-before")).to_have_count(0)
    expect(named).not_to_contain_text("before")

    entry.click()
    expect(page).to_have_url(re.compile(r"status_class=4xx$"))
    expect(traffic.locator(".bar .tone-calm")).to_have_count(0)
    # Of errors alone every bucket would be above the limit of errors.
    expect(limit).to_have_count(0)


def test_the_period_before_is_a_dashed_line_unless_the_address_says_off(
    page: Page, visitor: Visitor, board: Board, charts: tuple[Locator, Locator]
) -> None:
    for chart in charts:
        expect(chart.locator(".line-before")).to_have_attribute("d", re.compile(r"^M\d"))
    expect(page.locator(f"#panel-{TRAFFIC} .legend")).to_contain_text("day before")

    visitor.open("/dashboard?compare=off")
    board.expect_filled()

    expect(page.locator(".chart svg")).to_have_count(2)
    expect(page.locator(".line-before")).to_have_count(0)
    expect(page.locator(f"#panel-{TRAFFIC} .legend")).not_to_contain_text("before")


def test_what_a_period_is_compared_with_is_chosen_by_keys(
    page: Page, charts: tuple[Locator, Locator]
) -> None:
    legend = page.locator(f"#panel-{TRAFFIC} .legend")
    opener = page.get_by_role("button", name="Compared with: ")
    # As the charts call it.
    expect(opener).to_have_accessible_name("Compared with: Day before")

    def choose(name: str) -> None:
        opener.press("Enter")
        choice = page.locator(".pop").get_by_role("link", name=name)
        for _ in range(4):
            page.keyboard.press("Tab")
            if choice.evaluate("choice => choice === document.activeElement"):
                break
        page.keyboard.press("Enter")
        expect(opener).to_have_accessible_name(f"Compared with: {name}")
        expect(opener).to_be_focused()
        expect(page.locator(".pop")).to_have_count(0)

    choose("Week before")
    expect(page).to_have_url(re.compile(r"compare=week$"))
    expect(legend).to_contain_text("week before")

    choose("None")
    expect(page).to_have_url(re.compile(r"compare=off$"))
    expect(page.locator(".line-before")).to_have_count(0)
    expect(legend).not_to_contain_text("before")

    choose("Day before")
    expect(page).to_have_url(re.compile(r"/dashboard$"))
    expect(legend).to_contain_text("day before")


def test_every_period_is_drawn_without_odd_numbers_and_with_marks_that_do_not_touch(
    page: Page, board: Board, visitor: Visitor
) -> None:
    board.open()

    for range_ in ("15m", "1h", "7d", "30d"):
        visitor.open(f"/dashboard?range={range_}&route=/v1/orders")
        board.expect_filled()
        expect(page.locator(".chart svg")).to_have_count(2)
        expect_no_odd_number(page)
        for panel in (TRAFFIC, LATENCY):
            boxes = [
                box
                for text in page.locator(f"#panel-{panel} .chart text[text-anchor=middle]").all()
                if (box := text.bounding_box())
            ]
            assert len(boxes) > 1, range_
            for one, next_ in pairwise(boxes):
                assert one["x"] + one["width"] <= next_["x"], range_


def test_a_chart_is_saved_as_a_picture_that_says_of_when_and_of_what_it_is(
    page: Page, board: Board
) -> None:
    board.open(address="/dashboard?range=1h&method_not=GET")
    page.evaluate(
        """() => {
          window.written = [];
          window.marks = [];
          const fill = CanvasRenderingContext2D.prototype.fillRect;
          CanvasRenderingContext2D.prototype.fillRect = function (...box) {
            window.marks.push(box[2]);
            return fill.call(this, ...box);
          };
          const write = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
            window.written.push(text);
            return write.call(this, text, ...place);
          };
        }"""
    )

    with page.expect_download() as download:
        board.choose(LATENCY, "Save as PNG")

    assert download.value.suggested_filename == f"{LATENCY}.png"
    assert download.value.path().read_bytes()[:4] == b"\x89PNG"
    title, caption, *legend = page.evaluate("window.written")
    assert title == "Latency"
    assert re.fullmatch(r"\d+ \w+ \d\d:\d\d to now UTC\+\d, method is not GET", caption)
    assert legend == ["p50", "p95", "p99", "p95 hour before"]
    # Three lines, and one of dashes.
    assert page.evaluate("window.marks.slice(1)") == [14, 14, 14, 3, 3, 3]


def test_a_picture_that_cannot_be_saved_is_said_for_a_moment(page: Page, board: Board) -> None:
    board.open()
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = (done) => done(null); }")

    board.choose(LATENCY, "Save as PNG")

    expect(page.locator(f"#panel-{LATENCY}")).to_contain_text("could not save the picture")
    expect(page.locator(f"#panel-{LATENCY}")).not_to_contain_text("could not save the picture")


def test_a_finger_reads_by_a_tap_narrows_by_another_and_marks_by_waiting_first(
    phone: Visitor, app: RunningApp
) -> None:
    page, board = phone.page, Board(phone, app)
    page.set_viewport_size({"width": 390, "height": 844})
    board.open()
    traffic = page.locator(f"#panel-{TRAFFIC} .chart")
    expect(traffic.locator("svg")).to_be_visible()
    traffic.scroll_into_view_if_needed()

    page.touchscreen.tap(*point(page, traffic, 0.5))
    tip = traffic.locator(".chart-tip")
    expect(tip).to_contain_text("2xx")
    # There is no room beside it for all that it says.
    expect(tip.locator(".share").first).to_have_text(re.compile(r"^[\d.]+ %$"))
    box, own = tip.bounding_box(), traffic.bounding_box()
    assert box is not None
    assert own is not None
    assert 0 <= box["x"] <= 390 - box["width"]
    assert box["y"] + box["height"] <= own["y"] + 1 or own["y"] + own["height"] <= box["y"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    bars = traffic.locator(".bar").count()
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, share: float | None) -> None:
        x, y = point(page, traffic, share or 0)
        points = [] if share is None else [{"x": x, "y": y}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.4)
    page.wait_for_timeout(600)
    touch("touchMove", 0.5)
    touch("touchMove", 0.7)
    expect(page.locator(".brush")).to_have_count(2)
    touch("touchEnd", None)
    expect(page).to_have_url(CUSTOM)
    marked = page.url
    expect(traffic.locator(".bar")).not_to_have_count(bars)
    page.locator(f"#panel-{TRAFFIC} .legend").get_by_role("link", name="2xx").tap()
    expect(page).to_have_url(re.compile("status_class=2xx$"))
    page.get_by_role("link", name="Remove filter status is 2xx").tap()
    expect(page).to_have_url(marked)

    page.touchscreen.tap(*point(page, traffic, 0.6))
    expect(tip.locator(".touch")).to_have_text("Tap again to set the period")
    expect(page).to_have_url(marked)
    page.touchscreen.tap(*point(page, traffic, 0.6))
    expect(page).not_to_have_url(marked)
    expect(page).to_have_url(CUSTOM)
    page.locator(f"#panel-{TRAFFIC} .legend").get_by_role("link", name="2xx").tap()
    expect(page).to_have_url(re.compile("status_class=2xx$"))
    page.get_by_role("link", name="Remove filter status is 2xx").tap()
    expect(page).not_to_have_url(re.compile("status_class"))

    # On a tablet too, whatever is pressed is as high as a finger.
    page.set_viewport_size({"width": 820, "height": 1180})
    pressed = (
        page.locator("main").locator(".toolbar, .tools, .legend, th").locator("a, button, input")
    )
    low = "all => all.filter((each) => each.checkVisibility() && each.offsetHeight < 44)"
    assert pressed.evaluate_all(f"{low}.map((each) => each.outerHTML)") == []
