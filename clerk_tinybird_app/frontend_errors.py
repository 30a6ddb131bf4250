"""Errors that browsers report: logged, but never as long or as often as somebody likes."""

import logging
import time
from collections.abc import Callable

from clerk_tinybird_app.log_budget import LogBudget

_logger = logging.getLogger(__name__)


class FrontendErrorLog:
    """Takes the place of Reflex's own handler, which any client can call without a session."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = LogBudget(clock)

    def __call__(self, exception: Exception) -> None:
        """Log one line for ``exception``, unless the last minute's share is used up."""
        if line := self._budget.line(str(exception)):
            _logger.error("Reported by a browser: %s", line)
