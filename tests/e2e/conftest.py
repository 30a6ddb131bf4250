"""A browser at the real app, and a page that remembers everything that went wrong on it."""

import os
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.chromium import ADVICE, FLAGS, find_chromium
from tests.e2e.board import Board
from tests.e2e.post_office import copy_to
from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp

# A machine that runs other tests beside this one may be slow.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.fail(ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the pages of an app without a configuration are kept for all workers."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "kept-pages"


class _Embedder(BaseHTTPRequestHandler):
    """Answers with a page that has the address after the ``?`` in a frame."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        shown = self.path.partition("?")[2]
        frame = f'<iframe src="{shown}" width="1000" height="700"></iframe>'
        self.wfile.write(f"<title>Elsewhere</title>{frame}".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="package")
def embedder() -> Iterator[str]:
    """Serve another site, which may show ``/embed`` in a frame; return its origin."""
    with HTTPServer(("127.0.0.1", 0), _Embedder) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="package")
def app(
    tmp_path_factory: pytest.TempPathFactory, kept: Path, embedder: str
) -> Iterator[RunningApp]:
    """The app as users run it in production: built once, one port."""
    app = RunningApp(tmp_path_factory.mktemp("prod") / "app", {"EMBED_ANCESTORS": embedder})
    try:
        yield app.prod(kept)
    finally:
        app.stop()


@pytest.fixture(scope="package")
def dev_app(tmp_path_factory: pytest.TempPathFactory, embedder: str) -> Iterator[RunningApp]:
    """The app as its developers run it: hot reload, two ports, React's StrictMode."""
    app = RunningApp(tmp_path_factory.mktemp("dev") / "app", {"EMBED_ANCESTORS": embedder})
    try:
        yield app.dev()
    finally:
        app.stop()


@pytest.fixture(scope="package")
def post_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app with another dashboard, and with tokens of short lives."""
    app = copy_to(tmp_path_factory.mktemp("post_office") / "app")
    try:
        yield app.prod()
    finally:
        app.stop()


@pytest.fixture
def open_browser(browser: Browser, app: RunningApp) -> Iterator[Callable[..., Visitor]]:
    """Opens browsers that share nothing; at the end each must have seen no fault."""
    visitors: list[Visitor] = []

    def open_one(**options: Any) -> Visitor:
        context: BrowserContext = browser.new_context(
            color_scheme="dark", timezone_id="Europe/Berlin", **options
        )
        tinybird = f"http://localhost:{app.tinybird_port}"
        visitors.append(Visitor(context, app.origin, app.backend, tinybird))
        return visitors[-1]

    yield open_one
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.context.close()
    assert faults == []


@pytest.fixture
def visitor(open_browser: Callable[[], Visitor]) -> Visitor:
    return open_browser()


@pytest.fixture
def phone(open_browser: Callable[..., Visitor]) -> Visitor:
    """A browser that is used by fingers, on a small screen."""
    return open_browser(viewport={"width": 360, "height": 740}, has_touch=True)


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


@pytest.fixture
def board(visitor: Visitor, app: RunningApp) -> Board:
    return Board(visitor, app)
