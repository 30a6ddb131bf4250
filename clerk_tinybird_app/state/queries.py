"""Queries under way: one a tab that can be stopped, or several at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

_Result = TypeVar("_Result")
_RUNNING: Final[dict[str, asyncio.Task[Any]]] = {}
_Answer = TypeVar("_Answer")

TOGETHER_SECONDS: Final = 0.15
"""Answers within this time are handed over as one: a page draws itself anew for each."""

_SECOND: Final = 1.0


class StoppedError(Exception):
    """Nobody waits for the answer: it was stopped, asked anew, or its page is another's by now."""


async def run_query(tab: str, query: Coroutine[Any, Any, _Result]) -> _Result:
    """Await ``query`` for the tab with this client token; a query of its before it is stopped.

    Raises:
        StoppedError: ``stop_query`` was called, or the tab ran another query.
    """
    stop_query(tab)
    task = _RUNNING[tab] = asyncio.ensure_future(query)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():
            raise StoppedError from None
        task.cancel()
        raise
    finally:
        if _RUNNING.get(tab) is task:
            del _RUNNING[tab]


def stop_query(tab: str) -> None:
    """Stop the tab's query, if one is under way; its request to Tinybird is closed."""
    if task := _RUNNING.pop(tab, None):
        task.cancel()


async def ask_side_by_side(
    queries: Sequence[Callable[[], Awaitable[_Answer]]],
    show: Callable[[list[_Answer], bool], Awaitable[None]],
    *,
    per_second: int,
) -> None:
    """Start the queries and hand over their answers.

    Args:
        queries: Each starts one when called.
        show: Gets one answer or more at a time, each once, and whether more are to come.
        per_second: How many may start within a second.
    """

    async def ask(query: Callable[[], Awaitable[_Answer]], delay: float) -> _Answer:
        await asyncio.sleep(delay)
        return await query()

    async with asyncio.TaskGroup() as group:
        pending = {
            group.create_task(ask(query, index // per_second * _SECOND))
            for index, query in enumerate(queries)
        }
        while pending:
            done, pending = await asyncio.wait(pending, timeout=TOGETHER_SECONDS)
            if not done:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            await show([task.result() for task in done], bool(pending))
