"""Requests per second, counted by token name as Tinybird counts them."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.local.tinybird.errors import API_DOCUMENTATION, ApiError

WINDOW_SECONDS: Final = 1
_MOST_NAMES: Final = 10_000


@dataclass(frozen=True)
class Allowance:
    """What is left to a name in the present second.

    Attributes:
        limit: Requests per second.
        remaining: Requests left in this second.
        reset: Whole seconds until there are more.
    """

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Return the headers that tell it."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class RateLimits:
    """Counts requests in windows of a second.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def take(self, name: str, rps: int) -> Allowance:
        """Count one request of ``name``, which may make ``rps`` a second.

        Raises:
            ApiError: 429, with the headers that say when to come back.
        """
        now = self._clock()
        window = math.floor(now)
        with self._lock:
            if len(self._counts) >= _MOST_NAMES:
                self._counts = {n: c for n, c in self._counts.items() if c[0] == window}
            since, count = self._counts.get(name, (window, 0))
            count = count + 1 if since == window else 1
            self._counts[name] = (window, count)
        reset = max(1, math.ceil(window + WINDOW_SECONDS - now))
        if count <= rps:
            return Allowance(rps, rps - count, reset)
        headers = Allowance(rps, 0, reset).headers() | {"Retry-After": str(reset)}
        raise ApiError(
            429,
            f"Too many requests: tokens of this name may make {rps} a second.",
            documentation=f"{API_DOCUMENTATION}#limits",
            headers=headers,
        )
