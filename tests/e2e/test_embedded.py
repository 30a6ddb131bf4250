"""The dashboard alone in a frame of another page, which has to be one of a named site."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit

from playwright.sync_api import FrameLocator, Page, expect

from tests.e2e.board import FIGURES, ROUTES, Board
from tests.e2e.conftest import EMBEDDER
from tests.e2e.visitor import Visitor


@contextmanager
def _another_site(origin: str) -> Iterator[None]:
    """Serve pages of another site, each with the app's page of the same path in a frame."""

    class Embedder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            frame = f'<iframe src="{origin}{self.path}" width="1000" height="700"></iframe>'
            self.wfile.write(f"<title>Elsewhere</title>{frame}".encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", urlsplit(EMBEDDER).port or 0), Embedder) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def test_a_named_site_shows_the_dashboard_in_a_frame_and_nothing_else_of_it(
    visitor: Visitor, board: Board, page: Page
) -> None:
    def embed(path: str) -> FrameLocator:
        page.goto(f"{EMBEDDER}{path}")
        return page.frame_locator("iframe")

    board.open()
    with _another_site(visitor.origin):
        frame = embed("/embed?range=7d")
        expect(frame.locator(f"#panel-{FIGURES} dd b").first).to_have_text(re.compile(r"^[\d,]+$"))
        expect(frame.get_by_role("banner")).to_have_count(0)
        expect(frame.get_by_role("navigation", name="Pages")).to_have_count(0)
        expect(frame.get_by_role("link", name="7 d")).to_have_attribute("aria-current", "true")
        frame.locator(f"#panel-{ROUTES} tbody a[href^='/embed/route']").first.press("Enter")
        frame.get_by_role("link", name="All routes").click()
        expect(frame.get_by_role("link", name="24 h")).to_have_attribute("href", "/embed")

        frame = embed("/dashboard")
        expect(page.locator("iframe")).to_be_visible()
        expect(frame.locator("main")).to_have_count(0)

        page.context.clear_cookies()
        way_in = embed("/embed").get_by_role("link", name="Sign in to see yours")
        expect(way_in).to_have_attribute("target", "_blank")
        expect(way_in).to_have_attribute("href", "/sign-in")
    visitor.forgive(rf"request to another host: {EMBEDDER}|frame-ancestors|Framing")
