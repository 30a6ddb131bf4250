"""How many websockets an address or a session has at all backend processes, counted in Redis.

Each has a lease there, which is renewed while the websocket lives, so that a process that dies
leaves no place taken for long.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from clerk_tinybird_app.reflex_internals.connections import (
    MAX_PER_SESSION,
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


@dataclass(eq=False, slots=True)
class _Lease:
    """A place in Redis.

    Attributes:
        whose: The address or the session that has it.
        renewed_at: Seconds of the clock.
        name: Its name there.
    """

    whose: str
    renewed_at: float
    name: str = field(default_factory=lambda: uuid.uuid4().hex)


class _Places:
    """The places of addresses, or of sessions, at all backend processes.

    It refuses only beyond what each process refuses by itself: while Redis is away, everybody has
    a place.

    Args:
        shared: The Redis.
        kind: What has places: "address" or "session".
        most: The most websockets of one.
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(
        self, shared: SharedRedis, kind: str, most: int, clock: Callable[[], float]
    ) -> None:
        self._shared = shared
        self._kind = kind
        self._clock = clock
        self._most = most
        self._script = shared.redis.register_script(_TAKE)
        self._leases: dict[Connection, _Lease] = {}
        # By name: those who left and whose place may still be taken in Redis.
        self._left: dict[str, _Lease] = {}

    async def take(self, connection: Connection, whose: str) -> bool:
        """Take a place for a websocket, instead of the one that it has; tell whether there was one.

        Args:
            connection: The websocket.
            whose: Its address or session; "" when it is not counted.
        """
        if not whose or self._shared.is_left_alone:
            return True
        before = self._leases.get(connection)
        lease = self._leases[connection] = _Lease(whose, self._clock())
        taken = await self._shared.in_a_moment(self._lease(connection, lease))
        if taken != 0:
            if before:
                self._has_left(before)
            return True
        if self._leases.get(connection) is lease:
            if before:
                self._leases[connection] = before
            else:
                del self._leases[connection]
        elif before:
            self._has_left(before)
        return False

    def renew(self, connection: Connection) -> None:
        """Renew the place of a websocket that lives, when that is due."""
        lease, now = self._leases.get(connection), self._clock()
        if lease is None or now - lease.renewed_at < RENEWED_SECONDS:
            return
        if not self._shared.is_left_alone:
            lease.renewed_at = now
            self._shared.beside(self._lease(connection, lease))

    def leave(self, connection: Connection) -> None:
        """Free the place of a websocket, if it has one, and those that Redis missed to free."""
        if lease := self._leases.pop(connection, None):
            self._has_left(lease)

    async def _lease(self, connection: Connection, lease: _Lease) -> int:
        given: list[int | str] = [self._most, LEASE_SECONDS, lease.name]
        try:
            return int(await self._script(keys=[self._key(lease)], args=given))
        finally:
            # Redis may have heard of it after it was told that the websocket has gone.
            if self._leases.get(connection) is not lease:
                self._has_left(lease)

    def _has_left(self, lease: _Lease) -> None:
        self._left[lease.name] = lease
        if len(self._left) > MAX_UNPROVED:
            del self._left[next(iter(self._left))]
        if not self._shared.is_left_alone:
            self._shared.beside(self._free())

    async def _free(self) -> None:
        left, self._left = self._left, {}
        try:
            for name, lease in left.items():
                await self._shared.redis.zrem(self._key(lease), name)
        except BaseException:
            self._left = left | self._left
            raise

    def _key(self, lease: _Lease) -> str:
        # Not a plain hash: whoever reads Redis could try all addresses there are.
        return f"websockets:{self._shared.sealer.digest(self._kind, lease.whose.encode())}"


class SharedPlaces:
    """The places of addresses and of sessions at all backend processes.

    Args:
        shared: The Redis.
        clock: Seconds of a clock that nobody can set.
        per_address: The most websockets of one address without a proved session.
        per_session: The most websockets of one session.

    Attributes:
        addresses: Those of addresses.
        sessions: Those of sessions.
    """

    def __init__(
        self,
        shared: SharedRedis,
        clock: Callable[[], float] = time.monotonic,
        *,
        per_address: int = MAX_UNPROVED_PER_ADDRESS,
        per_session: int = MAX_PER_SESSION,
    ) -> None:
        self.addresses = _Places(shared, "address", per_address, clock)
        self.sessions = _Places(shared, "session", per_session, clock)

    def renew(self, connection: Connection) -> None:
        """Renew the place of a websocket that lives, when that is due."""
        self.addresses.renew(connection)
        self.sessions.renew(connection)
