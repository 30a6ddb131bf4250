"""What anybody can write to the log: one line each, cut, and a few a minute."""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

MAX_CHARACTERS: Final = 2_000
MAX_PER_MINUTE: Final = 20
_WINDOW_SECONDS: Final = 60.0


class LogBudget(logging.Filter):
    """Lets a minute's share of lines pass; the next one says how many were held back.

    As a filter it bounds every record of the logger that it is added to.

    Args:
        clock: Seconds that only ever go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: deque[float] = deque(maxlen=MAX_PER_MINUTE)
        self._held_back = 0

    def line(self, text: str) -> str | None:
        """Return ``text`` as one line, or None when the minute's share is used up."""
        now = self._clock()
        if len(self._passed) == MAX_PER_MINUTE and now - self._passed[0] < _WINDOW_SECONDS:
            self._held_back += 1
            return None
        self._passed.append(now)
        held_back, self._held_back = self._held_back, 0
        # As a literal, so that a report cannot write lines of its own.
        literal = repr(text[:MAX_CHARACTERS])
        return f"{literal} ({held_back} more were not logged)" if held_back else literal

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass ``record`` as one line, or hold it back."""
        line = self.line(record.getMessage())
        if line is None:
            return False
        record.msg, record.args, record.exc_info = line, None, None
        return True
