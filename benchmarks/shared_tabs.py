"""Tabs that ask the same: how many queries they cost, and what each costs the backend."""

import asyncio
import time
from typing import Final

import httpx

from benchmarks.report import Section, percentile
from benchmarks.timing import MILLISECONDS
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.dashboard.questions import pace
from clerk_tinybird_app.product.dashboard import DASHBOARD
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.connections import HttpxConnections
from clerk_tinybird_app.tinybird.policy import Scope
from clerk_tinybird_app.tinybird.shared_queries import SharedQueries
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace

_COUNTS: Final = (1, 10, 100, 500)
_TICKS: Final = 3
_EVERY_SECONDS: Final = 2.0
_QUERIES: Final = pace(DASHBOARD.panels, 2, 10).queries
_PIPES: Final = tuple(f"pipe_{number}" for number in range(_QUERIES))
_ANSWER_SECONDS: Final = 0.01
_WORKSPACE: Final = Workspace(
    api_url="http://bench.test", workspace_id="bench", signing_key="k" * 32
)
_ANSWER: Final = (
    b'{"meta":[],"data":['
    + b",".join([b'{"at":"2026-11-24 12:00:00","ok":12,"failed":3,"ms":1.5}'] * 100)
    + b'],"rows":100,"statistics":{}}'
)


def measure() -> Section:
    """Ask each pipe for each tab in each of some ticks: tabs of one user, then of as many."""
    section = Section(
        f"   Tabs without their pages, {_QUERIES} queries each, every {_EVERY_SECONDS:g} s",
        {"queries/s": ".1f", "processor, ms a refresh": ".2f", "p95 ms": ".1f"},
    )
    for is_one, whose in ((True, "of one user"), (False, "of as many users")):
        for count in _COUNTS:
            section.add(f"{count} tabs {whose}", *asyncio.run(_measured(count, is_one=is_one)))
    section.remarks.append(
        f"Tinybird's place is taken by one that answers 100 rows after {_ANSWER_SECONDS:g} s."
    )
    return section


async def _measured(count: int, *, is_one: bool) -> tuple[float, float, float]:
    asked = 0

    async def tinybird(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        await asyncio.sleep(_ANSWER_SECONDS)
        return httpx.Response(200, content=_ANSWER)

    tokens = [_token(0 if is_one else number) for number in range(count)]
    taken = list[float]()
    async with httpx.MockTransport(tinybird) as connections:
        shared = SharedQueries(
            TinybirdClient(_WORKSPACE.api_url, connections=HttpxConnections(connections))
        )

        async def refresh(token: TinybirdToken, since: float) -> None:
            started = time.perf_counter()
            asks = (
                # Long enough for a slow machine: each tick has a question of its own.
                shared.query(pipe, {}, token, since=since, until=time.time() + 60)
                for pipe in _PIPES
            )
            await asyncio.gather(*asks)
            taken.append((time.perf_counter() - started) * MILLISECONDS)

        before = time.process_time()
        for tick in range(_TICKS):
            await asyncio.gather(*(refresh(token, tick) for token in tokens))
        used = time.process_time() - before
    return (
        asked / _TICKS / _EVERY_SECONDS,
        used * MILLISECONDS / len(taken),
        percentile(taken, 95),
    )


def _token(tenant: int) -> TinybirdToken:
    now = time.time()
    session = ClerkSession(
        session_id="s", user_id="u", issued_at=int(now), expires_at=int(now) + 60
    )
    scopes = [Scope(pipe, {"org_id": f"org_{tenant}"}) for pipe in _PIPES]
    return TinybirdToken.mint(session, scopes, _WORKSPACE, now=now)


if __name__ == "__main__":
    print(measure().render())
