"""Reflex's two clients of Redis, between which and Redis everything is sealed.

Reflex unpickles what it reads, so nothing reaches it that this app has not sealed under the very
name that it lies under. What was not is as if it were not there: a tab begins with an empty state.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import TimeoutError as RedisTimeoutError
from reflex.utils.prerequisites import get_redis

from clerk_tinybird_app.sealing import NotSealedError, Sealer
from clerk_tinybird_app.telemetry import refusals

CONNECT_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 3.0
"""How long Redis may take for a connection, and for an answer with all that it takes."""

_RETRIES: Final = 5
_PAUSES: Final = ExponentialBackoff(cap=0.5, base=0.05)
"""A Redis that restarts within two seconds costs no event."""

_HEALTH_SECONDS: Final = 15
_OF_REDIS_ITSELF: Final = b"__keyspace@"
"""How the channels begin in which Redis tells of keys. These messages are words of Redis' own."""


class SealedStates(Redis):
    """The client of a state manager, which reads states with ``mget`` alone.

    Its locks are not sealed: Reflex compares them, and never unpickles one.

    Args:
        sealer: Opens what is read.
    """

    def __init__(self, sealer: Sealer) -> None:
        super().__init__(connection_pool=_pool())
        self.auto_close_connection_pool = True
        self.sealer = sealer

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Give up a Redis that hangs."""
        # Not by the option of connections: in Python 3.11 its way of waiting loses cancellations.
        # It would also end the connections of listeners when there is nothing to hear.
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                # It has no types of its own.
                return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except TimeoutError:
            raise RedisTimeoutError(f"no answer in {ANSWER_SECONDS} s") from None

    # Redis' own types are of both of its clients.
    async def mget(self, keys: Sequence[str], *_: Any) -> list[bytes | None]:  # type: ignore[override]
        """Return the states that were sealed for these keys, None in the place of all others."""
        values: list[bytes | None] = await super().mget(keys)
        return [_opened(self.sealer, key, value) for key, value in zip(keys, values, strict=True)]


class SealedSockets(SealedStates):
    """The client of a token manager: records of websockets, and messages to other processes."""

    async def set(self, name: str, value: bytes, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Seal and set a value."""
        return await super().set(name, self.sealer.seal(name, value), *args, **kwargs)

    async def get(self, name: str) -> bytes | None:  # type: ignore[override]
        """Return what was sealed for this name, None if there is no such value."""
        return _opened(self.sealer, name, await super().get(name))

    async def publish(self, channel: str, message: bytes, **kwargs: Any) -> Any:  # type: ignore[override]
        """Seal and send a message."""
        return await super().publish(channel, self.sealer.seal(channel, message), **kwargs)

    def pubsub(self, **kwargs: Any) -> PubSub:
        """Return what listens, and hears only what was sealed for its channel."""
        return _SealedMessages(self.connection_pool, self.sealer, **kwargs)


class _SealedMessages(PubSub):
    def __init__(self, pool: ConnectionPool, sealer: Sealer, **kwargs: Any) -> None:
        super().__init__(pool, **kwargs)
        self._sealer = sealer

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Yield messages as Reflex expects them."""
        async for message in super().listen():
            channel: bytes = message["channel"]
            is_told = message["type"] in ("message", "pmessage")
            if is_told and not channel.startswith(_OF_REDIS_ITSELF):
                opened = _opened(self._sealer, channel.decode(errors="replace"), message["data"])
                if opened is None:
                    continue
                message["data"] = opened
            yield message


def _opened(sealer: Sealer, name: str, value: bytes | None) -> bytes | None:
    """Return what was sealed for ``name``, or None and a line in the log."""
    if value is None:
        return None
    try:
        return sealer.open(name, value)
    except NotSealedError:
        # Not its name, which names a tab.
        refusals.refused(refusals.REDIS, refusals.NOT_SEALED)
        return None


def _pool() -> ConnectionPool:
    """Return connections as Reflex would make them, which give up a Redis that is away."""
    client = get_redis()
    if client is None:
        raise RuntimeError("there is no Redis in Reflex's configuration")
    pool: ConnectionPool = client.connection_pool
    pool.connection_kwargs |= {
        "socket_connect_timeout": CONNECT_SECONDS,
        "health_check_interval": _HEALTH_SECONDS,
        "retry": Retry(_PAUSES, _RETRIES),
        # What Redis answers is no reason to ask again.
        "retry_on_error": [],
    }
    if issubclass(pool.connection_class, Connection):
        # Over a network only: the end of a listener's other side is not always told.
        pool.connection_kwargs["socket_keepalive"] = True
    return pool
