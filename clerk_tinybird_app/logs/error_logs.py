"""Errors of pages and of events: logged, but never as long or as often as somebody likes.

They take the place of Reflex's own handlers. Any client can call the one for pages without a
session; the one for events would answer each failure with a script for the page, whose refusal
by the page's policy comes back as an error of the page, without end.
"""

import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from clerk_tinybird_app.logs.log_budget import LogBudget

_logger = logging.getLogger(__name__)

_CALLS: Final = 5
"""Of an error's calls, so many of the innermost are named."""


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
