"""With Redis a limit holds for all backend processes together; without, each counts for itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from clerk_tinybird_app import services, shared_redis
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.api.rate_limit import RateLimit
from clerk_tinybird_app.api.shared_rate_limit import SharedRateLimit
from clerk_tinybird_app.sealing import Sealer
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.shared_redis import PAUSE_SECONDS, SharedRedis
from tests.clock import Clock
from tests.redis_server import ADVICE, RedisServer, is_there, redis_server
from tests.test_settings import HOST_KEY, TINYBIRD

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not is_there(), reason=ADVICE)]

Process = Callable[..., SharedRateLimit]


@pytest.fixture
async def process(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    """Return a function that makes the limit of another backend process."""
    # A busy machine is no slow Redis.
    monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 5)
    async with AsyncExitStack() as stack:

        def made(
            url: str, per_minute: int = 3, name: str = "session", secret: str = "s" * 32
        ) -> SharedRateLimit:
            shared = SharedRedis.at(url, Sealer([secret]), clock)
            stack.push_async_callback(shared.close)
            return SharedRateLimit(name, RateLimit(per_minute, clock), shared)

        yield made


@pytest.fixture(scope="module")
def module_server() -> Any:
    with redis_server() as server:
        yield server


@pytest.fixture
def server(module_server: RedisServer) -> RedisServer:
    with module_server.client() as client:
        client.flushall()
    return module_server


async def test_processes_count_a_caller_together_however_they_are_asked(
    process: Process, server: RedisServer
) -> None:
    processes = [process(server.url) for _ in range(4)]

    waits = await asyncio.gather(*(each.take("ada") for each in processes for _ in range(3)))

    assert waits.count(0) == 3
    assert all(39 < wait <= 60 or 19 < wait <= 20 for wait in waits if wait)
    assert await processes[0].take("bea") == 0
    assert await process(server.url, name="address").take("ada") == 0


async def test_who_waits_as_told_may_go_on_at_any_process(
    process: Process, server: RedisServer
) -> None:
    one, other = (process(server.url) for _ in range(2))
    for _ in range(3):
        await one.take("ada")
    waits = [await other.take("ada") for _ in range(5)]

    assert all(19 < wait <= 20 for wait in waits)
    # What was refused has cost nothing, here as there.
    with server.client() as client:
        for _ in range(3):
            assert client.decrby(client.keys()[0], 20_000_000)
            assert await other.take("ada") == 0


async def test_what_is_kept_goes_by_itself_and_names_nobody(
    process: Process, server: RedisServer
) -> None:
    await process(server.url).take("203.0.113.7")

    with server.client() as client:
        [key] = client.keys()
        assert key.startswith(b"rate-limit:session:")
        assert b"203.0.113.7" not in key
        # Whoever tries all addresses there are finds none.
        await process(server.url, secret="t" * 32).take("203.0.113.7")
        assert len(client.keys()) == 2
        assert 15_000 < client.pttl(key) <= 20_000


async def test_a_value_of_a_clock_that_was_set_back_locks_nobody_out(
    process: Process, server: RedisServer
) -> None:
    limit = process(server.url)
    await limit.take("ada")
    with server.client() as client:
        client.set(client.keys()[0], "9" * 16)

    assert await limit.take("ada") == pytest.approx(20)


@pytest.mark.parametrize("how", ["stop", "hang"])
async def test_while_redis_is_away_each_process_counts_for_itself_and_says_so_once_a_minute(
    process: Process, how: str, clock: Clock, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with redis_server() as server:
        one, other = (process(server.url) for _ in range(2))
        assert [await one.take("ada"), await other.take("ada")] == [0, 0]
        monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 0.1)
        getattr(server, how)()

        taken = [await one.take("ada") for _ in range(4)]
        assert taken == [0, 0, 20, 20]
        assert [await other.take("ada") for _ in range(4)][:2] == [0, 0]
        assert len(caplog.records) == 2, "one line of each process"
        assert "counts for its limits, for itself" in caplog.text

        clock.advance(60)
        await one.take("ada")
        assert len(caplog.records) == 3

        if how == "hang":
            monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 5)
            server.go_on()
            clock.advance(PAUSE_SECONDS)
            for _ in range(3):
                await one.take("bea")
            assert await other.take("bea") > 0


async def test_the_token_route_holds_its_limit_across_processes(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 5)
    environ = TINYBIRD | {
        "CLERK_PUBLISHABLE_KEY": HOST_KEY, "TINYBIRD_API_KEY": "p.anonymous",
        "TINYBIRD_TOKENS_PER_MINUTE": "1", "REFLEX_REDIS_URL": server.url, "REDIS_SECRET": "s" * 32,
    }  # fmt: skip
    statuses = []
    for _ in range(2):
        built = services.build(Settings.from_environ(environ))
        transport = httpx.ASGITransport(create_api(built), client=("203.0.113.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for _ in range(6):
                answer = await client.get("/api/tinybird-token")
                statuses.append(answer.status_code)
        await built.close()

    assert statuses == [200] * 10 + [429] * 2
    assert answer.headers["retry-after"] in ("5", "6")
