"""The dashboard alone in a frame of another page, which has to be one of a named site."""

import re

from playwright.sync_api import FrameLocator, expect

from tests.e2e.board import FIGURES, ROUTES, Board
from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp

REFUSED = "frame-ancestors 'none'"


def test_a_named_site_shows_the_dashboard_in_a_frame_and_nothing_else_of_it(
    phone: Visitor, app: RunningApp, embedder: str
) -> None:
    visitor, page, board = phone, phone.page, Board(phone, app)

    def embed(path: str) -> FrameLocator:
        page.goto(f"{embedder}/?{visitor.origin}{path}")
        return page.frame_locator("iframe")

    board.open()
    frame = embed("/embed?range=7d")
    expect(frame.locator(f"#panel-{FIGURES} dd b").first).to_have_text(re.compile(r"^[\d,]+$"))
    expect(frame.get_by_role("banner")).to_have_count(0)
    expect(frame.get_by_role("navigation", name="Pages")).to_have_count(0)
    expect(frame.get_by_role("link", name="7 d")).to_have_attribute("aria-current", "true")
    frame.locator(f"#panel-{ROUTES} tbody a[href^='/embed/route']").first.press("Enter")
    frame.get_by_role("link", name="All routes").tap()
    expect(frame.get_by_role("link", name="24 h")).to_have_attribute("href", "/embed")

    with page.expect_console_message(lambda message: REFUSED in message.text):
        frame = embed("/dashboard")
    expect(frame.locator("main")).to_have_count(0)

    page.context.clear_cookies()
    way_in = embed("/embed").get_by_role("link", name="Sign in to see yours")
    expect(way_in).to_have_attribute("target", "_blank")
    expect(way_in).to_have_attribute("href", "/sign-in")
    visitor.forgive(rf"request to another host: {embedder}|{REFUSED}")
