"""How many websockets one address has at all backend processes, counted in Redis.

Each has a lease there, which is renewed while the websocket lives, so that a process that dies
leaves no place taken for long.
"""

import time
import uuid
from collections.abc import Callable
from typing import Final

from clerk_tinybird_app.reflex_internals.connections import (
    MAX_UNPROVED,
    MAX_UNPROVED_PER_ADDRESS,
    Connection,
)
from clerk_tinybird_app.shared_redis import SharedRedis

LEASE_SECONDS: Final = 300
RENEWED_SECONDS: Final = 60.0
"""How old a lease is when the next frame renews it; a page sends one every two minutes at least."""

_TAKE: Final = """
local now = tonumber(redis.call('TIME')[1])
local most, lease = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= most and not redis.call('ZSCORE', KEYS[1], ARGV[3]) then
    return 0
end
redis.call('ZADD', KEYS[1], now + lease, ARGV[3])
redis.call('EXPIRE', KEYS[1], lease)
return 1
"""
"""Takes a place, or renews it, as one step and by Redis' clock."""


class SharedPlaces:
    """The places of addresses at all backend processes.

    It refuses only beyond what each process refuses by itself: while Redis is away, everybody has
    a place.

    Args:
        shared: The Redis.
        clock: Seconds of a clock that nobody can set.
        most: The most websockets of one address without a proved session.
    """

    def __init__(
        self,
        shared: SharedRedis,
        clock: Callable[[], float] = time.monotonic,
        most: int = MAX_UNPROVED_PER_ADDRESS,
    ) -> None:
        self._shared = shared
        self._clock = clock
        self._most = most
        self._script = shared.redis.register_script(_TAKE)
        self._leases: dict[Connection, tuple[str, float]] = {}
        # Lease -> the address, of those who left and whose place may still be taken in Redis.
        self._left: dict[str, str] = {}

    async def take(self, connection: Connection) -> bool:
        """Take a place for a new websocket; return whether there was one."""
        if not connection.origin or self._shared.is_left_alone:
            return True
        lease = uuid.uuid4().hex
        self._leases[connection] = (lease, self._clock())
        taken = await self._shared.in_a_moment(self._lease(connection, lease))
        return taken != 0

    def renew(self, connection: Connection) -> None:
        """Renew the place of a websocket that lives, when that is due."""
        lease, renewed_at = self._leases.get(connection, ("", 0.0))
        now = self._clock()
        if lease and now - renewed_at >= RENEWED_SECONDS and not self._shared.is_left_alone:
            self._leases[connection] = (lease, now)
            self._shared.beside(self._lease(connection, lease))

    def leave(self, connection: Connection) -> None:
        """Free the place of a websocket, if it has one, and those that Redis missed to free."""
        lease, _ = self._leases.pop(connection, ("", 0.0))
        if lease:
            self._has_left(lease, connection.origin)

    async def _lease(self, connection: Connection, lease: str) -> int:
        given: list[int | str] = [self._most, LEASE_SECONDS, lease]
        try:
            return int(await self._script(keys=[self._key(connection.origin)], args=given))
        finally:
            # Redis may have heard of it after it was told that the websocket has gone.
            if connection not in self._leases:
                self._has_left(lease, connection.origin)

    def _has_left(self, lease: str, origin: str) -> None:
        self._left[lease] = origin
        if len(self._left) > MAX_UNPROVED:
            del self._left[next(iter(self._left))]
        if not self._shared.is_left_alone:
            self._shared.beside(self._free())

    async def _free(self) -> None:
        left, self._left = self._left, {}
        try:
            for lease, origin in left.items():
                await self._shared.redis.zrem(self._key(origin), lease)
        except BaseException:
            self._left = left | self._left
            raise

    def _key(self, origin: str) -> str:
        # Not a plain hash: whoever reads Redis could try all addresses there are.
        return f"websockets:{self._shared.sealer.digest('address', origin.encode())}"
