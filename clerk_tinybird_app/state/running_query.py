"""Queries under way, so that they can be stopped: one a tab."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

_Result = TypeVar("_Result")
_RUNNING: Final[dict[str, asyncio.Task[Any]]] = {}


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
