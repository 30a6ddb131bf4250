"""What open dashboards cost Redis: its memory for each, and its work for each of their events."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from benchmarks.machine import process
from benchmarks.soak.people import Tokens
from benchmarks.soak.tab import Tab
from benchmarks.timing import MILLISECONDS
from clerk_tinybird_app.routes import DASHBOARD
from tests.redis_server import RedisServer
from tests.reflex_internals.frames import REFRESH, SYNC
from tests.running_app import RunningApp

_FIRST: Final = 10
"""Tabs that are open before anything is counted: what they fill is there for all others."""
_AT_ONCE: Final = 8
_TICK_SECONDS: Final = 2.5
"""Longer than an answer is kept when dashboards refresh every two seconds."""
REFRESH_OFTEN: Final = {"DASHBOARD_REFRESH_SECONDS": "2"}
"""What the app needs to be told, so that refreshes ask anew within the time of a measurement."""

_ACCEPTED: Final = '"accepted_rx_state_":"sess_'
_BYTES_PER_KB: Final = 1_000


@dataclass(frozen=True)
class Work:
    """What one event of a tab costs.

    Attributes:
        commands: How many commands Redis gets.
        redis_ms: Redis' processor time.
        workers_ms: That of the app's workers.
    """

    commands: float
    redis_ms: float
    workers_ms: float


@dataclass(frozen=True)
class Cost:
    """What it came to.

    Attributes:
        signed_in_kb: Memory of a tab that has proved its session.
        signed_in_keys: How many keys that is.
        filled_kb: The memory once its dashboard is filled.
        filled_keys: The keys then.
        push: A heartbeat's push.
        refresh: A refresh of a dashboard.
    """

    signed_in_kb: float
    signed_in_keys: float
    filled_kb: float
    filled_keys: float
    push: Work
    refresh: Work


def measure(server: RedisServer, app: RunningApp, tabs: int) -> Cost:
    """Open tabs that are each another person's, push their sessions, and refresh their dashboards.

    Args:
        server: The Redis of the app.
        app: An app with workers.
        tabs: How many.
    """
    return asyncio.run(_measured(server, app, tabs))


async def _measured(server: RedisServer, app: RunningApp, tabs: int) -> Cost:
    at_once, opened = asyncio.Semaphore(_AT_ONCE), dict[int, Tab]()
    tokens, port, workers = Tokens(app.folder, app.origin), app.port, app.workers()

    async def push(number: int) -> None:
        if number not in opened:
            opened[number] = await Tab.opened(port, DASHBOARD)
        await opened[number].fire(SYNC, {"token": tokens.fresh(number)}, _ACCEPTED, DASHBOARD)

    async def push_and_refresh(number: int, time: int) -> None:
        # On a busy machine the session of the push before may have ended.
        await push(number)
        view = {"number": time, "path": DASHBOARD, "search": "", "zone": "UTC"}
        await opened[number].fire(REFRESH, view, f'"finished_rx_state_":{time}', DASHBOARD)

    async def each(numbers: Iterable[int], do: Callable[[int], Awaitable[None]]) -> None:
        async def in_turn(number: int) -> None:
            async with at_once:
                await do(number)

        await asyncio.gather(*map(in_turn, numbers))

    counted = range(_FIRST, _FIRST + tabs)
    with server.client() as client:
        await each(range(_FIRST), push)
        empty = _used(client, workers)
        await each(counted, push)
        signed_in = _used(client, workers)
        await each(counted, push)
        pushed = _used(client, workers)
        await each(counted, partial(push_and_refresh, time=1))
        filled = _used(client, workers)
        # The next ones ask anew.
        await asyncio.sleep(_TICK_SECONDS)
        begun = _used(client, workers)
        await each(counted, partial(push_and_refresh, time=2))
        refreshed = _used(client, workers)
    for tab in opened.values():
        tab.close()
    kb, push_work = _BYTES_PER_KB * tabs, _work(signed_in, pushed, tabs)
    both = _work(begun, refreshed, tabs)
    return Cost(
        signed_in_kb=(signed_in["bytes"] - empty["bytes"]) / kb,
        signed_in_keys=(signed_in["keys"] - empty["keys"]) / tabs,
        filled_kb=(filled["bytes"] - empty["bytes"]) / kb,
        filled_keys=(filled["keys"] - empty["keys"]) / tabs,
        push=push_work,
        refresh=Work(
            both.commands - push_work.commands,
            both.redis_ms - push_work.redis_ms,
            both.workers_ms - push_work.workers_ms,
        ),
    )


def _used(client: Any, workers: Collection[int]) -> dict[str, float]:
    said = client.info("everything")
    return {
        "bytes": said["used_memory"],
        "keys": client.dbsize(),
        "commands": said["total_commands_processed"],
        "redis": said["used_cpu_user"] + said["used_cpu_sys"],
        "workers": sum(process(worker).cpu_seconds for worker in workers),
    }


def _work(before: dict[str, float], after: dict[str, float], events: int) -> Work:
    grown = {name: (after[name] - before[name]) / events for name in after}
    return Work(grown["commands"], grown["redis"] * MILLISECONDS, grown["workers"] * MILLISECONDS)
