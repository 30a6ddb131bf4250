"""The period that a dashboard shows: one that ends now, or one between two moments."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

SECOND: Final = timedelta(seconds=1)
LENGTHS: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""The periods that end now, by their names in the address."""

NAMES: Final = {
    "15m": "last 15 minutes",
    "1h": "last hour",
    "24h": "last 24 hours",
    "7d": "last 7 days",
    "30d": "last 30 days",
}
CUSTOM: Final = "custom"
DEFAULT: Final = "24h"
LONGEST: Final = timedelta(days=366)
"""The longest custom period; longer than any row is kept by the bundled project."""

# As the pipes choose them: the longest that makes 50 buckets or more, but days and weeks sooner,
# since half a day tells of nothing but day and night.
_LEAST_BUCKETS: Final = 50
_STEPS: Final = {
    **{
        seconds * _LEAST_BUCKETS * SECOND: seconds * SECOND
        for seconds in (1, 5, 15, 60, 120, 300, 600, 900, 1800, 3600, 10800, 21600)
    },
    timedelta(days=21): timedelta(days=1),
    timedelta(days=182): timedelta(weeks=1),
}
"""The least length of a period -> the width of its buckets, from short to long."""


@dataclass(frozen=True)
class Period:
    """A stretch of time.

    Attributes:
        start: Its first moment, in UTC.
        end: The moment after it, in UTC.
    """

    start: datetime
    end: datetime

    @classmethod
    def ending_now(cls, name: str, now: float) -> "Period":
        """Return the period ``name`` of ``LENGTHS`` that ends with this very second.

        Args:
            name: A key of ``LENGTHS``.
            now: Seconds since the epoch.
        """
        end = datetime.fromtimestamp(math.floor(now) + 1, UTC)
        return cls(end - LENGTHS[name], end)

    @property
    def step(self) -> timedelta:
        """The width of one bucket of the pipes over time; days and weeks are the calendar's."""
        length = self.end - self.start
        return max((step for least, step in _STEPS.items() if least <= length), default=SECOND)
