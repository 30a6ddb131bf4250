"""The app's connections to Redis, for all that backend processes share but Reflex's states.

Nobody depends on it: a page waits for a moment, and whoever uses it does without when that fails.
That is logged once a minute, and after some failures in a row Redis is left alone for a while.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, Self, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from clerk_tinybird_app.sealing import Sealer

MOMENT_SECONDS: Final = 0.1
"""How long a page waits for Redis itself."""

PAUSE_SECONDS: Final = 5.0
"""How long Redis is left alone after some failures in a row."""

_TURNS: Final = 10
"""A moment is at least so many turns of the event loop: a busy process is no slow Redis."""

_FAILURES_IN_A_ROW: Final = 3
_SILENT_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 2.0
"""How long Redis may take when no page waits."""

_CLOSE_SECONDS: Final = 3.0
"""Longer than that, so that what is under way has ended by itself."""

_CONNECTIONS: Final = 16

_logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class SharedRedis:
    """A Redis that may be away.

    Args:
        redis: The connections. ``close`` closes them.
        sealer: Seals what lies there, and names it.
        monotonic: Seconds of a clock that nobody can set.

    Attributes:
        redis: The connections.
        sealer: As given.
    """

    def __init__(
        self, redis: Redis, sealer: Sealer, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.redis = redis
        self.sealer = sealer
        self._monotonic = monotonic
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failed_in_a_row = self._untold = 0
        self._again_at = self._silent_until = 0.0

    @classmethod
    def at(cls, url: str, sealer: Sealer, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """Return the Redis at ``url``; nothing is tried twice.

        Raises:
            ValueError: It is no address of a Redis.
        """
        pool = BlockingConnectionPool.from_url(
            url, max_connections=_CONNECTIONS, timeout=None, retry=Retry(NoBackoff(), 0)
        )
        return cls(Redis.from_pool(pool), sealer, monotonic)

    @property
    def is_left_alone(self) -> bool:
        """True for a while after some failures in a row."""
        return self._failed_in_a_row >= _FAILURES_IN_A_ROW and self._monotonic() < self._again_at

    async def in_a_moment(self, work: Coroutine[Any, Any, _Result]) -> _Result | None:
        """Return what comes of ``work``; None when it fails or takes too long.

        It goes on then: a connection that takes longer is there for the next page.
        """
        task = self.beside(work)
        for _ in range(_TURNS):
            if not task.done():
                await asyncio.wait({task}, timeout=MOMENT_SECONDS / _TURNS)
        if not task.done():
            self.fail(TimeoutError())
            return None
        if task.exception():
            return None
        self._failed_in_a_row = 0
        return task.result()

    def beside(self, work: Awaitable[_Result]) -> asyncio.Task[_Result]:
        """Start ``work`` in a task of its own. What it raises, of whatever kind, is a failure."""

        async def limited() -> _Result:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await work

        task = asyncio.get_running_loop().create_task(limited(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def fail(self, error: BaseException) -> None:
        """Count a failure, and log it when the last line is a minute old."""
        now = self._monotonic()
        self._failed_in_a_row += 1
        self._again_at = now + PAUSE_SECONDS
        self._untold += 1
        if now >= self._silent_until:
            # Only the error's name, because its text may contain what Redis sent.
            _logger.warning(
                "Redis keeps backend processes from sharing: each asks Tinybird, and counts for "
                "its limits, for itself. Failures: %d, the last %s.",
                self._untold,
                type(error).__name__,
            )
            self._silent_until, self._untold = now + _SILENT_SECONDS, 0

    async def close(self) -> None:
        """Let what is under way end, and close the connections."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.settle()
                await self.redis.aclose()

    async def settle(self) -> None:
        """Wait until all that is under way has ended."""
        # One may start another.
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.fail(error)
