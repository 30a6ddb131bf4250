"""With Redis an address has as many websockets at all backend processes as at one alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from clerk_tinybird_app import shared_redis
from clerk_tinybird_app.reflex_internals.connections import (
    Connection,
    Connections,
    connection_of,
)
from clerk_tinybird_app.reflex_internals.frames import FrameCheck
from clerk_tinybird_app.reflex_internals.gate import Refusals, WebsocketGate
from clerk_tinybird_app.reflex_internals.shared_places import (
    LEASE_SECONDS,
    RENEWED_SECONDS,
    SharedPlaces,
)
from clerk_tinybird_app.sealing import Sealer
from clerk_tinybird_app.shared_redis import PAUSE_SECONDS, SharedRedis
from tests.clock import Clock
from tests.redis_server import ADVICE, RedisServer, is_there, redis_server
from tests.reflex_internals.frames import NAMESPACE, connect, message

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not is_there(), reason=ADVICE)]

PING = message("ping")
MOST = 3


@dataclass
class Process:
    """A backend process with its gate."""

    url: str
    clock: Clock
    secret: str = "s" * 32
    refusals: Refusals = field(default_factory=Refusals)

    def __post_init__(self) -> None:
        self.shared = SharedRedis.at(self.url, Sealer([self.secret]), self.clock)
        self.places = SharedPlaces(self.shared, self.clock, per_address=MOST, per_session=MOST)
        self.connections = Connections(
            self.clock, left=self.places.addresses.leave, ended=self.places.sessions.leave
        )
        self.gate = WebsocketGate(
            self._app,
            connections=self.connections,
            new_check=lambda: FrameCheck(NAMESPACE, lambda *_: None),
            refusals=self.refusals,
            shared=self.places,
        )

    async def _app(self, scope: Scope, receive: Receive, _send: Send) -> None:
        while (received := await receive())["type"] != "websocket.disconnect":
            if PING in received.get("text", ""):
                connection = connection_of(scope)
                assert connection
                self.connections.prove(connection, f"sess_{id(connection)}")


class Websocket:
    """A client's websocket, which stays open."""

    def __init__(self, process: Process, client: str = "8.8.8.8") -> None:
        self._frames: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[str] = []
        self._process = process

        async def send(sent: Message) -> None:
            self.sent.append(sent["type"])

        scope = {
            "type": "websocket",
            "client": (client, 5),
            "query_string": b"token=0b5c7a52-3a0b-4c4e-9c3e-1f0d3a6f8f11",
            "headers": [],
        }
        self.say({"type": "websocket.connect"})
        self._served = asyncio.ensure_future(process.gate(scope, self._frames.get, send))

    def say(self, frame: Message | str) -> None:
        if isinstance(frame, str):
            frame = {"type": "websocket.receive", "text": frame}
        self._frames.put_nowait(frame)

    async def settle(self) -> None:
        """Wait until all that was said is heard, and Redis knows it."""
        async with asyncio.timeout(5):
            while not (self._served.done() or self._frames.empty()):
                await asyncio.sleep(0.001)
        await asyncio.sleep(0)
        await self._process.shared.settle()

    async def take_place(self) -> None:
        """Wait until the gate has let it in, whatever Redis has said."""
        async with asyncio.timeout(5):
            while not self._frames.empty():
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        """Close, and do not wait for Redis."""
        self.say({"type": "websocket.disconnect", "code": 1001})
        await self._served

    async def is_open(self) -> bool:
        await self.settle()
        return not self._served.done()

    async def close(self) -> None:
        self.say({"type": "websocket.disconnect", "code": 1001})
        await self._served
        await self.settle()


Starting = Callable[..., Process]


@pytest.fixture
async def start(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Starting]:
    monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 5)
    async with AsyncExitStack() as stack:

        def started(url: str, **options: Any) -> Process:
            process = Process(url, clock, **options)
            stack.push_async_callback(process.shared.close)
            return process

        yield started


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
def data(server: RedisServer) -> Iterator[Any]:
    with server.client() as client:
        yield client


async def test_an_address_has_its_places_at_all_processes_together(
    start: Starting, server: RedisServer
) -> None:
    one, other = start(server.url), start(server.url)
    opened = [Websocket(process) for process in (one, other, one)]
    assert [await each.is_open() for each in opened] == [True] * MOST

    refused = Websocket(other)
    assert not await refused.is_open()
    assert refused.sent == ["websocket.close"]
    assert other.refusals.counted == {"place": 1}
    assert await Websocket(other, "9.9.9.9").is_open()
    # What is not on the internet may be a proxy.
    assert [await Websocket(other, "10.0.0.1").is_open() for _ in range(5)] == [True] * 5

    await opened[0].close()
    assert await Websocket(other).is_open()


async def test_who_proves_a_session_takes_no_place(start: Starting, server: RedisServer) -> None:
    one, other = start(server.url), start(server.url)
    opened = [Websocket(one) for _ in range(MOST)]
    for each in opened:
        each.say(connect())
        each.say(PING)
        await each.settle()

    assert [await Websocket(other).is_open() for _ in range(MOST)] == [True] * MOST
    assert [await each.is_open() for each in opened] == [True] * MOST


async def test_a_place_of_a_process_that_died_is_free_after_its_lease_and_a_living_one_keeps_its(
    start: Starting, server: RedisServer, data: Any, clock: Clock
) -> None:
    living, other = Websocket(start(server.url)), start(server.url)
    assert await living.is_open()
    [key] = data.keys()
    assert b"8.8.8.8" not in key
    assert 0 < data.ttl(key) <= LEASE_SECONDS
    [(lease, until)] = data.zrange(key, 0, -1, withscores=True)
    # As they stand when nobody has renewed them for long.
    ago = until - LEASE_SECONDS
    data.zadd(key, {lease: until - RENEWED_SECONDS, **{f"dead {n}": ago for n in range(9)}})
    clock.advance(RENEWED_SECONDS)

    living.say(connect())
    await living.settle()

    assert data.zscore(key, lease) >= until
    assert [await Websocket(other).is_open() for _ in range(MOST)] == [True, True, False]


async def test_whoever_reads_redis_finds_no_address_by_trying_all_there_are(
    start: Starting, server: RedisServer, data: Any
) -> None:
    opened = [Websocket(start(server.url, secret=letter * 32)) for letter in "st"]

    assert [await each.is_open() for each in opened] == [True, True]
    assert len(data.keys()) == 2


async def test_while_redis_is_away_each_process_has_its_own_places(
    start: Starting, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    process = start(server.url)
    server.stop()

    opened = [Websocket(process) for _ in range(MOST + 3)]

    assert all([await each.is_open() for each in opened])
    assert caplog.text.count("Redis keeps backend processes from sharing") == 1


@pytest.mark.parametrize("is_left_alone", [False, True], ids=["slow", "left alone"])
async def test_who_left_while_redis_was_slow_or_away_keeps_no_place_from_others(
    start: Starting, server: RedisServer, is_left_alone: bool,
    clock: Clock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    one, other = start(server.url), start(server.url)
    monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 0.1)
    if is_left_alone:
        opened = [Websocket(one) for _ in range(MOST)]
        assert all([await each.is_open() for each in opened])
    server.hang()
    if is_left_alone:
        for _ in range(MOST):
            one.shared.fail(TimeoutError())
    else:
        opened = [Websocket(one) for _ in range(MOST)]
        for each in opened:
            await each.take_place()
    for each in opened:
        await each.leave()
    monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 5)
    server.go_on()
    await one.shared.settle()
    clock.advance(PAUSE_SECONDS)
    # The next one that leaves, from wherever it came.
    passing = Websocket(one, "9.9.9.9")
    assert await passing.is_open()
    await passing.close()

    assert [await Websocket(other).is_open() for _ in range(MOST)] == [True] * MOST


def opened() -> Connection:
    return Connection(lambda: None, "", 0)


async def test_a_session_has_its_places_at_all_processes_together(
    start: Starting, server: RedisServer, data: Any
) -> None:
    one, other = start(server.url), start(server.url)
    here, there = one.places.sessions, other.places.sessions
    first, *_ = tabs = [opened() for _ in range(MOST)]

    taken = [
        await places.take(tab, "sess_1")
        for places, tab in zip((here, there, here), tabs, strict=True)
    ]
    assert taken == [True] * MOST
    assert not await there.take(opened(), "sess_1")
    assert await there.take(opened(), "sess_2")
    assert not [key for key in data.scan_iter() if b"sess" in key]

    here.leave(first)
    await one.shared.settle()
    assert await there.take(opened(), "sess_1")


async def test_a_tab_that_changes_its_session_has_one_place(
    start: Starting, server: RedisServer, data: Any
) -> None:
    process = start(server.url)
    places, mover = process.places.sessions, opened()
    assert await places.take(mover, "sess_1")
    [key] = data.keys()
    full = [opened() for _ in range(MOST)]
    assert all([await places.take(each, "sess_2") for each in full])

    assert not await places.take(mover, "sess_2")
    assert data.zcard(key) == 1, "it keeps what it had"
    places.leave(full[0])
    await process.shared.settle()
    assert await places.take(mover, "sess_2")
    await process.shared.settle()
    assert data.zcard(key) == 0


async def test_a_place_of_a_session_is_renewed_while_its_tab_lives(
    start: Starting, server: RedisServer, data: Any, clock: Clock
) -> None:
    process = start(server.url)
    tab = opened()
    assert await process.places.sessions.take(tab, "sess_1")
    [key] = data.keys()
    [(lease, until)] = data.zrange(key, 0, -1, withscores=True)
    data.zadd(key, {lease: until - RENEWED_SECONDS})

    process.places.renew(tab)
    await process.shared.settle()
    assert data.zscore(key, lease) < until
    clock.advance(RENEWED_SECONDS)
    process.places.renew(tab)
    await process.shared.settle()
    assert data.zscore(key, lease) >= until
