"""Several queries at once, no more a second than a token may make."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

_Answer = TypeVar("_Answer")

TOGETHER_SECONDS: Final = 0.15
"""Answers within this time are handed over as one; later ones as they come."""

_SECOND: Final = 1.0


async def ask_side_by_side(
    queries: Sequence[Callable[[], Awaitable[_Answer]]],
    show: Callable[[list[_Answer]], Awaitable[None]],
    *,
    per_second: int,
) -> None:
    """Start the queries and hand over their answers.

    Args:
        queries: Each starts one when called.
        show: Gets one answer or more at a time, each once.
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
        timeout: float | None = TOGETHER_SECONDS
        until = asyncio.ALL_COMPLETED
        while pending:
            done, pending = await asyncio.wait(pending, timeout=timeout, return_when=until)
            timeout, until = None, asyncio.FIRST_COMPLETED
            if done:
                await show([task.result() for task in done])
