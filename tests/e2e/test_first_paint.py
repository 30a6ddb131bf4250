"""Nothing flashes and nothing jumps: the theme, who is signed in, where things stand."""

import re
from itertools import product
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.board import Board
from tests.e2e.visitor import SIGN_IN, Visitor, wait_for
from tests.running_app import RunningApp

# Writes down, for every frame that is painted, what a person would see.
WATCH = """
  window.frames_ = { backgrounds: new Set(), signedOut: 0, signedIn: 0 };
  window.shift = 0;
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      window.shift += entry.value;
      for (const { node, previousRect, currentRect } of entry.sources) {
        const name = node?.id || node?.className || node?.nodeName;
        window.shifts.push(`${name}: ${previousRect.y} to ${currentRect.y}`);
      }
    }
  }).observe({ type: "layout-shift", buffered: true });
  const look = () => {
    const page = document.querySelector("main")?.parentElement;
    if (page) {
      window.frames_.backgrounds.add(getComputedStyle(page).backgroundColor);
      // What is rendered, not what only stands in the document.
      const text = page.innerText;
      window.frames_.signedOut += text.includes("SIGN_IN");
      window.frames_.signedIn += /Key figures|What is in the token/.test(text);
    }
    requestAnimationFrame(look);
  };
  look();
""".replace("SIGN_IN", SIGN_IN)
MOST_SHIFT = 0.1
MOST_SCRIPT_BYTES = 165_000
MOST_PICTURE_BYTES = 6_000
BLACK, WHITE = "rgb(10, 10, 10)", "rgb(246, 246, 245)"


def _seen(page: Page) -> dict[str, Any]:
    seen: dict[str, Any] = page.evaluate(
        "({ ...window.frames_, backgrounds: [...window.frames_.backgrounds], "
        "shift: window.shift, shifts: window.shifts })"
    )
    return seen


@pytest.mark.parametrize(("theme", "color"), [("dark", BLACK), ("light", WHITE)])
def test_the_first_frame_already_has_the_systems_theme(
    browser: Browser, app: RunningApp, theme: Any, color: str
) -> None:
    context = browser.new_context(color_scheme=theme)
    context.add_init_script(WATCH)
    visitor = Visitor(context, app.origin)
    for path in ("/", "/dashboard"):
        visitor.open(path)
        expect(visitor.page.get_by_role("button", name=SIGN_IN)).to_be_visible()

        assert _seen(visitor.page)["backgrounds"] == [color], path
    context.close()


def test_the_welcome_has_a_light_picture_of_the_dashboard_before_any_script(
    browser: Browser, app: RunningApp
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(app.origin)

    picture = page.locator(".picture")
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("inert", "")
    expect(picture).to_have_attribute("aria-hidden", "true")
    assert len(picture.evaluate("picture => picture.outerHTML")) <= MOST_PICTURE_BYTES
    context.close()


def test_the_first_frame_already_has_the_theme_that_was_chosen(
    visitor: Visitor, page: Page
) -> None:
    visitor.open()
    wait_for(page, "window.Clerk?.loaded")
    page.get_by_role("button", name="Switch between light and dark").click()
    wait_for(
        page,
        f"getComputedStyle(document.querySelector('main').parentElement).backgroundColor"
        f" === '{WHITE}'",
    )
    page.add_init_script(WATCH)

    page.goto(f"{visitor.origin}/dashboard")
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()

    assert _seen(page)["backgrounds"] == [WHITE]


def test_a_signed_out_visitor_sees_nothing_of_the_signed_in(visitor: Visitor, page: Page) -> None:
    page.add_init_script(WATCH)
    for path in ("/", "/dashboard"):
        visitor.open(path)
        expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()

        seen = _seen(page)
        assert seen["signedIn"] == 0, path
        assert seen["shift"] <= MOST_SHIFT, path


def test_a_signed_in_user_sees_nothing_of_the_signed_out_and_nothing_jumps(
    board: Board, page: Page, visitor: Visitor
) -> None:
    board.open()
    page.add_init_script(WATCH)

    for width, path in product((360, 1440), ("/dashboard", "/dashboard?range=15m", "/")):
        page.set_viewport_size({"width": width, "height": 900})
        visitor.open(path)
        if path == "/":
            visitor.token()
        else:
            board.expect_filled()
            expect(page.locator(".chart svg")).to_have_count(2)
        seen = _seen(page)
        assert seen["signedOut"] == 0, (width, path)
        assert seen["shift"] <= MOST_SHIFT, (width, path, seen["shifts"])


def test_a_tenant_without_rows_never_sees_a_panel_of_numbers(
    board: Board, page: Page, visitor: Visitor
) -> None:
    board.open("member@acme.test")
    visitor.switch_to("Personal account")
    expect(page.locator("#no-rows")).to_be_visible()
    page.add_init_script(WATCH.replace("Key figures", "No requests match"))

    visitor.open("/dashboard")
    expect(page.locator("#no-rows")).to_be_visible()

    seen = _seen(page)
    assert seen["signedIn"] == 0
    assert seen["shift"] <= MOST_SHIFT, seen["shifts"]


def test_the_scripts_of_the_home_page_weigh_little(app: RunningApp) -> None:
    page = httpx.get(app.origin).text
    scripts = set(re.findall(r'/assets/[^"]+\.js', page))
    accepts = {"Accept-Encoding": "br"}
    sizes: dict[str, int] = {}
    for path in scripts:
        with httpx.stream("GET", app.origin + path, headers=accepts) as answer:
            sizes[path] = sum(map(len, answer.iter_raw()))

    assert 100_000 < sum(sizes.values()) <= MOST_SCRIPT_BYTES, sizes
