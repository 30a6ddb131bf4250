"""One query a tab: it can be stopped, and ends with whoever waits for it."""

import asyncio

import pytest

from clerk_tinybird_app.state.queries import StoppedError, run_query, stop_query

pytestmark = pytest.mark.anyio


class Query:
    """One that never ends by itself."""

    def __init__(self) -> None:
        self.has_started, self.was_stopped = asyncio.Event(), False

    async def __call__(self) -> None:
        self.has_started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_stopped = True
            raise

    async def start(self, tab: str = "tab-1") -> asyncio.Task[None]:
        waiting = asyncio.create_task(run_query(tab, self()))
        await self.has_started.wait()
        return waiting


async def test_the_newer_query_can_still_be_stopped_once_the_older_was() -> None:
    older, newer = Query(), Query()
    first = await older.start()
    second = await newer.start()
    with pytest.raises(StoppedError):
        await first
    assert (older.was_stopped, newer.was_stopped) == (True, False)

    stop_query("tab-1")

    with pytest.raises(StoppedError):
        await asyncio.wait_for(second, 5)
    assert newer.was_stopped


async def test_another_tabs_query_goes_on() -> None:
    query = Query()
    waiting = await query.start("tab-2")

    stop_query("tab-1")
    await asyncio.sleep(0)

    assert not query.was_stopped
    stop_query("tab-2")
    with pytest.raises(StoppedError):
        await waiting


async def test_a_query_ends_with_whoever_waits_for_it() -> None:
    query = Query()
    waiting = await query.start()

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert query.was_stopped
