"""A dashboard that only its declaration describes: every kind of panel, and who may see which."""

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.board import FIGURES, LATENCY, RECENT, ROUTES
from tests.e2e.visitor import SIGN_IN, Visitor
from tests.running_app import RunningApp

PANELS: Final = (FIGURES, LATENCY, "letters", ROUTES, RECENT, "again")


@pytest.fixture
def reader(browser: Browser, post_office: RunningApp) -> Iterator[Visitor]:
    """Somebody at the dashboard who is about to sign in."""
    post_office.wait_for_tinybird()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visitor = Visitor(context, post_office.origin, post_office.backend)
    visitor.open("/dashboard")
    yield visitor
    context.close()
    assert visitor.faults == []


def _sign_in(reader: Visitor, email: str) -> Page:
    page = reader.page
    page.get_by_role("button", name=SIGN_IN).click()
    reader.fill_sign_in(email)
    expect(page.locator(f"#panel-{RECENT} tbody tr").first).to_be_visible()
    expect(page.locator("main .skeleton")).to_have_count(0)
    return page


def _edges(page: Page, panel: str) -> tuple[float, float, float]:
    """Return a panel's left, right and upper edge."""
    box = page.locator(f"#panel-{panel}").bounding_box()
    assert box is not None
    return box["x"], box["x"] + box["width"], box["y"]


def test_every_kind_of_panel_is_drawn_from_its_declaration_alone(reader: Visitor) -> None:
    page = _sign_in(reader, "admin@acme.test")

    expect(page.locator("header").get_by_role("link", name="Post Office")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mail")
    for panel in PANELS:
        expect(page.locator(f"#panel-{panel}")).to_be_visible()
    expect(page.locator(f"#panel-{FIGURES} dt")).to_have_text(["Sent", "Slowest"])
    lines = page.locator(f"#panel-{LATENCY} .chart .line")
    expect(lines).to_have_count(2)
    assert all("NaN" not in (line.get_attribute("d") or "NaN") for line in lines.all())
    expect(page.locator(f"#panel-{LATENCY} .chart text").get_by_text("100 ms")).to_be_visible()
    expect(page.locator("#panel-letters th")).to_have_text(["letter", "requests", "share"])
    expect(page.locator("#panel-letters tbody tr")).to_have_count(5)
    expect(page.locator(f"#panel-{ROUTES} th")).to_contain_text(
        [re.compile("^letter"), re.compile("^requests")]
    )
    left, _, upper = _edges(page, LATENCY)
    assert _edges(page, FIGURES)[1] < left
    assert _edges(page, FIGURES)[2] == upper


def test_a_press_on_a_share_filters_by_it(reader: Visitor) -> None:
    page = _sign_in(reader, "admin@acme.test")
    letter = page.locator("#panel-letters tbody a").first
    name = letter.inner_text()

    letter.click()

    expect(page.locator("#filters")).to_contain_text(f"letter is {name}")
    # The others stay beside it, and a second press leads back to all. A route has a row a method.
    chosen = page.locator("#panel-letters tbody a[aria-current=true]").first
    expect(chosen).to_have_text(name)
    expect(page.locator("#panel-letters tbody a[aria-current=false]").first).to_be_visible()
    chosen.click()
    expect(page.locator("#filters .chip")).to_have_count(0)


def test_of_several_lists_the_one_that_is_read_has_the_keys(reader: Visitor) -> None:
    page = _sign_in(reader, "admin@acme.test")
    first, second = (page.locator(f"#panel-{name}") for name in (RECENT, "again"))
    second.get_by_role("region").focus()

    page.keyboard.press("m")

    expect(second.locator("tbody tr")).to_have_count(70)
    expect(first.locator("tbody tr")).to_have_count(20)
    page.keyboard.press("/")
    expect(second.get_by_role("searchbox")).to_be_focused()
    page.locator("#content").focus()
    page.keyboard.press("/")
    expect(first.get_by_role("searchbox")).to_be_focused()


def test_a_panel_that_a_session_may_not_read_is_not_there_and_leaves_no_hole(
    reader: Visitor,
) -> None:
    page = _sign_in(reader, "member@acme.test")

    for panel in (FIGURES, LATENCY):
        expect(page.locator(f"#panel-{panel}")).to_have_count(0)
    expect(page.locator("#live-status")).to_contain_text("Live")
    left, right, upper = _edges(page, "letters")
    assert _edges(page, ROUTES)[2] == upper
    assert (left, _edges(page, ROUTES)[1]) == _edges(page, RECENT)[:2]
    assert right < _edges(page, ROUTES)[0]
