"""Numbers measured again and again, and what they say."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Samples:
    """Measurements of one thing, all in one unit.

    Attributes:
        values: At least one.
    """

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """The value that 95 of 100 do not exceed."""
        return self.percentile(95)

    def percentile(self, share: float) -> float:
        """Return the smallest value that ``share`` percent of all do not exceed."""
        ordered = sorted(self.values)
        return ordered[max(math.ceil(share / 100 * len(ordered)) - 1, 0)]
