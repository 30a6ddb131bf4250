"""``GET /api/ready``: 503 with a reason until everything answers, and no load by asking often."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.api.ready import PROBE_SECONDS, Part
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.settings import Settings
from tests.clerk.tokens import KID, jwk
from tests.clock import Clock
from tests.conftest import CHOICE
from tests.redis_server import ADVICE, is_there, redis_server
from tests.test_settings import HOST_KEY, TINYBIRD

pytestmark = pytest.mark.anyio
Answers = Callable[[httpx.Request], httpx.Response]


class World:
    """Clerk's key server and Tinybird, which count what they are asked.

    Attributes:
        tinybird: Tinybird's status; 0 when it cannot be reached.
        has_keys: Whether Clerk's key server answers.
    """

    def __init__(self) -> None:
        self.tinybird = 403
        self.has_keys = True
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        is_clerks = request.url.path.endswith("jwks.json")
        self.asked.append("clerk" if is_clerks else "tinybird")
        assert "authorization" not in request.headers
        if is_clerks and self.has_keys:
            return httpx.Response(200, json={"keys": [jwk(KID)]})
        if is_clerks or not self.tinybird:
            raise httpx.ConnectError("no route to sk_live_abcdefghijklmnop", request=request)
        return httpx.Response(self.tinybird)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def seconds() -> Clock:
    return Clock(now=1_000)


@asynccontextmanager
async def _served(
    tmp_path: Path, world: World, seconds: Clock, **environ: str
) -> AsyncIterator[tuple[httpx.AsyncClient, Services]]:
    settings = Settings.from_environ(
        CHOICE | {"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD | environ
    )
    built = services.build(settings, folder=tmp_path, transport=httpx.MockTransport(world))
    transport = httpx.ASGITransport(create_api(built, monotonic=seconds))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        yield client, built


@pytest.fixture
async def client(tmp_path: Path, world: World, seconds: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with _served(tmp_path, world, seconds) as (client, _):
        yield client


async def test_it_is_ready_when_everything_answers_and_says_how_old_that_is(
    client: httpx.AsyncClient, seconds: Clock
) -> None:
    assert (await client.get("/api/ready")).status_code == 200
    seconds.advance(0.7)
    answer = await client.get("/api/ready")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["status"] == "ready"
    assert body["parts"]["tinybird"] == {"ready": True, "age": 0.7}
    assert body["parts"]["clerk_keys"]["ready"] is True
    assert body["parts"]["clerk_keys"]["age"] >= 0.7


@pytest.mark.parametrize(
    ("tinybird", "reason"),
    [
        (0, "tinybird_unreachable: ConnectError"),
        (502, "tinybird_unreachable: HTTP 502"),
    ],
)
async def test_without_tinybird_it_is_not_ready_and_says_why_without_a_secret(
    client: httpx.AsyncClient, world: World, tinybird: int, reason: str
) -> None:
    world.tinybird = tinybird

    answer = await client.get("/api/ready")

    assert answer.status_code == 503
    assert answer.json()["status"] == "not_ready"
    assert answer.json()["parts"]["tinybird"] == {"ready": False, "reason": reason, "age": 0.0}
    assert answer.json()["parts"]["clerk_keys"]["ready"] is True
    assert "sk_live" not in answer.text


async def test_without_clerks_keys_it_is_not_ready_until_they_come(
    tmp_path: Path, world: World, seconds: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clerk_tinybird_app.clerk.keys.RETRY_INTERVAL_SECONDS", 0)
    world.has_keys = False
    async with _served(tmp_path, world, seconds) as (client, _):
        refused = await client.get("/api/ready")
        world.has_keys = True
        seconds.advance(1)
        again = await client.get("/api/ready")

    assert refused.status_code == 503
    assert refused.json()["parts"]["clerk_keys"]["reason"] == "keys_unavailable"
    assert again.status_code == 200


async def test_asking_often_asks_nobody_else(
    client: httpx.AsyncClient, world: World, seconds: Clock
) -> None:
    answers = await asyncio.gather(*(client.get("/api/ready") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(world.asked) == ["clerk", "tinybird"]

    for _ in range(9):
        seconds.advance(1)
        await client.get("/api/ready")
    assert sorted(world.asked) == ["clerk", "tinybird"]

    seconds.advance(1)
    await client.get("/api/ready")
    assert world.asked.count("tinybird") == 2


async def test_what_does_not_answer_is_asked_again_after_a_second_and_not_before(
    client: httpx.AsyncClient, world: World, seconds: Clock
) -> None:
    world.tinybird = 0
    await client.get("/api/ready")
    world.tinybird = 403
    assert (await client.get("/api/ready")).status_code == 503

    seconds.advance(1)

    assert (await client.get("/api/ready")).status_code == 200


async def test_a_redis_that_is_gone_is_named_without_its_password(
    tmp_path: Path, world: World, seconds: Clock
) -> None:
    url = "redis://somebody:a-password@127.0.0.1:9"
    redis = {"REFLEX_REDIS_URL": url, "REDIS_SECRET": "s" * 32}
    async with _served(tmp_path, world, seconds, **redis) as (client, _):
        answer = await client.get("/api/ready")

    assert answer.status_code == 503
    assert answer.json()["parts"]["redis"]["reason"] == "redis_unreachable: ConnectionError"
    assert "a-password" not in answer.text
    assert "127.0.0.1" not in answer.text


@pytest.mark.skipif(not is_there(), reason=ADVICE)
async def test_a_redis_that_is_full_or_hangs_is_not_ready_until_it_works_again(
    tmp_path: Path, world: World, seconds: Clock
) -> None:
    with redis_server() as server:
        redis = {"REFLEX_REDIS_URL": server.url, "REDIS_SECRET": "s" * 32}
        async with _served(tmp_path, world, seconds, **redis) as (client, built):

            async def reason() -> str | None:
                seconds.advance(1)
                found = (await client.get("/api/ready")).json()["parts"]["redis"]
                return str(found["reason"]) if "reason" in found else None

            assert await reason() is None
            server.fill()
            assert await reason() == "redis_full"
            server.make_room()
            assert await reason() is None
            server.hang()
            assert await reason() == "timeout"
            server.go_on()
            assert await reason() is None
            await built.close()


async def test_a_redis_that_answers_and_takes_no_state_is_not_ready(
    tmp_path: Path, world: World, seconds: Clock
) -> None:
    with redis_server("--replicaof", "127.0.0.1", "1") as replica:
        redis = {"REFLEX_REDIS_URL": replica.url, "REDIS_SECRET": "s" * 32}
        async with _served(tmp_path, world, seconds, **redis) as (client, own):
            answer = await client.get("/api/ready")
            await own.close()

    assert answer.status_code == 503
    assert answer.json()["parts"]["redis"]["reason"] == "redis_refuses: ReadOnlyError"


async def test_while_it_stops_it_says_so_and_asks_nobody(
    tmp_path: Path, world: World, seconds: Clock
) -> None:
    async with _served(tmp_path, world, seconds) as (client, built):
        await built.close()
        answer = await client.get("/api/ready")
        alive = await client.get("/api/health")

    assert (answer.status_code, answer.json()) == (503, {"status": "stopping", "parts": {}})
    assert alive.status_code == 200
    assert world.asked == []


async def test_a_part_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, seconds: Clock
) -> None:
    monkeypatch.setattr("clerk_tinybird_app.api.ready.PROBE_SECONDS", 0.01)

    async def hangs() -> float:
        await asyncio.sleep(PROBE_SECONDS * 30)
        return 0.0

    assert (await Part(hangs, seconds).found()).reason == "timeout"


async def test_one_who_leaves_does_not_end_the_question_of_the_others(seconds: Clock) -> None:
    may_answer, asked = asyncio.Event(), list[str]()

    async def slow() -> float:
        asked.append("once")
        await may_answer.wait()
        return 0.0

    part = Part(slow, seconds)
    leaves, stays = asyncio.create_task(part.found()), asyncio.create_task(part.found())
    await asyncio.sleep(0)
    leaves.cancel()
    may_answer.set()

    assert (await stays).reason == ""
    assert asked == ["once"]
