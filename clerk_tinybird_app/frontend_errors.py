"""Errors that browsers report: logged, but never as long or as often as somebody likes."""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

_logger = logging.getLogger(__name__)

MAX_CHARACTERS: Final = 2_000
MAX_PER_MINUTE: Final = 20
_WINDOW_SECONDS: Final = 60.0


class FrontendErrorLog:
    """Takes the place of Reflex's own handler, which any client can call without a session."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: deque[float] = deque(maxlen=MAX_PER_MINUTE)

    def __call__(self, exception: Exception) -> None:
        """Log one line for ``exception``, unless the last minute's share is used up."""
        now = self._clock()
        if len(self._logged) == MAX_PER_MINUTE and now - self._logged[0] < _WINDOW_SECONDS:
            return
        self._logged.append(now)
        # As a literal, so that a report cannot write lines of its own.
        _logger.error("Reported by a browser: %r", str(exception)[:MAX_CHARACTERS])
