"""Backends and workers over one Redis, behind TLS, where each request goes to any of them.

nginx and Caddy have the files of ``deploy/``.
"""

import logging
import os
import shutil
import signal
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from clerk_tinybird_app.prebuilt.supervisor import STOP_SECONDS
from tests.e2e.board import RECENT, Board
from tests.e2e.visitor import Visitor
from tests.local.tinybird.process import Tinybird
from tests.redis_server import ADVICE, RedisServer, is_there, redis_server
from tests.running_app import ROOT, RunningApp, answers, free_port, wait_until
from tests.web_servers import (
    Authority,
    caddy,
    caddy_backends,
    deployed,
    nginx,
    nginx_backends,
    own_names,
)

pytestmark = pytest.mark.skipif(not is_there(), reason=ADVICE)

_logger = logging.getLogger(__name__)

SECRET: Final = "what-only-the-backends-of-this-test-know"
AWAY_SECONDS: Final = 30.0
"""How long Redis is away: longer than anything waits for it, and than Reflex's listeners try."""

WORKERS: Final = 6
"""All that there are, and those that are killed."""

ESTABLISHED: Final = "01"
LOST: Final = "server does not answer"


@dataclass
class Backends:
    """A server of two workers and one of one, and what they share.

    Attributes:
        fronts: The origins of "nginx" and "caddy", which both send a request to any of them.
        trusting: What a client uses that trusts their certificate.
    """

    apps: tuple[RunningApp, RunningApp]
    redis: RedisServer
    tinybird: Tinybird
    fronts: dict[str, str]
    trusting: ssl.SSLContext
    began: float = field(default_factory=time.monotonic)

    def logged(self) -> str:
        return "".join(app.log.read_text(errors="replace") for app in self.apps)

    def get(self, path: str, front: str = "nginx") -> httpx.Response:
        """Ask whichever it is sent to."""
        return httpx.get(f"{self.fronts[front]}{path}", verify=self.trusting)

    def readiness(self) -> list[dict[str, Any]]:
        """Return what each says of Redis."""
        return [httpx.get(f"{app.origin}/api/ready").json()["parts"]["redis"] for app in self.apps]


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[Backends]:
    folder = tmp_path_factory.mktemp("backends")
    ports = {name: free_port() for name in ("nginx", "plain", "caddy")}
    fronts = {name: f"https://localhost:{ports[name]}" for name in ("nginx", "caddy")}
    authority = Authority(folder, ["localhost"])
    product = ("--product", "clerk_tinybird_app.product")
    with ExitStack() as stack:
        # On disk too, in the clear: what is there must show nothing.
        on_disk = ("--appendonly", "yes", "--rdbcompression", "no")
        redis = stack.enter_context(redis_server(*on_disk))
        tinybird = stack.enter_context(Tinybird(ROOT / "tinybird", folder / "tinybird", *product))
        env = {
            "TINYBIRD_API_URL": f"http://localhost:{tinybird.port}",
            "TINYBIRD_WORKSPACE_ID": tinybird.workspace_id,
            "TINYBIRD_JWT_SECRET": tinybird.key,
            "CLERK_AUTHORIZED_PARTIES": ",".join(fronts.values()),
            "DASHBOARD_REFRESH_SECONDS": "2",
            "CLERK_SIGN_IN_URL": "/login",
            "REFLEX_REDIS_URL": redis.url,
            "REDIS_SECRET": SECRET,
            "WEB_CONCURRENCY": "2",
        }
        alone = env | {"WEB_CONCURRENCY": "1"}
        apps = (RunningApp(folder / "one", env), RunningApp(folder / "other", alone))
        shared = apps[0].folder / ".local"
        shared.mkdir(exist_ok=True)
        # Both have the same embedded Clerk.
        if (own := apps[1].folder / ".local").exists():
            own.rename(folder / "unused")
        own.symlink_to(shared)
        for app in apps:
            app.tinybird_port = tinybird.port
            stack.callback(app.stop)
            # As another test's app, which has the same pages.
            app.prod(kept.with_name("kept-configured"))
        names = own_names(authority, "localhost", ports["nginx"], ports["plain"])
        served = [app.port for app in apps]
        site = deployed("nginx.conf", nginx_backends(*served) | names)
        tls = f"localhost:{ports['caddy']} {{\n\ttls {authority.certificate} {authority.key}\n"
        caddyfile = deployed("Caddyfile", caddy_backends(*served) | {"app.example.com {\n": tls})
        for name in fronts:
            (folder / name).mkdir()
        stack.enter_context(nginx(folder / "nginx", ports["nginx"], site))
        stack.enter_context(caddy(folder / "caddy", ports["caddy"], caddyfile))
        yield Backends(apps, redis, tinybird, fronts, authority.trusting)


@dataclass
class Tab:
    """A dashboard that must go on without being loaded again."""

    visitor: Visitor
    board: Board
    page: Page
    tenant: str = ""
    closed: list[str] = field(default_factory=list)

    def open(self, email: str) -> None:
        self.page.on("websocket", lambda one: one.on("close", lambda _: self.closed.append("")))
        self.visitor.sign_in_at("/dashboard", email)
        self.board.expect_filled()
        self.tenant = self.page.evaluate("window.Clerk.organization.id")
        self.page.evaluate("window.wasNotReloaded = true")

    def goes_on(self, route: str, seconds: float = 20) -> None:
        """Show a new row within so many seconds, without being loaded again."""
        self.board.post_event(self.tenant, route)
        began = time.monotonic()
        row = self.page.locator(f"#panel-{RECENT}").get_by_text(f"GET {route}").first
        expect(row).to_be_visible(timeout=seconds * 1_000)
        assert self.page.evaluate("window.wasNotReloaded") is True
        _logger.info("%s: new data after %.1f s", route, time.monotonic() - began)


def visit(browser: Browser, origin: str) -> Visitor:
    # test_behind_tls.py has a browser that trusts one certificate alone.
    return Visitor(browser.new_context(ignore_https_errors=True), origin)


@pytest.fixture
def open_tab(browser: Browser, backends: Backends) -> Iterator[Callable[..., Tab]]:
    tabs: list[Tab] = []

    def open_one(email: str = "admin@acme.test", front: str = "nginx") -> Tab:
        visitor = visit(browser, backends.fronts[front])
        tabs.append(Tab(visitor, Board(visitor, backends.apps[0]), visitor.page))
        tabs[-1].open(email)
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.visitor.context.close()


def test_a_whole_walk_through_all_of_them_and_nothing_readable_in_redis(
    backends: Backends, browser: Browser
) -> None:
    visitor = visit(browser, backends.fronts["nginx"])
    page = visitor.page
    minted = visitor.sign_in_by_form("admin@acme.test")
    visitor.open("/dashboard")
    Board(visitor, backends.apps[0]).expect_filled()
    session = page.evaluate("window.Clerk.session.getToken()")
    tenant = page.evaluate("window.Clerk.organization.id")
    client = page.evaluate("window.sessionStorage.getItem('token')")
    cookies = {each["name"]: each["value"] for each in visitor.context.cookies()}
    assert client
    assert {"__client"} <= cookies.keys(), cookies.keys()

    with backends.redis.client() as data:
        names = list(data.scan_iter())
        assert any(b"session_state" in name for name in names)
        data.save()
    on_disk = [path.read_bytes() for path in backends.redis.folder.rglob("*.*") if path.is_file()]
    assert any(b"session_state" in each for each in on_disk)
    secrets = [minted, session, client, SECRET, backends.tinybird.key, tenant, "admin@acme.test"]
    for secret in [*secrets, *(value for value in cookies.values() if len(value) > 15)]:
        for seen in [*names, *on_disk]:
            assert secret.encode() not in seen, secret

    visitor.open()
    token = visitor.token()
    visitor.switch_from(token, "Globex")
    visitor.sign_out()
    visitor.expect_signed_out()
    for app in backends.apps:
        if not _had_websocket(app):
            # nginx takes turns with requests: after one more, the next websocket is at the other.
            backends.get("/api/health")
            visitor.open()
        wait_until(partial(_had_websocket, app), what="it had no websocket")
    assert visitor.faults == []
    visitor.context.close()


def _had_websocket(app: RunningApp) -> bool:
    return "WEBSOCKET" in app.log.read_text()


def _kill_until_closed(app: RunningApp, tab: Tab) -> bool:
    """Kill the workers of a server one by one, until it was the tab's; tell whether it was."""
    workers = set(app.workers())
    assert not tab.closed

    def is_replaced(pid: int) -> bool:
        now = set(app.workers()) - {pid}
        return len(now) == len(workers) and answers(f"{app.origin}/api/health")

    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        wait_until(partial(is_replaced, pid), seconds=30, what="it was not replaced")
        # The browser's events are heard while something is asked of it.
        tab.page.title()
        if tab.closed:
            return True
    return False


def test_a_worker_that_is_killed_is_replaced_and_its_tab_goes_on(
    backends: Backends, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab()

    # Which one has it, the connections do not tell: nginx keeps those of its requests open.
    assert any(_kill_until_closed(app, tab) for app in backends.apps)

    tab.goes_on("/after-a-kill", seconds=15)


def test_a_redis_that_restarts_empty_costs_no_tab(
    backends: Backends, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab()

    backends.redis.stop()
    shutil.rmtree(backends.redis.folder / "appendonlydir")
    (backends.redis.folder / "dump.rdb").unlink(missing_ok=True)
    backends.redis.start()

    tab.goes_on("/after-a-restart", seconds=30)
    _expect_quiet(backends)


def test_while_redis_does_not_work_tabs_say_so_and_go_on_by_themselves(
    backends: Backends, open_tab: Callable[..., Tab]
) -> None:
    redis, tab = backends.redis, open_tab()
    # An outage has its length: what gives up does so after a while.
    for breaks, mends, reason, seconds in (
        (redis.stop, redis.start, "redis_unreachable", AWAY_SECONDS),
        (redis.fill, redis.make_room, "redis_full", 0),
    ):
        breaks()
        began = time.monotonic()
        try:
            expect(tab.page.locator("#trouble")).to_contain_text(LOST)
            _logger.info("%s: said after %.1f s", reason, time.monotonic() - began)
            assert all(told["reason"].startswith(reason) for told in backends.readiness())
            time.sleep(max(0, seconds - (time.monotonic() - began)))
        finally:
            mends()

        tab.goes_on(f"/after-{reason}", seconds=60)
        expect(tab.page.locator("#trouble")).not_to_be_visible()
        assert all(told["ready"] for told in backends.readiness())
    _expect_quiet(backends)


def _expect_quiet(backends: Backends) -> None:
    """Each process tells of Redis once a minute at most, and nothing else of it."""
    said = backends.logged()
    assert "Traceback" not in said
    assert "An event failed" not in said
    minutes = (time.monotonic() - backends.began) / 60 + 1
    assert said.count("Redis fails") <= WORKERS * minutes


def _has_unread(port: int) -> bool:
    """Tell whether a server has been sent what it has not read."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    mine = (row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == ESTABLISHED)
    return any(int(row[4].partition(":")[2], 16) for row in mine)


def test_a_stop_ends_in_time_while_queries_and_redis_hang(
    backends: Backends, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab()
    tinybird = backends.tinybird.process
    tinybird.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: _has_unread(backends.tinybird.port), what="no query is under way")
        backends.redis.hang()
        for app in backends.apps:
            began = time.monotonic()
            app.end(signal.SIGTERM)
            assert app.ended() == 0
            seconds = time.monotonic() - began
            _logger.info("stopped after %.1f s", seconds)
            assert seconds < STOP_SECONDS
    finally:
        tinybird.send_signal(signal.SIGCONT)
        backends.redis.go_on()
    for app in backends.apps:
        app.restart()

    tab.goes_on("/after-a-hanging-stop", seconds=60)


@pytest.mark.parametrize("front", ["nginx", "caddy"])
def test_a_rolling_restart_under_load_loses_no_tab_and_no_request(
    backends: Backends, open_tab: Callable[..., Tab], front: str
) -> None:
    tabs = [open_tab(front=front), open_tab("admin@globex.test", front)]
    ended, statuses = Event(), list[int]()

    def load() -> None:
        # One that is sent to a backend that starts waits for it.
        origin = backends.fronts[front]
        with httpx.Client(base_url=origin, verify=backends.trusting, timeout=30) as http:
            while not ended.wait(0.05):
                statuses.append(http.get("/dashboard").status_code)

    loading = Thread(target=load)
    loading.start()
    try:
        for number, app in enumerate(backends.apps):
            app.end(signal.SIGTERM)
            began = time.monotonic()
            assert app.ended() == 0
            _logger.info("stopped after %.1f s", time.monotonic() - began)
            app.restart()
            for tab in tabs:
                tab.goes_on(f"/after-restart-{front}-{number}", seconds=60)
    finally:
        ended.set()
        loading.join()
    _logger.info("%d requests", len(statuses))
    assert set(statuses) == {200}
