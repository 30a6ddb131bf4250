"""How often one caller may ask. The memory that it needs has an upper limit."""

import time
from collections.abc import Callable
from typing import Final

MINUTE: Final = 60.0
_MOST_CALLERS: Final = 10_000


class RateLimit:
    """Allows each caller a number of requests per minute, which may all come at once.

    It keeps one time for each caller: the moment from which the caller has its whole allowance
    again (the generic cell rate algorithm). When the memory is full, the caller whose last request
    is oldest is forgotten.

    Args:
        per_minute: How many requests.
        clock: Seconds of a clock that nobody can set.

    Attributes:
        interval: The seconds after which a caller may make one request more.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval = MINUTE / per_minute
        self._clock = clock
        self._regained_at: dict[str, float] = {}

    def take(self, caller: str) -> float:
        """Count a request. Return 0 when it is allowed, else the seconds to wait."""
        now = self._clock()
        # Removed and added again, so that the first entry is the one that was used longest ago.
        regained_at = max(self._regained_at.pop(caller, now), now)
        # Rounded to microseconds, because the sum of many intervals is not exact.
        wait = round(regained_at + self.interval - (now + MINUTE), 6)
        is_allowed = wait <= 0
        self._regained_at[caller] = regained_at + self.interval * is_allowed
        if len(self._regained_at) > _MOST_CALLERS:
            del self._regained_at[next(iter(self._regained_at))]
        return 0.0 if is_allowed else wait

    def give_back(self, caller: str) -> None:
        """Take back the last count of a request that was refused elsewhere."""
        if caller in self._regained_at:
            self._regained_at[caller] -= self.interval
