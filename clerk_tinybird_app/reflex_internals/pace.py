"""How fast somebody may send, over however many websockets; pure."""

import time
from collections.abc import Callable
from typing import Final

_MOST_SENDERS: Final = 10_000


class Pace:
    """Lets each sender send so much at once, and then so much a second: the rest has to wait.

    Whoever has to wait has a moment of its own, so with some websockets the wait is no longer than
    their number at this pace. One time is kept for each sender. When there are too many, the one
    that sent last the longest ago is forgotten.

    Args:
        at_once: How much a sender that was quiet may send.
        per_second: How much more each second.
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(
        self, at_once: int, per_second: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ahead = at_once / per_second
        self._interval = 1 / per_second
        self._clock = clock
        self._regained_at: dict[str, float] = {}

    def wait(self, sender: str) -> float:
        """Count one more of ``sender``; return for how many seconds it has to wait."""
        now = self._clock()
        # Removed and added again, so that the first entry is the one that was used longest ago.
        regained_at = max(self._regained_at.pop(sender, now), now) + self._interval
        self._regained_at[sender] = regained_at
        if len(self._regained_at) > _MOST_SENDERS:
            del self._regained_at[next(iter(self._regained_at))]
        # Rounded, because the sum of many intervals is not exact.
        return max(0.0, round(regained_at - now - self._ahead, 3))
