"""Compares this machine's clock with the time that other machines report.

The result is used for messages and warnings only. No session is accepted because of it.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx

from clerk_tinybird_app.clerk.session import LEEWAY_SECONDS
from clerk_tinybird_app.settings.loopback import is_loopback_url

MAX_SKEW_SECONDS: Final = LEEWAY_SECONDS
"""A smaller difference between two clocks is not reported."""

_logger = logging.getLogger(__name__)


class _Evidence(NamedTuple):
    ahead: float
    clock: float
    steady: float


class OwnClock:
    """Knows how far this machine's clock is ahead of the last server that sent its time.

    Args:
        clock: Seconds since the epoch, by the clock that is checked.
        steady: Seconds of a clock that nobody can set, counted from any moment.
    """

    def __init__(
        self, clock: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._steady = steady
        self._evidence: _Evidence | None = None

    async def compare_answer(self, answer: httpx.Response) -> None:
        """Compare the clock with an answer that has just come; a hook for `httpx.AsyncClient`."""
        self.compare(str(answer.url), answer.headers)

    def compare(self, url: str, headers: Mapping[str, str]) -> None:
        """Compare the clock with what a server has just said.

        Args:
            url: An address of it.
            headers: Those of its answer; upper and lower case are the same.
        """
        # A server on this machine has the same clock, so it proves nothing.
        if is_loopback_url(url):
            return
        now = self._clock()
        ahead = seconds_ahead(headers, now)
        if ahead is None:
            return
        known, self._evidence = self.ahead(), _Evidence(ahead, now, self._steady())
        if abs(ahead) > MAX_SKEW_SECONDS and not (known and abs(known) > MAX_SKEW_SECONDS):
            _logger.warning(
                "This server's clock is %s that of %s. Set it by the network (NTP): until then "
                "sessions are refused, and tokens expire at the wrong time.",
                difference(ahead),
                urlsplit(url).hostname,
            )

    def ahead(self) -> float | None:
        """Return by how many seconds the clock is ahead, below 0 when it is behind.

        Returns:
            None when no server has sent its time yet, or when the clock was set or the machine
            slept after that.
        """
        if self._evidence is None:
            return None
        ahead, clock, steady = self._evidence
        moved = (self._clock() - clock) - (self._steady() - steady)
        return ahead if abs(moved) <= MAX_SKEW_SECONDS else None


def seconds_ahead(headers: Mapping[str, str], now: float) -> float | None:
    """Return by how many seconds `now` is ahead of an answer's `Date`.

    Args:
        headers: Those of one that has just come.
        now: Seconds since the epoch.

    Returns:
        The seconds, exact to half a second and the time that the answer travelled; None if the
        answer has no date.
    """
    try:
        date = parsedate_to_datetime(headers["date"])
        sent = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        # A cache sends the date of its copy, and the age of that copy.
        sent += int(headers.get("age", "0"))
    except (KeyError, ValueError, OverflowError):
        return None
    # A server cuts its time down to whole seconds: on average half a second is lost.
    return now - sent - 0.5


def difference(ahead: float) -> str:
    """Return a text such as "120 seconds ahead of"."""
    return f"{abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'}"
