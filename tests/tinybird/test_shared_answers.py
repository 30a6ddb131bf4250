"""Backend processes with one Redis share queries, and Redis can neither read nor change answers."""

import asyncio
import logging
import socketserver
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from threading import Thread
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from redis.exceptions import OutOfMemoryError

from clerk_tinybird_app import shared_redis
from clerk_tinybird_app.sealing import Sealer
from clerk_tinybird_app.shared_redis import PAUSE_SECONDS, SharedRedis
from clerk_tinybird_app.tinybird import shared_answers
from clerk_tinybird_app.tinybird.client import TinybirdBadRequestError
from clerk_tinybird_app.tinybird.shared_answers import SharedAnswers
from clerk_tinybird_app.tinybird.shared_queries import Asked, SharedQueries
from clerk_tinybird_app.tinybird.token import Workspace
from tests.redis_server import ADVICE, RedisServer, is_there, redis_server
from tests.tinybird.test_shared_queries import ACME, START, TICK, World, minted, walk, world

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not is_there(), reason=ADVICE),
]

SECRET: Final = "what only the app's own processes know, " * 2
LOCK_SECONDS: Final = 10.0
OTHER_SECRET: Final = "the key of somebody else, " * 2


@asynccontextmanager
async def processes(
    url: str, count: int = 2, *, secret: str = SECRET, lock_seconds: float = LOCK_SECONDS
) -> AsyncIterator[World]:
    """Return some processes with clients of their own."""
    made = world()
    workspace = _workspace()
    others = [
        SharedAnswers(
            SharedRedis.at(url, Sealer([secret]), made.clock),
            lambda: workspace,
            clock=made.clock,
            lock_seconds=lock_seconds,
        )
        for _ in range(count)
    ]
    made.processes = [SharedQueries(made.client, clock=made.clock, others=each) for each in others]
    yield made
    for each in others:
        await each._shared.close()


async def told(here: World) -> None:
    """Wait until every process has told Redis what it has to tell."""
    for each in here.processes:
        assert each._others
        await each._others._shared.settle()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not happened():
            await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a Redis for one that answers, however busy the machine is."""
    monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 5)


@pytest.fixture(scope="module")
def module_server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def server(module_server: RedisServer) -> RedisServer:
    with module_server.client() as client:
        client.flushall()
    return module_server


@pytest.fixture
def data(server: RedisServer) -> Iterator[Any]:
    """Return what somebody has who can read and write all of Redis."""
    with server.client() as client:
        yield client


@pytest.fixture
async def here(server: RedisServer) -> AsyncIterator[World]:
    async with processes(server.url) as made:
        yield made


async def test_pages_of_all_processes_cost_one_query_under_way_and_afterwards(
    server: RedisServer,
) -> None:
    async with processes(server.url, 4) as here:
        here.server.may_answer = asyncio.Event()
        asks = [
            asyncio.ensure_future(here.ask(minted(ACME, user=f"user_{n}"), process=n % 3))
            for n in range(12)
        ]
        await until(lambda: here.server.asked == 1)
        await asyncio.sleep(0.05)
        here.server.may_answer.set()

        rows = await asyncio.gather(*asks)
        await told(here)
        rows.append(await here.ask(minted(ACME), process=3))

        assert here.server.asked == 1
        assert rows == [rows[0]] * 13
        here.server.version = 1
        here.clock.advance(TICK)
        assert (await here.ask(minted(ACME), process=1))["version"] == 1


async def test_an_answer_of_another_process_is_the_one_that_it_got(here: World) -> None:
    pages = []
    for each in here.processes:
        pages.append(await each.query("jobs", {}, minted(ACME), since=START, until=START + TICK))
        await told(here)

    assert here.server.asked == 1
    assert pages[0] == pages[1]
    assert pages[0].rows is not pages[1].rows


async def test_an_error_is_nobody_elses(here: World) -> None:
    here.server.refusal = 400

    failed = await asyncio.gather(*(here.ask(minted(ACME), process=n) for n in (0, 1)))

    assert [type(each) for each in failed] == [TinybirdBadRequestError] * 2
    assert here.server.asked == 2
    here.server.refusal = 0
    assert (await here.ask(minted(ACME)))["org_id"] == "acme"


async def test_a_tokens_limit_is_nobody_elses(here: World) -> None:
    over, other = minted(ACME, user="over"), minted(ACME)
    here.server.limited = {over.name}

    rows = await asyncio.gather(here.ask(over, process=0), here.ask(other, process=1))

    assert [row["org_id"] for row in rows] == ["acme"] * 2


async def test_when_all_pages_of_a_process_leave_another_one_asks_at_once(here: World) -> None:
    here.server.may_answer = asyncio.Event()
    first = asyncio.ensure_future(here.ask(minted(ACME), tick=60, process=0))
    await until(lambda: here.server.asked == 1)
    second = asyncio.ensure_future(here.ask(minted(ACME), tick=60, process=1))
    await asyncio.sleep(0.05)
    assert here.server.asked == 1

    started = time.monotonic()
    first.cancel()
    await until(lambda: here.server.asked == 2)
    assert time.monotonic() - started < LOCK_SECONDS / 2
    here.server.may_answer.set()
    assert (await second)["org_id"] == "acme"


async def test_a_process_that_ends_while_it_asks_is_waited_for_a_while_alone(
    server: RedisServer, data: Any
) -> None:
    async with processes(server.url, lock_seconds=0.2) as here:
        await here.ask(minted(ACME), tick=60)
        await told(here)
        # As it left the place.
        data.set(data.keys()[0], b"")

        started = time.monotonic()
        assert (await here.ask(minted(ACME), tick=60, process=1))["org_id"] == "acme"

        assert here.server.asked == 2
        assert 0.19 < time.monotonic() - started < LOCK_SECONDS / 2


async def test_an_answer_that_is_too_large_is_waited_for_by_nobody(
    here: World, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_answers, "MOST_BYTES", 100)
    started = time.monotonic()
    for process in (0, 1):
        assert (await here.ask(minted(ACME), tick=60, process=process))["org_id"] == "acme"
        await told(here)

    assert here.server.asked == 2
    assert time.monotonic() - started < LOCK_SECONDS / 2
    assert data.strlen(data.keys()[0]) < 100


async def test_entries_go_with_their_tick_and_a_little_later(here: World, data: Any) -> None:
    await here.ask(minted(ACME), tick=60)
    await told(here)

    (name,) = data.keys()
    left = START // 60 * 60 + 60 - here.clock.now
    assert left < data.pttl(name) / 1000 <= left + 2


async def _forged(here: World, data: Any, name: bytes, _old: bytes) -> None:
    """Seal other rows for this very place, with all but the secret."""
    text = zlib.compress(b'[9e9,1]\n{"meta":[],"data":[{"org_id":"forged"}]}')
    data.set(name, Sealer([OTHER_SECRET]).seal(name.decode(), text))


async def _moved(here: World, data: Any, name: bytes, _old: bytes) -> None:
    before = set(data.keys())
    await here.ask(minted({"jobs": {"org_id": "globex"}}))
    await told(here)
    (other,) = set(data.keys()) - before
    data.copy(other, name, replace=True)


async def _older(_here: World, data: Any, name: bytes, old: bytes) -> None:
    data.set(name, old)


async def _damaged(_here: World, data: Any, name: bytes, _old: bytes) -> None:
    data.setrange(name, 40, bytes([data.getrange(name, 40, 40)[0] ^ 1]))


async def _cut(_here: World, data: Any, name: bytes, _old: bytes) -> None:
    data.set(name, b"x")


async def _long(_here: World, data: Any, name: bytes, _old: bytes) -> None:
    data.append(name, b"x" * 10_000_000)


async def _list(_here: World, data: Any, name: bytes, _old: bytes) -> None:
    data.delete(name)
    data.lpush(name, "x")


def _workspace(signing_key: str = "the key that signs tokens, " * 2) -> Workspace:
    return Workspace(api_url="https://tinybird.test", workspace_id="ws", signing_key=signing_key)


def _sent(data: Any) -> int:
    return data.info("stats")["total_net_output_bytes"]


def _question(here: World) -> bytes:
    return Asked.of(minted(ACME), "jobs", {}, here.clock.now // TICK * TICK).text


@pytest.mark.parametrize(
    "change",
    [_forged, _moved, _older, _damaged, _cut, _long, _list],
    ids=lambda each: each.__name__,
)
async def test_an_entry_that_no_process_put_there_is_refused_and_asked_anew(
    here: World, data: Any, caplog: pytest.LogCaptureFixture, change: Any
) -> None:
    await here.ask(minted(ACME))
    await told(here)
    old = data.get(data.keys()[0])
    here.server.version = 1
    here.clock.advance(TICK)
    await here.ask(minted(ACME))
    await told(here)
    (name,) = (each for each in data.scan_iter() if data.get(each) != old)
    here.server.version = 2
    await change(here, data, name, old)
    before, sent = here.server.asked, _sent(data)

    row = await here.ask(minted(ACME), process=1)

    assert row == {"at": "ws_1", "pipe": "jobs", "org_id": "acme", "version": 2}
    assert here.server.asked == before + 1
    assert _sent(data) - sent < 3 * shared_answers.MOST_BYTES
    assert [record.exc_info for record in caplog.records] == [None]


async def test_an_entry_that_is_kept_beyond_its_time_is_asked_anew(here: World, data: Any) -> None:
    await here.ask(minted(ACME))
    await told(here)
    data.persist(data.keys()[0])
    here.server.version = 1
    here.clock.advance(TICK + 1)

    # A page with a longer tick, which began at the same moment.
    assert (await here.ask(minted(ACME), tick=START / 10, process=1))["version"] == 1
    assert len(data.keys()) == 1


async def test_redis_shows_no_rows_no_token_no_tenant_and_no_parameter(
    here: World, data: Any
) -> None:
    token = minted({"jobs": {"org_id": "org_of_a_tenant"}})
    await here.ask(token, queue="a_parameter")
    await told(here)

    (name,) = data.keys()
    value = data.get(name)
    for seen in [name, value, *_inflated(value)]:
        for word in (token.value, "org_of_a_tenant", "a_parameter", "jobs", "version", "queue"):
            assert word.encode() not in seen


def _inflated(value: bytes) -> Iterator[bytes]:
    """Yield what is compressed and not sealed, wherever it begins."""
    for start in range(len(value)):
        for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
            with suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(value[start:])


async def test_processes_with_another_secret_or_another_tinybird_share_nothing(
    server: RedisServer,
) -> None:
    names = {
        SharedAnswers(
            SharedRedis.at(server.url, Sealer([secret])), partial(replace, workspace)
        )._place(b"?")
        for secret, workspace in (
            (SECRET, _workspace()),
            (OTHER_SECRET, _workspace()),
            (SECRET, _workspace("the key of another workspace, " * 2)),
            (SECRET, replace(_workspace(), api_url="https://other.test")),
        )
    }

    assert len(names) == 4


# With the two halves of a character, and what JSON is made of.
TEXTS: Final = st.lists(st.sampled_from('",:[]{}\\ud83de00a\ud83d\ude00\U0001f600')).map("".join)
ASKED: Final = st.builds(
    Asked,
    workspace_id=TEXTS,
    scopes=TEXTS,
    pipe=TEXTS,
    parameters=st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
    since=st.sampled_from([1.0, 1.5, 2.0]),
)


def asked(value: str) -> Asked:
    return Asked("ws", "", "jobs", (("queue", value),), 1.0)


@given(one=ASKED, other=ASKED)
@example(one=asked("\ud83d\ude00"), other=asked("\U0001f600"))
def test_two_questions_are_never_written_in_the_same_way(one: Asked, other: Asked) -> None:
    assert (one == other) == (one.text == other.text)


@pytest.mark.parametrize("part", range(2))
async def test_whatever_happens_a_page_gets_what_its_own_token_gets(
    server: RedisServer, data: Any, part: int
) -> None:
    for seed in range(part * 50, (part + 1) * 50):
        random = Random(seed)
        secret = f"{SECRET}{seed}"
        async with processes(server.url, 3, secret=secret, lock_seconds=0.05) as here:
            await walk(random, _Meddled(**vars(here), data=data, random=random))


@dataclass
class _Meddled(World):
    """Somebody who can write to Redis moves, cuts and alters what is there."""

    data: Any
    random: Random

    async def ask(self, *args: Any, **kwargs: Any) -> Any:
        names = self.data.keys()
        if names and self.random.random() < 0.3:
            for name in self.random.choices(names, k=3):
                value = self.data.get(self.random.choice(names)) or b""
                cut = self.random.choice([None, None, None, 5, -1])
                self.data.set(name, value[:cut], ex=60)
        return await super().ask(*args, **kwargs)


async def all_ask(here: World) -> None:
    """Ask in both processes all that a page asks."""
    rows = await asyncio.gather(
        *(here.ask(minted(ACME, ttl=900), process=p, n=str(n)) for p in (0, 1) for n in range(8))
    )
    assert all(row["org_id"] == "acme" for row in rows)


def waits(here: World) -> bool:
    """Tell whether a process waits for Redis."""
    return any(each._others and each._others._shared._tasks for each in here.processes)


@pytest.mark.parametrize("how", ["stop", "hang"])
async def test_when_redis_goes_away_pages_wait_for_a_moment_once_and_it_is_said_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    with redis_server() as server:
        async with processes(server.url) as here:
            await all_ask(here)
            assert here.server.asked == 8
            getattr(server, how)()
            monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 0.1)
            monkeypatch.setattr(shared_redis, "_PATIENCE_SECONDS", 60)

            here.clock.advance(TICK)
            await all_ask(here)
            assert here.server.asked == 24
            # The pages have gone on without it.
            assert waits(here) == (how == "hang")
            server.stop()
            await told(here)
            here.clock.advance(TICK)
            await all_ask(here)
            assert here.server.asked == 40
            assert not waits(here)
            assert len(caplog.records) == 2, "one line of each process"

            here.clock.advance(60)
            await all_ask(here)
            await told(here)
            lines = [record.getMessage() for record in caplog.records]
            assert len(lines) == 4
            assert "Failures: 1," in lines[0]
            assert "Failures: 1," not in lines[2]
            assert {record.exc_info for record in caplog.records} == {None}
            assert {record.levelno for record in caplog.records} == {logging.WARNING}


async def test_when_redis_is_back_processes_share_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(server.url) as here:
        server.hang()
        monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 0.1)
        for _ in range(3):
            await all_ask(here)
            here.clock.advance(TICK)
        monkeypatch.setattr(shared_redis, "MOMENT_SECONDS", 5)
        server.go_on()
        await told(here)
        before = here.server.asked
        here.clock.advance(PAUSE_SECONDS)
        for process in (0, 1):
            await here.ask(minted(ACME), process=process)
            await asyncio.gather(*(here.ask(minted(ACME), process=process, n=n) for n in "123"))
            await told(here)

        assert here.server.asked == before + 4
        # One failure alone is no reason to leave it alone.
        for process, each in enumerate(here.processes):
            assert each._others
            each._others._shared.fail(TimeoutError())
            await here.ask(minted(ACME), process=process, n="4")
            await told(here)
        assert here.server.asked == before + 5


async def test_a_redis_that_is_full_is_as_none(caplog: pytest.LogCaptureFixture) -> None:
    with redis_server("--maxmemory", "1mb", "--maxmemory-policy", "noeviction") as server:
        async with processes(server.url) as here:
            await all_ask(here)
            await told(here)

            assert here.server.asked == 16
            assert len(caplog.records) == 2
            assert "OutOfMemoryError" in caplog.text


async def test_an_answer_without_room_is_waited_for_by_nobody(
    here: World, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any, **__: Any) -> None:
        raise OutOfMemoryError

    others = here.shared._others
    assert others
    monkeypatch.setattr(others._redis, "set", full)
    await here.ask(minted(ACME))
    await told(here)

    assert data.keys() == []


@contextmanager
def rubbish(answer: bytes) -> Iterator[str]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65_536):
                self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"redis://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        *(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n" * 9, b":1\r\n" * 9, b"$-1\r\n:7\r\n" * 9),
        *(b"$-1\r\n$5\r\nhello\r\n" * 9, b"$x\r\n", b"*9999999\r\n", b"\xff" * 100_000, b"-NO\r\n"),
        b"$99999999\r\nx",
    ],
    ids=lambda answer: repr(answer[:12]),
)
async def test_whatever_redis_answers_pages_are_served(
    answer: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_redis, "_PATIENCE_SECONDS", 0.2)
    with rubbish(answer) as url:
        async with processes(url) as here:
            await all_ask(here)
            assert here.server.asked == 16
            await told(here)
    assert {record.exc_info for record in caplog.records} <= {None}
    assert len(caplog.records) <= 2
