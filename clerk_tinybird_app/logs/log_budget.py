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

EVENT_FAILED: Final = "event_failed"
PAGE_ERROR: Final = "page_error"
"""The codes of the two error logs."""

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
        per_minute: How many lines.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, per_minute: int = MAX_PER_MINUTE
    ) -> None:
        super().__init__()
        self._clock = clock
        self._passed: deque[float] = deque(maxlen=per_minute)
        self._held_back = 0

    def has_room(self) -> bool:
        """Count a line. Return False when it must be left out."""
        now = self._clock()
        is_full = len(self._passed) == self._passed.maxlen
        if is_full and now - self._passed[0] < _WINDOW_SECONDS:
            self._held_back += 1
            return False
        self._passed.append(now)
        return True

    def take_held_back(self) -> int:
        """Return how many lines were left out since the last call."""
        held_back, self._held_back = self._held_back, 0
        return held_back

    def line(self, text: str) -> str | None:
        """Return ``text`` as one line, or None when the limit of this minute is reached."""
        if not self.has_room():
            return None
        held_back = self.take_held_back()
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
def page_error_log(
    clock: Callable[[], float] = time.monotonic, counted: Callable[[str], None] = lambda _code: None
) -> Callable[[Exception], None]:
    """Return a function that logs one line for an error that a page reports."""
    budget = LogBudget(clock)

    def log_page_error(exception: Exception) -> None:
        counted(PAGE_ERROR)
        if line := budget.line(str(exception)):
            _logger.error("Reported by a browser: %s", line, extra={"code": PAGE_ERROR})

    return log_page_error


def event_error_log(
    clock: Callable[[], float] = time.monotonic, counted: Callable[[str], None] = lambda _code: None
) -> Callable[[Exception], None]:
    """Return a function that logs one line for an error in an event, with its place."""
    budget = LogBudget(clock)

    def log_event_error(exception: Exception) -> None:
        counted(EVENT_FAILED)
        if line := budget.line(told(exception)):
            _logger.error("An event failed at %s", line, extra={"code": EVENT_FAILED})

    return log_event_error


def told(exception: BaseException) -> str:
    """Return an error with its place: the calls that led to it, its name, its text.

    The place comes first: the text of an error can be very long, and is cut at the end.
    """
    calls = traceback.extract_tb(exception.__traceback__)[-_CALLS:]
    places = [f"{Path(call.filename).name}:{call.lineno} {call.name}" for call in calls]
    where = " > ".join(places) or "nowhere"
    return f"{where}: {type(exception).__name__}: {exception}"
