"""What goes wrong with Redis, in one line a minute with a count instead of one for each event."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from redis.exceptions import RedisError
from reflex_base.utils.exceptions import LockExpiredError

from clerk_tinybird_app.telemetry import metrics, refusals

SILENT_SECONDS: Final = 60.0
"""The time between two lines."""

_OF_REDIS_ALONE: Final = ("reflex.utils.tasks", "reflex.utils.token_manager")
"""Loggers of Reflex that have nothing to log but failures of Redis."""

_OF_EVENTS: Final = (
    "reflex_base.event.processor.base_state_processor",
    "reflex_base.event.processor.event_processor",
)
"""Loggers of Reflex that log failures of Redis among others."""

_logger = logging.getLogger(__name__)


class RedisTrouble(logging.Filter):
    """Counts failures of Redis and tells of them; as a filter, of those that Reflex would log.

    Args:
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._untold = 0
        self._last = ""
        self._silent_until = 0.0

    def hear(self) -> None:
        """Take the place of Reflex's own lines from now on."""
        for name in (*_OF_REDIS_ALONE, *_OF_EVENTS):
            # The first, so that no other counts what it leaves out.
            logging.getLogger(name).filters.insert(0, self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave out a line that tells of Redis, and count it."""
        # Not the record's, which has become text by now, so that nothing secret is in it.
        error = sys.exc_info()[1]
        if record.name in _OF_REDIS_ALONE or is_of_redis(error):
            self.note(error)
            return False
        return True

    def note(self, error: BaseException | None) -> None:
        """Count a failure."""
        metrics.failed(refusals.REDIS_FAILED)
        self._untold += 1
        # Only the error's name, because its text may contain an address or what Redis sent.
        self._last = type(error).__name__ if error else self._last
        self.sum_up()

    def take(self, ended: asyncio.Task[Any] | None) -> None:
        """Count the error that has ended a task, which asyncio would log."""
        if ended and ended.done() and not ended.cancelled() and (error := ended.exception()):
            self.note(error)

    def sum_up(self) -> None:
        """Tell of failures that nothing was told of, unless it is too soon."""
        now = self._clock()
        if self._untold and now >= self._silent_until:
            _logger.warning(
                "Redis fails, so tabs wait. Failures: %d, the last %s.",
                self._untold,
                self._last or "without a name",
                extra={"code": refusals.REDIS_FAILED, "place": refusals.REDIS},
            )
            self._untold, self._silent_until = 0, now + SILENT_SECONDS

    def instead_of(self, handle: Callable[[Exception], None]) -> Callable[[Exception], None]:
        """Return a handler of failed events that counts those of Redis, and ``handle`` the rest."""

        # Reflex accepts only functions with exactly this annotation.
        def handle_event_error(exception: Exception) -> None:
            if is_of_redis(exception):
                self.note(exception)
            else:
                handle(exception)

        return handle_event_error


def is_of_redis(error: BaseException | None) -> bool:
    """Tell whether Redis is why something failed; a Redis that restarted has lost its locks."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_of_redis, error.exceptions))
    return isinstance(error, RedisError | LockExpiredError)
