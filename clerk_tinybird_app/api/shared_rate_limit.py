"""How often one caller may ask, counted in Redis for all backend processes together."""

from typing import Any, Final

from clerk_tinybird_app.api.rate_limit import MINUTE, RateLimit
from clerk_tinybird_app.shared_redis import SharedRedis

_MICROSECONDS: Final = 1_000_000
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, minute = tonumber(ARGV[1]), tonumber(ARGV[2])
local regained = tonumber(redis.call('GET', KEYS[1]) or now)
regained = math.min(math.max(regained, now), now + minute)
local wait = regained + interval - (now + minute)
if wait > 0 then
    return math.ceil(wait)
end
regained = regained + interval
local left = math.ceil((regained - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', regained), 'PX', left)
return 0
"""
"""``RateLimit.take`` as one step, by Redis' clock. The entry goes when the allowance is whole."""


class SharedRateLimit:
    """A limit that holds for all backend processes with the same Redis.

    A process whose own count refuses already does not ask Redis. While Redis is away, its own count
    is all there is.

    Args:
        name: The name of the limit.
        own: The limit of this process.
        shared: The Redis; without one each process counts for itself.
    """

    def __init__(self, name: str, own: RateLimit, shared: SharedRedis | None) -> None:
        self._name = name
        self._own = own
        self._shared = shared
        self._take = shared.redis.register_script(_TAKE) if shared else None

    async def take(self, caller: str) -> float:
        """Count a request. Return 0 when it is allowed, else the seconds to wait."""
        if wait := self._own.take(caller):
            return wait
        if self._shared is None or self._take is None or self._shared.is_left_alone:
            return 0.0
        # Not a plain hash: whoever reads Redis could try all addresses there are.
        key = f"rate-limit:{self._name}:{self._shared.sealer.digest('caller', caller.encode())}"
        given = [round(seconds * _MICROSECONDS) for seconds in (self._own.interval, MINUTE)]
        counted: Any = await self._shared.in_a_moment(self._take(keys=[key], args=given))
        if not counted:
            return 0.0
        self._own.give_back(caller)
        return float(counted) / _MICROSECONDS
