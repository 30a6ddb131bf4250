"""Refusals and failures: each is counted, and logged with its code within a budget.

Each place has a budget of its own, so that a flood at one does not hide the others. What a budget
leaves out is summed up by code, in one line a minute.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Final

from clerk_tinybird_app.logs.log_budget import LogBudget, told
from clerk_tinybird_app.telemetry import metrics

API: Final = "api"
PUSH: Final = "push"
WEBSOCKET: Final = "websocket"
QUERY: Final = "query"
POLICY: Final = "policy"
METRICS: Final = "metrics"
REQUEST: Final = "request"
SERVER: Final = "server"
REDIS: Final = "redis"
"""Where something is refused, or fails."""

SESSION_TABS: Final = "session_tabs"
TOO_MANY_REQUESTS: Final = "too_many_requests"
HEADERS_TOO_LARGE: Final = "headers_too_large"
REQUEST_MALFORMED: Final = "request_malformed"
REQUEST_TOO_SLOW: Final = "request_too_slow"
TOO_MANY_CONNECTIONS: Final = "too_many_connections"
POLICY_FAILED: Final = "policy_failed"
REQUEST_FAILED: Final = "request_failed"
NO_METRICS: Final = "metrics_refused"
NOT_FOUND: Final = "not_found"
METHOD_NOT_ALLOWED: Final = "method_not_allowed"
STOPPING: Final = "stopping"
NOT_SEALED: Final = "redis_not_sealed"
REDIS_FAILED: Final = "redis_failed"
WEBSOCKET_FRAME: Final = "websocket_frame"
WEBSOCKET_HANDSHAKE: Final = "websocket_handshake"
WEBSOCKET_FLOOD: Final = "websocket_flood"
WEBSOCKET_CODES: Final = (
    *(WEBSOCKET_FRAME, WEBSOCKET_HANDSHAKE, WEBSOCKET_FLOOD),
    *("websocket_origin", "websocket_place", "websocket_events", "websocket_error"),
)

_OF_CALLERS: Final = frozenset(
    {
        *("session_missing", "session_malformed", "session_algorithm", "session_kind"),
        *("session_signature", "session_claims", "session_expired", "session_pending"),
        *(SESSION_TABS, TOO_MANY_REQUESTS, HEADERS_TOO_LARGE, REQUEST_MALFORMED, REQUEST_TOO_SLOW),
    }
)
"""What callers do without any fault of ours; the other codes may need somebody to act."""

_MOST_TEXT: Final = 500
_logger = logging.getLogger(__name__)


class RefusalLog:
    """Counts refusals, logs them within a budget of their place, and sums up the rest.

    Args:
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._budgets: defaultdict[str, LogBudget] = defaultdict(lambda: LogBudget(clock))
        self._held_back: Counter[tuple[str, str]] = Counter()

    def note(
        self,
        place: str,
        code: str,
        text: str = "",
        *,
        level: int | None = None,
        pipe: str | None = None,
        status: int | None = None,
    ) -> None:
        """Count and log one refusal.

        Args:
            place: Where: one of this module's constants.
            code: Its stable code.
            text: What is known beside the code.
            level: How serious it is, by the code when None.
            pipe: The pipe that was asked, if one was.
            status: The HTTP status of its answer, if one came.
        """
        metrics.refused(place, code)
        if not self._budgets[place].has_room():
            self._held_back[place, code] += 1
            return
        if level is None:
            level = logging.INFO if code in _OF_CALLERS else logging.WARNING
        # As a Python literal, so that the text cannot contain more lines.
        more = f" {text[:_MOST_TEXT]!r}" if text else ""
        word = "Failed" if level == logging.ERROR else "Refused"
        answered = f" (HTTP {status})" if status else ""
        fields = {"code": code, "place": place, "pipe": pipe, "status": status}
        _logger.log(level, "%s: %s%s%s", word, code, answered, more, extra=fields)

    def sum_up(self) -> None:
        """Log how many refusals were left out since the last time, if any."""
        held_back, self._held_back = self._held_back, Counter()
        if held_back:
            listed = ", ".join(
                f"{place} {code} {count}" for (place, code), count in held_back.most_common()
            )
            _logger.warning("Refused without a line of their own: %s", listed)


_LOG = RefusalLog()
"""That of this process."""


def refused(
    place: str, code: str, text: str = "", *, pipe: str | None = None, status: int | None = None
) -> None:
    """Count and log one refusal; see ``RefusalLog.note``."""
    _LOG.note(place, code, text, pipe=pipe, status=status)


def sum_up() -> None:
    """Log how many refusals got no line since the last time, if any."""
    _LOG.sum_up()


def failed(place: str, code: str, error: BaseException) -> None:
    """Count and log an error of ours, with its place in the code."""
    metrics.failed(code)
    _LOG.note(place, code, told(error), level=logging.ERROR)
