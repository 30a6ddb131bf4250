"""One query for all backend processes: answers lie in Redis, sealed, until their tick is over.

The first process that asks puts an empty value where the answer will be; the others wait for it a
while. Whatever goes wrong with Redis, a process asks for itself, as without it.

Who reads Redis learns neither rows nor whose they are, and who writes there can neither make an
answer up nor give it to another question: ``sealing`` seals each for its place. The place's name
comes of the question and of the key that signs the workspace's tokens, and tells nothing of both.
"""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from hashlib import sha256
from typing import Any, Final

import msgspec
from redis.exceptions import RedisError

from clerk_tinybird_app.sealing import NotSealedError
from clerk_tinybird_app.shared_redis import SharedRedis
from clerk_tinybird_app.tinybird.client import PipeAnswer
from clerk_tinybird_app.tinybird.client.client import Reply, read_answer
from clerk_tinybird_app.tinybird.token import Workspace

MOST_BYTES: Final = 1024 * 1024
"""The largest answer that is shared. One of the demo's has 9 kB, and 1.3 kB compressed."""

LOCK_SECONDS: Final = 3.0
"""How long the process that asks is waited for: it may have ended, and most queries are faster."""

_AFTER_SECONDS: Final = 1.0
"""How long an answer stays after its tick."""

_WAITS: Final = (0.01, 0.1)
"""The first pause between two looks for an answer, and the longest. Each is twice the last."""

_MS: Final = 1000


class SharedAnswers:
    """Asks once for all processes with the same Redis and the same workspace.

    Args:
        shared: The Redis.
        workspace: Returns the workspace of the moment.
        clock: Seconds since the epoch. The clocks of all processes should agree.
        lock_seconds: How long the process that asks is waited for.
    """

    def __init__(
        self,
        shared: SharedRedis,
        workspace: Callable[[], Workspace],
        *,
        clock: Callable[[], float] = time.time,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self._shared = shared
        self._redis = shared.redis
        self._sealer = shared.sealer
        self._workspace = workspace
        self._clock = clock
        self._lock_seconds = lock_seconds
        self._looks: list[tuple[str, int]] = []
        self._exchanging: asyncio.Task[list[Any] | None]

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
        if seconds <= 0 or self._shared.is_left_alone:
            return await ask()
        place = self._place(question)
        if found := await self._found(place, seconds):
            return found
        try:
            answer = await ask()
        except BaseException:
            self._shared.beside(self._redis.delete(place))
            raise
        self._shared.beside(self._put(place, answer, until + _AFTER_SECONDS))
        return answer

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
            exchange = self._shared.in_a_moment(self._exchange())
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
            self._shared.fail(error)
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


def _ms(seconds: float) -> int:
    """Return milliseconds as Redis takes them: at least 1."""
    return max(1, int(seconds * _MS))
