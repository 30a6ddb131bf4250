"""One query for all backend processes: answers lie in Redis, sealed, until their tick is over.

The first process that asks puts an empty value where the answer will be; the others wait for it a
while. Whatever goes wrong with Redis, a process asks for itself, as without it.

Of these answers, who reads Redis learns neither rows nor whose they are, and who writes there can
neither make one up nor give it to another question. This guards the answers alone. Reflex keeps its
states in the same Redis as pickles, with the session, its token and its rows: who reads there sees
them, and who writes there runs code in the app. So nobody but the app may reach that Redis.

All names and keys come from one secret, which is derived from the key that signs the workspace's
tokens: every backend process has that one, and whoever else had it could mint a token for any
tenant, and would need no answers. What is derived has a purpose of its own, so it never signs
anything.
"""

import asyncio
import hmac
import os
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from redis.exceptions import RedisError

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

_INFO: Final = b"clerk_tinybird_app, answers in Redis, version 1"
_NONCE_BYTES: Final = 12
_MS: Final = 1000


@lru_cache(maxsize=1)
def _secret(signing_key: str) -> bytes:
    """Return what all names and keys come from: the same for every query of a workspace."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO)
    return kdf.derive(signing_key.encode())


class _Place(NamedTuple):
    """Where one answer lies, and what seals it: a key of its own, for a few values in all."""

    name: str
    cipher: AESGCM

    @classmethod
    def of(cls, question: bytes, workspace: Workspace) -> Self:
        """Return the place of the answer to ``question`` of a workspace."""
        secret = _secret(workspace.signing_key)
        digest = hmac.digest(secret, workspace.api_url.encode() + b"\n" + question, "sha512")
        return cls(f"shared-answer:{digest[:32].hex()}", AESGCM(digest[32:]))

    def seal(self, text: bytes) -> bytes:
        """Return the text so that only this place opens it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, zlib.compress(text, 1), self.name.encode())

    def open(self, sealed: bytes) -> bytes:
        """Return the text, or raise ``InvalidTag`` or ``ValueError`` if it was not sealed here."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return zlib.decompress(self.cipher.decrypt(nonce, rest, self.name.encode()))


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
        place = _Place.of(question, self._workspace())
        if found := await self._found(place, seconds):
            return found
        try:
            answer = await ask()
        except BaseException:
            self._shared.beside(self._redis.delete(place.name))
            raise
        self._shared.beside(self._put(place, answer, until + _AFTER_SECONDS))
        return answer

    async def _found(self, place: _Place, seconds: float) -> PipeAnswer | None:
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

    async def _look(self, place: _Place, seconds: float) -> tuple[bool, bytes] | None:
        """Take the place if it is free; return whether it was, and what lies there.

        All who look in the same turn of the event loop make one exchange with Redis. When that
        fails, it is None.
        """
        number = len(self._looks)
        self._looks.append((place.name, _ms(seconds)))
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

    def _opened(self, place: _Place, sealed: bytes) -> PipeAnswer | None:
        """Return the answer; None if it had no room or has had its time, or is nobody's."""
        try:
            head, _, body = place.open(sealed).partition(b"\n")
        except (InvalidTag, ValueError, TypeError) as error:
            self._shared.fail(error)
            return None
        until, duration_ms = msgspec.json.decode(head, type=tuple[float, float])
        if not body or until <= self._clock():
            return None
        return read_answer(Reply(200, {}, body, duration_ms / _MS), "json")

    async def _put(self, place: _Place, answer: PipeAnswer, until: float) -> None:
        # The body as it came, so that every process reads it in the same way. One that is too large
        # is left out, which says that nobody need wait.
        body = answer.body if len(answer.body) <= MOST_BYTES else b""
        text = msgspec.json.encode((until, answer.duration_ms)) + b"\n" + body
        try:
            await self._redis.set(place.name, place.seal(text), px=_ms(until - self._clock()))
        except RedisError:
            await self._redis.delete(place.name)
            raise


def _ms(seconds: float) -> int:
    """Return milliseconds as Redis takes them: at least 1."""
    return max(1, int(seconds * _MS))
