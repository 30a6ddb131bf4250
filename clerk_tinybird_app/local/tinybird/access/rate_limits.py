"""Requests per second, counted by token name as Tinybird counts them."""

import math
from collections.abc import Callable
from typing import Final

from clerk_tinybird_app.local.tinybird.errors import too_many

WINDOW_SECONDS: Final = 1
_MOST_NAMES: Final = 10_000


class RateLimits:
    """Counts requests in windows of a second, for the event loop's thread alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[int, int]] = {}

    def take(self, name: str, rps: int) -> dict[str, str]:
        """Count a request of ``name``, which may make ``rps`` a second; return its rate headers.

        One too many is refused with them, 429.
        """
        now = self._clock()
        window = math.floor(now)
        if len(self._counts) >= _MOST_NAMES:
            self._counts = {n: c for n, c in self._counts.items() if c[0] == window}
        since, count = self._counts.get(name, (window, 0))
        count = count + 1 if since == window else 1
        self._counts[name] = (window, count)
        reset = max(1, math.ceil(window + WINDOW_SECONDS - now))
        headers = {
            "X-RateLimit-Limit": str(rps),
            "X-RateLimit-Remaining": str(max(rps - count, 0)),
            "X-RateLimit-Reset": str(reset),
        }
        if count > rps:
            text = f"Too many requests: tokens of this name may make {rps} a second."
            raise too_many(text, seconds=reset, headers=headers)
        return headers
