"""This machine's clock, held against what other machines say the time is.

Evidence for messages and warnings alone: nothing is ever accepted because of it.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import httpx

from clerk_tinybird_app.clerk.session import LEEWAY_SECONDS
from clerk_tinybird_app.settings.loopback import is_loopback_url

MAX_SKEW_SECONDS: Final = LEEWAY_SECONDS
"""As far as clocks may differ before it is worth a word."""

_logger = logging.getLogger(__name__)


class _Evidence(NamedTuple):
    ahead: float
    clock: float
    steady: float


class OwnClock:
    """Knows how far this machine's clock is ahead of the last server that told its time.

    Args:
        clock: Seconds since the epoch; the clock in question.
        steady: Seconds from any beginning, by a clock that nobody sets.
    """

    def __init__(
        self, clock: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._steady = steady
        self._evidence: _Evidence | None = None

    async def compare(self, answer: httpx.Response) -> None:
        """Take an answer that has just come as evidence; a hook of an `httpx.AsyncClient`."""
        # What runs on this machine has its clock, right or wrong.
        if is_loopback_url(str(answer.url)):
            return
        now = self._clock()
        ahead = seconds_ahead(answer, now)
        if ahead is None:
            return
        known, self._evidence = self.ahead(), _Evidence(ahead, now, self._steady())
        if abs(ahead) > MAX_SKEW_SECONDS and not (known and abs(known) > MAX_SKEW_SECONDS):
            _logger.warning(
                "This server's clock is %s that of %s. Set it by the network (NTP): until then "
                "sessions are refused, and tokens expire at the wrong time.",
                difference(ahead),
                answer.url.host,
            )

    def ahead(self) -> float | None:
        """Return by how many seconds the clock is ahead, below 0 when it is behind.

        Returns:
            None while no server has told its time, or since the clock was set or the machine
            slept: what was true before says nothing then.
        """
        if self._evidence is None:
            return None
        ahead, clock, steady = self._evidence
        moved = (self._clock() - clock) - (self._steady() - steady)
        return ahead if abs(moved) <= MAX_SKEW_SECONDS else None


def seconds_ahead(answer: httpx.Response, now: float) -> float | None:
    """Return by how many seconds `now` is ahead of the answer's `Date`.

    Args:
        answer: One that has just come.
        now: Seconds since the epoch.

    Returns:
        Right to half a second and the answer's way here; None if the answer does not say.
    """
    try:
        date = parsedate_to_datetime(answer.headers["date"])
        sent = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        # A cache keeps the date of its copy and says how old that is.
        sent += int(answer.headers.get("age", "0"))
    except (KeyError, ValueError, OverflowError):
        return None
    # A server writes whole seconds, cut down.
    return now - sent - 0.5


def difference(ahead: float) -> str:
    """Return such as "120 seconds ahead of"."""
    return f"{abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'}"
