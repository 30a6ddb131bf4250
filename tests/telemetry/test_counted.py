"""Each thing that is counted, done once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from redis.exceptions import RedisError
from starlette.types import Receive, Scope, Send

from clerk_tinybird_app import services
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.clerk.errors import ClerkError
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.reflex_internals.redis_trouble import RedisTrouble
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.failures import Failures
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.telemetry.metrics import REGISTRY
from clerk_tinybird_app.tinybird.policy import PolicyFailedError
from tests.check.environments import WHOLE
from tests.check.servers import NOW, Servers
from tests.clerk.tokens import token_with
from tests.sessions import PIPES, PRODUCT, minted, signed_in
from tests.state.tab import Tab, served

pytestmark = pytest.mark.anyio


class Counted:
    """The samples of one metric by one label, less what others have counted before."""

    def __init__(self, name: str, label: str) -> None:
        self._name, self._label = name, label
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        (metric,) = [
            each for each in REGISTRY.collect() if self._name in (each.name, f"{each.name}_total")
        ]
        return {
            sample.labels[self._label]: sample.value
            for sample in metric.samples
            if sample.name == self._name
        }

    def __call__(self) -> dict[str, float]:
        grown = {key: value - self._before.get(key, 0) for key, value in self._now().items()}
        return {key: value for key, value in grown.items() if value}


def _client(running: Services) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_api(running))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:3000")


async def test_what_is_over_a_limit_is_counted_by_whose_limit_it_is(running: Services) -> None:
    counted = Counted("app_rate_limits_hit_total", "limit")
    assert running.embedded_clerk
    token = running.embedded_clerk.issue("admin@acme.test", "acme")
    settings = replace(running.settings, tinybird_tokens_per_minute=1)

    async with _client(replace(running, settings=settings)) as client:
        # Of one session one a minute, and of one address ten.
        for value in (token, token, *["a.b.c"] * 9):
            await client.get("/api/tinybird-token", headers={"Authorization": f"Bearer {value}"})

    assert counted() == {"session": 1, "address": 1}


async def test_what_tinybird_finds_too_much_is_counted_too(
    running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted("app_rate_limits_hit_total", "limit")
    assert running.embedded_clerk

    async def tinybird(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json={"error": "too much"})

    async with served(running, tinybird, monkeypatch) as server:
        tab = Tab(server)
        await tab.push(running.embedded_clerk.issue("admin@acme.test", "acme"))
        await tab.ask("run", form={})

    assert counted() == {"tinybird": 1}


async def test_errors_of_ours_are_counted_by_their_codes(running: Services) -> None:
    counted = Counted("app_errors_total", "code")

    def broken(_: ClerkSession) -> str:
        raise ValueError("a mistake")

    policy = replace(running.product.policy, tenant_of=broken)
    with pytest.raises(PolicyFailedError):
        replace(running, product=replace(PRODUCT, policy=policy)).tenant_of(signed_in())

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise ValueError("another one")

    transport = httpx.ASGITransport(Failures(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/")).status_code == 500
    RedisTrouble().note(RedisError())

    assert counted() == {"policy_failed": 1, "request_failed": 1, "redis_failed": 1}


@pytest.fixture
def build(tmp_path: Path) -> Callable[[Servers], Services]:
    """Build the services of an app with both accounts, whose servers answer as they are told."""

    def built(servers: Servers) -> Services:
        settings = Settings.from_environ(WHOLE)
        return services.build(
            settings,
            product=PRODUCT,
            folder=tmp_path,
            clock=lambda: NOW,
            transport=servers.transport,
        )

    return built


async def test_fetches_of_keys_are_counted_by_what_came_of_them(
    build: Callable[[Servers], Services],
) -> None:
    counted = Counted("app_key_fetches_total", "result")
    token = token_with(iss="https://happy-cat-1.clerk.accounts.dev")

    for servers in (Servers(), Servers(jwks=404), Servers(jwks=500)):
        running = build(servers)
        # Both wait for one fetch.
        for outcome in await asyncio.gather(
            running.verify(token), running.verify(token), return_exceptions=True
        ):
            assert isinstance(outcome, ClerkError)
        await running.close()

    assert counted() == {"ok": 1, "failed": 2}
    assert REGISTRY.get_sample_value("app_keys_fetched_timestamp_seconds") == NOW


async def test_queries_of_pages_are_counted_by_what_answered_them(
    build: Callable[[Servers], Services],
) -> None:
    counted = Counted("app_queries_total", "answered_by")
    running = build(Servers())
    token = minted(signed_in(), running.workspace, now=NOW)

    async def ask() -> None:
        await running.shared_queries.query(PIPES[0], {}, token, since=NOW, until=NOW + 60)

    await asyncio.gather(ask(), ask(), ask())
    await ask()
    await running.close()

    assert counted() == {"tinybird": 1, "shared": 2, "kept": 1}
