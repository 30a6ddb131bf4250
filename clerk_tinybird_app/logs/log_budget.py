"""What anybody can write to the log: one line each, cut, and a few a minute.

The error logs take the place of Reflex's own handlers of errors. Any client can call the one for
pages without a session. Reflex's own handler for events would answer each failure with a script
for the page. The page's policy refuses the script, which is again an error of the page, without
end.
"""

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

_logger = logging.getLogger(__name__)

MAX_CHARACTERS: Final = 2_000
MAX_PER_MINUTE: Final = 20
_WINDOW_SECONDS: Final = 60.0

_CALLS: Final = 5
"""How many of an error's innermost calls are named."""


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


# Reflex wants functions with this very annotation.
def page_error_log(clock: Callable[[], float] = time.monotonic) -> Callable[[Exception], None]:
    """Return what logs one line for an error that a page reports."""
    budget = LogBudget(clock)

    def log_page_error(exception: Exception) -> None:
        if line := budget.line(str(exception)):
            _logger.error("Reported by a browser: %s", line)

    return log_page_error


def event_error_log(clock: Callable[[], float] = time.monotonic) -> Callable[[Exception], None]:
    """Return what logs one line for an error that ended an event, with where it came from."""
    budget = LogBudget(clock)

    def log_event_error(exception: Exception) -> None:
        calls = traceback.extract_tb(exception.__traceback__)[-_CALLS:]
        places = [f"{Path(call.filename).name}:{call.lineno} {call.name}" for call in calls]
        # The places first: an error's text can be as long as somebody likes.
        where = " > ".join(places) or "nowhere"
        if line := budget.line(f"{where}: {type(exception).__name__}: {exception}"):
            _logger.error("An event failed at %s", line)

    return log_event_error
