"""This machine's clock beside that of a server."""

from typing import Final

import httpx

from clerk_tinybird_app.check.outcome import Level, Outcome, ok, warning
from clerk_tinybird_app.own_clock import MAX_SKEW_SECONDS, difference, seconds_ahead

CLOCK: Final = "clock"
_DATES_PRECISION: Final = 0.5
"""A header's whole seconds say no more."""


def clock_outcome(server: str, answer: httpx.Response, now: float) -> Outcome:
    """Compare the answer's ``Date`` with ``now``.

    Args:
        server: Whose answer it is.
        answer: One that has just come.
        now: Seconds since the epoch.
    """
    ahead = seconds_ahead(answer, now)
    if ahead is None:
        return Outcome(Level.NOTE, CLOCK, f"{server} does not say what time it is")
    if abs(ahead) <= MAX_SKEW_SECONDS + _DATES_PRECISION:
        return ok(CLOCK, f"agrees with {server}'s")
    return warning(
        CLOCK,
        f"this machine's is {difference(ahead)} {server}'s",
        "Set it by the network (NTP): sessions are refused and tokens expire at the wrong time.",
    )
