"""How much of a token's allowance is left, as the answer's headers tell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

_PREFIX = "x-ratelimit-"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The allowance of the token's name at the moment of an answer.

    Attributes:
        limit: Requests it may make in a window.
        remaining: Requests left in this one.
        reset_seconds: Seconds until the next window.
    """

    limit: int
    remaining: int
    reset_seconds: float

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self | None:
        """Read ``X-RateLimit-*``; None unless all three are there and are numbers."""
        limit, remaining, reset = (
            seconds(headers.get(f"{_PREFIX}{name}", "")) for name in ("limit", "remaining", "reset")
        )
        if limit is None or remaining is None or reset is None:
            return None
        return cls(int(limit), int(remaining), reset)


def seconds(text: str) -> float | None:
    """Return a header's number, None unless it is one from 0 up."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
