"""Pages that ask the same share one query; what reaches a page is what its own token would get."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx
import pytest

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.local.tinybird.access import claims
from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.tinybird.client import (
    TinybirdBadRequestError,
    TinybirdClient,
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdRateLimitedError,
)
from clerk_tinybird_app.tinybird.client.connections import HttpxConnections
from clerk_tinybird_app.tinybird.policy import Scope
from clerk_tinybird_app.tinybird.shared_queries import SharedQueries
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace
from tests.clock import Clock

pytestmark = pytest.mark.anyio

TICK: Final = 2.0
START: Final = 1_000
KEYS: Final = {"ws_1": "k1" * 20, "ws_2": "k2" * 20}


def minted(
    scopes: Mapping[str, Mapping[str, str]],
    *,
    now: float = START,
    user: str = "user_1",
    workspace: str = "ws_1",
    ttl: int = 60,
) -> TinybirdToken:
    """Return a token for pipe -> fixed parameters."""
    place = Workspace(
        api_url="https://tinybird.test",
        workspace_id=workspace,
        signing_key=KEYS[workspace],
        token_ttl=ttl,
    )
    session = ClerkSession(
        session_id="sess_1", user_id=user, issued_at=0, expires_at=2_000_000_000, organization=None
    )
    return TinybirdToken.mint(
        session, [Scope(pipe, fixed) for pipe, fixed in scopes.items()], place, now=now
    )


ACME: Final = {"jobs": {"org_id": "acme"}, "queues": {"org_id": "acme"}}


@dataclass
class Server:
    """Tinybird: reads tokens as the embedded one does; a row says who may see it and how new it is.

    ``version`` stands for the rows that have been added; ``limited`` has the users whose token is
    over its limit.
    """

    clock: Clock
    version: int = 0
    asked: int = 0
    closed: int = 0
    refusal: int = 0
    limited: set[str] = field(default_factory=set)
    may_answer: asyncio.Event | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.may_answer:
            try:
                await self.may_answer.wait()
            except asyncio.CancelledError:
                self.closed += 1
                raise
        token = request.headers["authorization"].removeprefix("Bearer ")
        pipe = request.url.path.rpartition("/")[2].removesuffix(".json")
        return self.answer(token, pipe, dict(request.url.params))

    def answer(self, token: str, pipe: str, parameters: dict[str, str]) -> httpx.Response:
        try:
            workspace, caller = self._caller(token)
            fixed = caller.fixed_params(pipe)
        except ApiError as error:
            return httpx.Response(403, json={"error": str(error)})
        if caller.name in self.limited:
            return httpx.Response(429, json={"error": "wait"}, headers={"Retry-After": "1"})
        if self.refusal:
            return httpx.Response(self.refusal, json={"error": "no"})
        row = {"at": workspace, "pipe": pipe, **parameters, **fixed, "version": self.version}
        body = {"meta": [], "data": [row], "rows": 1, "statistics": {}}
        limits = {f"X-RateLimit-{name}": "5" for name in ("Limit", "Remaining", "Reset")}
        return httpx.Response(200, content=json.dumps(body), headers=limits)

    def _caller(self, token: str) -> tuple[str, claims.Caller]:
        for workspace, key in KEYS.items():
            if claims.is_signed(token, key):
                found = claims.read(
                    token, signing_key=key, workspace_id=workspace, now=self.clock.now
                )
                return workspace, found
        raise claims.malformed()


@dataclass
class World:
    """Tinybird, and the backend processes that ask it."""

    server: Server
    client: TinybirdClient
    processes: list[SharedQueries]
    clock: Clock
    waited: list[float]

    @property
    def shared(self) -> SharedQueries:
        return self.processes[0]

    async def ask(
        self,
        token: TinybirdToken,
        pipe: str = "jobs",
        tick: float = TICK,
        process: int = 0,
        **parameters: str,
    ) -> Any:
        """Return the only row, or the error."""
        since = self.clock.now // tick * tick
        try:
            answer = await self.processes[process].query(
                pipe, parameters, token, since=since, until=since + tick
            )
        except TinybirdError as error:
            return error
        assert (answer.rate, answer.body) == (None, b"")
        return answer.rows[0]

    async def under_way(self, *asks: Any) -> list[asyncio.Task[Any]]:
        """Start to ask, and return when nothing goes on without an answer."""
        tasks = [asyncio.ensure_future(ask) for ask in asks]
        for _ in range(50):
            await asyncio.sleep(0)
        return tasks


def world(**limits: Any) -> World:
    clock, waited = Clock(now=START), list[float]()
    server = Server(clock)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        server.limited.clear()

    connections = httpx.MockTransport(server)
    client = TinybirdClient(
        "https://tinybird.test", connections=HttpxConnections(connections), sleep=sleep
    )
    return World(server, client, [SharedQueries(client, clock=clock, **limits)], clock, waited)


@pytest.fixture
async def here() -> World:
    made = world()
    made.server.may_answer = asyncio.Event()
    made.server.may_answer.set()
    return made


async def test_many_pages_cost_one_query_under_way_and_afterwards_until_the_tick_is_over(
    here: World,
) -> None:
    pages = [minted(ACME, user=f"user_{n}") for n in range(20)]

    rows = await asyncio.gather(*map(here.ask, pages))
    rows.append(await here.ask(pages[0]))

    assert here.server.asked == 1
    assert all(row == rows[0] for row in rows)
    here.server.version = 1
    here.clock.advance(TICK)
    assert (await here.ask(pages[0]))["version"] == 1
    assert here.server.asked == 2


async def test_what_answers_a_query_is_told() -> None:
    told: list[str] = []
    here = world(answered_by=told.append)
    here.server.may_answer = asyncio.Event()

    waiting = await here.under_way(*(here.ask(minted(ACME)) for _ in range(3)))
    here.server.may_answer.set()
    await asyncio.gather(*waiting)
    await here.ask(minted(ACME))

    assert sorted(told[:3]) == ["shared", "shared", "tinybird"]
    assert told[3:] == ["kept"]
    assert here.server.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        minted({pipe: {"org_id": "globex"} for pipe in ACME}),
        minted({**ACME, "more": {"org_id": "acme"}}),
        minted({**ACME, "queues": {"org_id": "acme", "user": "x"}}),
        minted(ACME, workspace="ws_2"),
    ],
    ids=["another tenant", "more pipes", "more is fixed", "another workspace"],
)
async def test_what_another_token_may_is_another_question(
    here: World, other: TinybirdToken
) -> None:
    await here.ask(minted(ACME))
    await here.ask(other)

    assert here.server.asked == 2


async def test_a_page_that_leaves_takes_nothing_from_the_others_and_the_last_ends_the_query(
    here: World,
) -> None:
    here.server.may_answer = asyncio.Event()
    first, second, third = await here.under_way(*(here.ask(minted(ACME)) for _ in range(3)))

    first.cancel()
    await here.under_way()
    assert here.server.closed == 0
    second.cancel()
    third.cancel()
    await here.under_way()
    assert here.server.closed == 1

    # Whoever comes next is not given what was ended.
    here.server.may_answer.set()
    assert (await here.ask(minted(ACME)))["org_id"] == "acme"


async def test_the_first_page_may_leave_and_the_others_get_the_answer(here: World) -> None:
    here.server.may_answer = asyncio.Event()
    first, second = await here.under_way(*(here.ask(minted(ACME)) for _ in range(2)))
    first.cancel()
    here.server.may_answer.set()

    assert (await second)["org_id"] == "acme"
    assert here.server.asked == 1


async def test_a_failure_is_that_of_all_who_wait_and_of_nobody_after_them(here: World) -> None:
    here.server.refusal = 400

    failed = await asyncio.gather(*(here.ask(minted(ACME)) for _ in range(3)))

    assert {type(each) for each in failed} == {TinybirdBadRequestError}
    assert here.server.asked == 1
    here.server.refusal = 0
    assert (await here.ask(minted(ACME)))["org_id"] == "acme"


async def test_a_tokens_limit_is_nobody_elses(here: World) -> None:
    over, others = minted(ACME, user="over"), [minted(ACME, user=f"u{n}") for n in range(5)]
    here.server.limited = {over.name}

    rows = await asyncio.gather(here.ask(over), *map(here.ask, others))

    assert [row["org_id"] for row in rows] == ["acme"] * 6
    # It waited for itself alone, and one query of another's served the others.
    assert here.waited == [1]
    assert here.server.asked == 3


async def test_a_limit_of_all_tokens_is_the_error_of_each(here: World) -> None:
    pages = [minted(ACME, user=f"u{n}") for n in range(6)]
    here.server.limited = {page.name for page in pages}

    async def keep_waiting(_: float) -> None:
        pass

    here.client._sleep = keep_waiting
    failed = await asyncio.gather(*map(here.ask, pages))

    assert {type(each) for each in failed} == {TinybirdRateLimitedError}


async def test_an_expired_token_is_refused_and_renewed_though_the_answer_is_known(
    here: World,
) -> None:
    old, new = minted(ACME, ttl=1), minted(ACME)
    here.clock.advance(1)
    await here.ask(new)

    assert isinstance(await here.ask(old), TinybirdForbiddenError)

    async def renew() -> str:
        return new.value

    answer = await here.shared.query("jobs", {}, old, since=START, until=START + TICK, renew=renew)
    assert answer.rows[0]["org_id"] == "acme"


async def test_a_refused_token_is_renewed_with_one_more_request(here: World) -> None:
    wrong, new = minted(ACME), minted(ACME, ttl=61)
    object.__setattr__(wrong, "value", f"{wrong.value[:-4]}AAAA")

    async def renew() -> str:
        return new.value

    answer = await here.shared.query(
        "jobs", {}, wrong, since=START, until=START + TICK, renew=renew
    )

    assert answer.rows[0]["org_id"] == "acme"
    assert here.server.asked == 2


async def test_what_is_kept_is_bounded_in_number_and_bytes_and_goes_when_its_tick_is_over() -> None:
    few = world(most_answers=3)
    for number in range(10):
        await few.ask(minted(ACME), n=str(number))
    assert len(few.shared._kept) == 3
    assert (await few.ask(minted(ACME), n="9"))["n"] == "9"
    assert few.server.asked == 10

    small = world(most_bytes=1_000)
    for number in range(10):
        await small.ask(minted(ACME), n=f"{number}{'x' * 100}")
    assert 0 < small.shared._bytes <= 1_000
    await small.ask(minted(ACME), n="x" * 2_000)
    assert small.shared._bytes <= 1_000

    brief = world()
    await brief.ask(minted(ACME), tick=0.25)
    assert len(brief.shared._kept) == 1
    await asyncio.sleep(0.5)
    assert (len(brief.shared._kept), brief.shared._bytes) == (0, 0)


FIXED: Final[list[dict[str, str]]] = [
    {"org_id": "acme"}, {"org_id": "x"}, {"org_id": "acme", "queue": "x"}, {},
]  # fmt: skip
GIVEN: Final[list[dict[str, str]]] = [{}, {"org_id": "x"}, {"queue": "x"}, {"queue": ""}]
WALKS: Final = 300
STEPS: Final = 12


@pytest.mark.parametrize("part", range(4))
async def test_whatever_happens_a_page_gets_what_its_own_token_gets(part: int) -> None:
    for seed in range(part * WALKS // 4, (part + 1) * WALKS // 4):
        await walk(Random(seed), world())


async def walk(random: Random, here: World) -> None:
    """Let pages with all kinds of tokens ask, and compare with what each would get alone."""

    def some_token() -> TinybirdToken:
        pipes = random.choice([("jobs",), ("jobs", "queues")])
        return minted(
            {pipe: random.choice(FIXED) for pipe in pipes},
            now=here.clock.now,
            user=random.choice("ab"),
            workspace=random.choice(["ws_1", "ws_1", "ws_2"]),
            ttl=random.choice([1, 3, 60]),
        )

    tokens = [some_token() for _ in range(4)]
    # The version of the rows at each moment.
    versions = {here.clock.now: 0}
    for _ in range(STEPS):
        if random.random() < 0.3:
            here.clock.advance(random.choice([0.5, 1.0, 3.0]))
            here.server.version += 1
            versions[here.clock.now] = here.server.version
        if random.random() < 0.2:
            tokens[random.randrange(4)] = some_token()
        if random.random() < 0.2:
            here.server.limited = {f"frontend_jwt_user_{random.choice('ab')}"}
        asks = [
            (
                random.choice(tokens),
                random.choice(["jobs", "jobs", "queues"]),
                random.choice(GIVEN),
                random.choice([1.0, 2.0, 5.0]),
                random.randrange(len(here.processes)),
                random.random() < 0.2,
            )
            for _ in range(random.randint(1, 6))
        ]
        await _ask_at_once(here, asks, versions)


async def _ask_at_once(
    here: World,
    asks: list[tuple[TinybirdToken, str, dict[str, str], float, int, bool]],
    versions: dict[float, int],
) -> None:
    here.server.may_answer = asyncio.Event()
    running = await here.under_way(
        *(
            here.ask(token, pipe, tick, process, **parameters)
            for token, pipe, parameters, tick, process, _ in asks
        )
    )
    for task, (*_, leaves) in zip(running, asks, strict=True):
        if leaves:
            task.cancel()
    here.server.may_answer.set()
    got = await asyncio.gather(*running, return_exceptions=True)
    here.server.limited.clear()
    for answer, (token, pipe, parameters, tick, *_) in zip(got, asks, strict=True):
        if isinstance(answer, asyncio.CancelledError):
            continue
        own = here.server.answer(token.value, pipe, parameters)
        if own.status_code != httpx.codes.OK:
            assert isinstance(answer, TinybirdForbiddenError)
            continue
        (row,) = own.json()["data"]
        assert isinstance(answer, dict), answer
        assert answer | {"version": 0} == row | {"version": 0}
        since = max(here.clock.now // tick * tick, START)
        oldest = versions[max(at for at in versions if at <= since)]
        assert oldest <= answer["version"] <= here.server.version
