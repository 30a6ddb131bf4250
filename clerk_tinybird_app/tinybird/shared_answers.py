"""One query for all backend processes: answers lie in Redis, sealed, until their tick is over.

The first process that asks puts an empty value where the answer will be; the others wait for it a
while. Whatever goes wrong with Redis, a process asks for itself, as without it.

Who reads Redis learns neither rows nor whose they are, and who writes there can neither make an
answer up nor give it to another question: ``sealing`` seals each for its place. The place's name
comes of the question and of the key that signs the workspace's tokens, and tells nothing of both.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from clerk_tinybird_app.sealing import NotSealedError, Sealer
from clerk_tinybird_app.tinybird.client import PipeAnswer
from clerk_tinybird_app.tinybird.client.client import Reply, read_answer
from clerk_tinybird_app.tinybird.token import Workspace

MOST_BYTES: Final = 1024 * 1024
"""The largest answer that is shared. One of the demo's has 9 kB, and 1.3 kB compressed."""

LOCK_SECONDS: Final = 3.0
"""How long the process that asks is waited for: it may have ended, and most queries are faster."""

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

_AFTER_SECONDS: Final = 1.0
"""How long an answer stays after its tick."""

_WAITS: Final = (0.01, 0.1)
"""The first pause between two looks for an answer, and the longest. Each is twice the last."""

_CONNECTIONS: Final = 8
_MS: Final = 1000

_logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class SharedAnswers:
    """Asks once for all processes with the same Redis and the same workspace.

    Args:
        redis: The connections. ``close`` closes them.
        sealer: Seals the answers.
        workspace: Returns the workspace of the moment.
        clock: Seconds since the epoch. The clocks of all processes should agree.
        monotonic: Seconds of a clock that nobody can set.
        lock_seconds: How long the process that asks is waited for.
    """

    def __init__(
        self,
        redis: Redis,
        sealer: Sealer,
        workspace: Callable[[], Workspace],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self._redis = redis
        self._sealer = sealer
        self._workspace = workspace
        self._clock = clock
        self._monotonic = monotonic
        self._lock_seconds = lock_seconds
        self._tasks: set[asyncio.Task[Any]] = set()
        self._looks: list[tuple[str, int]] = []
        self._exchanging: asyncio.Task[list[Any] | None]
        self._failed_in_a_row = self._untold = 0
        self._again_at = self._silent_until = 0.0

    async def query(
        self, question: bytes, ask: Callable[[], Awaitable[PipeAnswer]], *, until: float
    ) -> PipeAnswer:
        """Return what another process was answered, or ask and tell the others.

        An error is nobody else's: the next process asks for itself.

        Args:
            question: All that decides the answer.
            ask: Asks Tinybird.
            until: When the answer is forgotten, in seconds since the epoch.
        """
        seconds = min(until - self._clock(), self._lock_seconds)
        is_left_alone = (
            self._failed_in_a_row >= _FAILURES_IN_A_ROW and self._monotonic() < self._again_at
        )
        if seconds <= 0 or is_left_alone:
            return await ask()
        place = self._place(question)
        if found := await self._found(place, seconds):
            return found
        try:
            answer = await ask()
        except BaseException:
            self._beside(self._redis.delete(place))
            raise
        self._beside(self._put(place, answer, until + _AFTER_SECONDS))
        return answer

    async def close(self) -> None:
        """Let what is under way end, and close the connections."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    def _place(self, question: bytes) -> str:
        """Return the name that the answer to ``question`` of the workspace lies under."""
        workspace = self._workspace()
        whose = sha256(workspace.signing_key.encode()).digest() + workspace.api_url.encode()
        return "shared-answer:" + self._sealer.digest("answer", whose + b"\n" + question)

    async def _found(self, place: str, seconds: float) -> PipeAnswer | None:
        """Wait for what another process is answered; None when this one is to ask."""
        pause, longest = _WAITS
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while seen := await self._look(place, seconds):
                    is_free, sealed = seen
                    if is_free:
                        break
                    if sealed:
                        return self._opened(place, sealed)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, longest)
        return None

    async def _look(self, place: str, seconds: float) -> tuple[bool, bytes] | None:
        """Take the place if it is free; return whether it was, and what lies there.

        All who look in the same turn of the event loop make one exchange with Redis. When that
        fails, it is None.
        """
        number = len(self._looks)
        self._looks.append((place, _ms(seconds)))
        if not number:
            exchange = self._in_a_moment(self._exchange())
            self._exchanging = asyncio.get_running_loop().create_task(exchange, context=Context())
        seen = await asyncio.shield(self._exchanging)
        return (seen[2 * number], seen[2 * number + 1]) if seen else None

    async def _exchange(self) -> list[Any]:
        looks, self._looks = self._looks, []
        pipeline = self._redis.pipeline(transaction=False)
        for name, milliseconds in looks:
            pipeline.set(name, b"", nx=True, px=milliseconds)
            # No more is read, whatever somebody put there.
            pipeline.getrange(name, 0, 2 * MOST_BYTES)
        return await pipeline.execute()

    def _opened(self, place: str, sealed: bytes) -> PipeAnswer | None:
        """Return the answer; None if it had no room or has had its time, or is nobody's."""
        try:
            text = zlib.decompress(self._sealer.open(place, sealed))
        except (NotSealedError, TypeError) as error:
            self._fail(error)
            return None
        head, _, body = text.partition(b"\n")
        until, duration_ms = msgspec.json.decode(head, type=tuple[float, float])
        if not body or until <= self._clock():
            return None
        return read_answer(Reply(200, {}, body, duration_ms / _MS), "json")

    async def _put(self, place: str, answer: PipeAnswer, until: float) -> None:
        # The body as it came, so that every process reads it in the same way. One that is too large
        # is left out, which says that nobody need wait.
        body = answer.body if len(answer.body) <= MOST_BYTES else b""
        text = msgspec.json.encode((until, answer.duration_ms)) + b"\n" + body
        sealed = self._sealer.seal(place, zlib.compress(text, 1))
        try:
            await self._redis.set(place, sealed, px=_ms(until - self._clock()))
        except RedisError:
            await self._redis.delete(place)
            raise

    async def _in_a_moment(self, work: Coroutine[Any, Any, _Result]) -> _Result | None:
        """Return what comes of ``work``; None when it fails or takes too long.

        It goes on then: a connection that takes longer is there for the next page.
        """
        task = self._beside(work)
        for _ in range(_TURNS):
            if not task.done():
                await asyncio.wait({task}, timeout=MOMENT_SECONDS / _TURNS)
        if not task.done():
            self._fail(TimeoutError())
            return None
        if task.exception():
            return None
        self._failed_in_a_row = 0
        return task.result()

    def _beside(self, work: Awaitable[_Result]) -> asyncio.Task[_Result]:
        """Start ``work`` in a task of its own. What it raises, of whatever kind, is a failure."""

        async def limited() -> _Result:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await work

        task = asyncio.get_running_loop().create_task(limited(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        now = self._monotonic()
        self._failed_in_a_row += 1
        self._again_at = now + PAUSE_SECONDS
        self._untold += 1
        if now >= self._silent_until:
            # Only the error's name, because its text may contain what Redis sent.
            _logger.warning(
                "Redis keeps backend processes from sharing queries. Failures: %d, the last %s.",
                self._untold,
                type(error).__name__,
            )
            self._silent_until, self._untold = now + _SILENT_SECONDS, 0


def connect(url: str) -> Redis:
    """Return connections to the Redis at ``url``, which try nothing twice.

    Raises:
        ValueError: It is no address of a Redis.
    """
    pool = BlockingConnectionPool.from_url(
        url, max_connections=_CONNECTIONS, timeout=None, retry=Retry(NoBackoff(), 0)
    )
    return Redis.from_pool(pool)


def _ms(seconds: float) -> int:
    """Return milliseconds as Redis takes them: at least 1."""
    return max(1, int(seconds * _MS))
