"""Background tasks. Each is kept until it ends, and an error that ends it is logged."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")

_log = logging.getLogger(__name__)
# The event loop holds only weak references to its tasks, so they are held here.
_running: set[asyncio.Task[Any]] = set()


def in_background(work: Coroutine[Any, Any, _Result], name: str) -> asyncio.Task[_Result]:
    """Start ``work`` as a task beside the code that calls.

    Args:
        work: What to do.
        name: The name in the log, such as "the sample traffic".
    """
    task = asyncio.create_task(work, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("%s ended with an error.", task.get_name().capitalize(), exc_info=error)
