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

# As the pipes choose them: the longest that makes 50 buckets or more.
_STEPS: Final = (
    *(1, 5, 15, 60, 120, 300, 600, 900, 1800, 3600, 10800, 21600, 43200, 86400, 604800),
)
_LEAST_BUCKETS: Final = 50


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
        """The width of one bucket of the pipes over time."""
        most = (self.end - self.start) // SECOND // _LEAST_BUCKETS
        return max((step for step in _STEPS if step <= most), default=1) * SECOND
