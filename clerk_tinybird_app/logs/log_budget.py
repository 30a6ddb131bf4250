"""Limits what anybody can make the app write to the log: short single lines, and a few per minute.

The two error logs replace the error handlers of Reflex. Any client can report an error of a page,
without a session. And Reflex's own handler for events answers each failure with a script for the
page: the policy of the page refuses the script, which is again an error of the page, and so on.
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
    """Passes a limited number of lines per minute. The next line says how many were left out.

    As a filter it limits all records of the logger that it is added to.

    Args:
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: deque[float] = deque(maxlen=MAX_PER_MINUTE)
        self._held_back = 0

    def line(self, text: str) -> str | None:
        """Return ``text`` as one line, or None when the limit of this minute is reached."""
        now = self._clock()
        if len(self._passed) == MAX_PER_MINUTE and now - self._passed[0] < _WINDOW_SECONDS:
            self._held_back += 1
            return None
        self._passed.append(now)
        held_back, self._held_back = self._held_back, 0
        # As a Python literal, so that the text cannot contain more lines.
        literal = repr(text[:MAX_CHARACTERS])
        return f"{literal} ({held_back} more were not logged)" if held_back else literal

    def filter(self, record: logging.LogRecord) -> bool:
        """Make ``record`` one line and pass it, or leave it out."""
        line = self.line(record.getMessage())
        if line is None:
            return False
        record.msg, record.args, record.exc_info = line, None, None
        return True


# Reflex accepts only functions with exactly this annotation.
def page_error_log(clock: Callable[[], float] = time.monotonic) -> Callable[[Exception], None]:
    """Return a function that logs one line for an error that a page reports."""
    budget = LogBudget(clock)

    def log_page_error(exception: Exception) -> None:
        if line := budget.line(str(exception)):
            _logger.error("Reported by a browser: %s", line)

    return log_page_error


def event_error_log(clock: Callable[[], float] = time.monotonic) -> Callable[[Exception], None]:
    """Return a function that logs one line for an error in an event, with its place."""
    budget = LogBudget(clock)

    def log_event_error(exception: Exception) -> None:
        calls = traceback.extract_tb(exception.__traceback__)[-_CALLS:]
        places = [f"{Path(call.filename).name}:{call.lineno} {call.name}" for call in calls]
        # The places come first: the text of an error can be very long, and is cut at the end.
        where = " > ".join(places) or "nowhere"
        if line := budget.line(f"{where}: {type(exception).__name__}: {exception}"):
            _logger.error("An event failed at %s", line)

    return log_event_error
