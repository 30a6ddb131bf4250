"""Each misconfiguration with which the app starts: what it logs then, and what it tells pages."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest
from reflex_base.config import get_config

from clerk_tinybird_app import services
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.reflex_internals.connections import Connections
from clerk_tinybird_app.reflex_internals.frames import FrameCheck
from clerk_tinybird_app.reflex_internals.gate import Refusals, WebsocketGate
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.proxies import BehindProxies
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.telemetry import tracing
from tests.check.cases import CASES, Enter, names
from tests.check.servers import NOW
from tests.clerk.tokens import CLAIMS, HEADER, private_key, sign
from tests.configuration import shown_in_browser
from tests.misconfigurations import Case
from tests.misconfigurations.case import ORIGIN
from tests.reflex_internals.frames import NAMESPACE
from tests.reflex_internals.test_gate import Behind, named_problem, serve
from tests.reflex_internals.test_redis_states import started as redis_worker
from tests.state.tab import APP, Server, Tab

pytestmark = pytest.mark.anyio

Build = Callable[[Case], Services]
_PROXY: Final = "198.51.100.1"


@pytest.fixture
async def build(
    enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Build]:
    """Set up a case, and return the services of its app, whose readers are customers."""
    made: list[Services] = []
    # What they keep of a project is that of this one alone.
    kept = (services.pipe_parameters, services.pipe_fields)
    for each in kept:
        each.cache_clear()
    caplog.set_level(logging.INFO, "clerk_tinybird_app")

    def built(case: Case) -> Services:
        enter(case)
        running = services.build(
            replace(Settings.load(), token_page=False),
            folder=tmp_path / ".local",
            clock=time.time if case.is_real else lambda: NOW,
            transport=None if case.is_real else case.servers.transport,
        )
        monkeypatch.setattr(services, "current", lambda: running)
        made.append(running)
        return running

    yield built
    for each in kept:
        each.cache_clear()
    for one in made:
        await one.close()


def session_token(case: Case, running: Services) -> str:
    """Return what a page of this app would push, made by Clerk, whose own clock is right."""
    if running.embedded_clerk:
        return running.embedded_clerk.issue("admin@acme.test", "acme")
    now = NOW - int(case.servers.behind)
    page = ORIGIN if case.code == "session_azp" else running.settings.origins[0]
    own = {"iss": running.publishable_key.issuer, "azp": page}
    times = {"iat": now - 10, "nbf": now - 20, "exp": now + 50}
    published = case.servers.jwks["keys"][0]["kid"]
    return sign(CLAIMS | own | times, HEADER | {"kid": published}, private_key(published))


def logged(caplog: pytest.LogCaptureFixture) -> set[str]:
    return {vars(each)["code"] for each in caplog.records if "code" in vars(each)}


@pytest.mark.parametrize("case", [case for case in CASES if case.code], ids=names)
async def test_what_does_not_work_is_logged_by_its_code_and_pages_are_told(
    case: Case, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    running = build(case)
    is_session = not case.code.startswith("tinybird_")

    async with Server() as server:
        tab = Tab(server)
        await tab.push(session_token(case, running))
        if not is_session:
            await tab.see("refresh", number=1, path="/dashboard", search="", zone="UTC")

    told = (
        {tab.seen["error_code"]: tab.seen["error_message"]}
        if is_session
        else {panel.code: panel.message for panel in tab.board["panels"].values()}
    )
    assert told[case.code.replace("tinybird_", "data_")] == shown_in_browser(case)
    assert case.code in logged(caplog)
    assert server.errors == []


async def _start(_: Case, __: Services, ___: pytest.MonkeyPatch) -> None:
    tracing.start()


async def _look_whether_it_is_ready(_: Case, running: Services, __: pytest.MonkeyPatch) -> None:
    async with _client(running, "127.0.0.1") as client:
        assert (await client.get("/api/ready")).status_code == 503


async def _ask_as_many_clients_of_a_proxy(
    _: Case, running: Services, __: pytest.MonkeyPatch
) -> None:
    running = replace(running, settings=replace(running.settings, tinybird_tokens_per_minute=1))
    async with _client(running, _PROXY) as client:
        for number in range(11):
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            answer = await client.get("/api/tinybird-token", headers=headers)
    assert answer.status_code == 429


async def _open_a_page_elsewhere(_: Case, running: Services, __: pytest.MonkeyPatch) -> None:
    settings = running.settings
    gate = WebsocketGate(
        Behind(),
        connections=Connections(),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=Refusals(),
        origins=settings.origins,
    )
    await serve(gate, headers=[(b"origin", settings.deploy_url.encode())])


async def _open_a_tab(_: Case, running: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_config(), "redis_url", running.settings.redis_url)
    failed: list[Exception] = []
    async with redis_worker(monkeypatch) as worker:
        handle = worker.states.trouble.instead_of(failed.append)
        monkeypatch.setattr(APP.event_processor, "backend_exception_handler", handle)
        await worker.open()
        await worker.settled()
    assert failed == []


def _client(running: Services, peer: str) -> httpx.AsyncClient:
    app = BehindProxies(create_api(running), running.settings.trusted_proxies)
    transport = httpx.ASGITransport(app, client=(peer, 5))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:3000")


WAYS: Final[dict[str, Callable[[Case, Services, pytest.MonkeyPatch], Awaitable[None]]]] = {
    "redis_failed": _open_a_tab,
    "websocket_origin": _open_a_page_elsewhere,
    "too_many_requests": _ask_as_many_clients_of_a_proxy,
    "keys_unavailable": _look_whether_it_is_ready,
}
"""What is logged -> what makes the app do so; all else it says when it starts to serve."""


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.log and (case.is_later or " " not in case.log)],
    ids=names,
)
async def test_what_it_says_besides_is_in_the_log_once_it_serves(
    case: Case, build: Build, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running = build(case)

    await WAYS.get(case.log, _start)(case, running, monkeypatch)

    assert case.log in {*logged(caplog), *caplog.messages}
