"""What is told once a day: a fault that comes back later is news again."""

import time
from collections.abc import Callable
from typing import Final

DAY: Final = 24 * 60 * 60.0


class Reminders:
    """Says which of a few texts are to be told: each once a day, and only so many a day.

    Args:
        most: How many texts a day. More are not kept either.
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._told: dict[str, float] = {}

    def is_due(self, text: str) -> bool:
        """Tell whether ``text`` is to be told now; then it counts as told."""
        now = self._clock()
        self._told = {known: at for known, at in self._told.items() if now - at < DAY}
        if text in self._told or len(self._told) >= self._most:
            return False
        self._told[text] = now
        return True
