"""This machine's clock beside that of a server."""

from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from clerk_tinybird_app.check.outcome import Level, Outcome, ok, warning

CLOCK: Final = "clock"
MAX_SKEW_SECONDS: Final = 5
"""As far as a session token's times may be off: ``LEEWAY_SECONDS`` of the verifier."""


def clock_outcome(server: str, answer: httpx.Response, now: float) -> Outcome:
    """Compare the answer's ``Date`` with ``now``.

    Args:
        server: Whose answer it is.
        answer: One that has just come.
        now: Seconds since the epoch.
    """
    theirs = _server_time(answer)
    if theirs is None:
        return Outcome(Level.NOTE, CLOCK, f"{server} does not say what time it is")
    # A server writes whole seconds, cut down.
    ahead = now - theirs - 0.5
    if abs(ahead) <= MAX_SKEW_SECONDS + 0.5:
        return ok(CLOCK, f"agrees with {server}'s")
    direction = "ahead of" if ahead > 0 else "behind"
    return warning(
        CLOCK,
        f"this machine's is {abs(ahead):.0f} seconds {direction} {server}'s",
        "Set it by the network (NTP): sessions are refused and tokens expire at the wrong time.",
    )


def _server_time(answer: httpx.Response) -> float | None:
    try:
        sent = parsedate_to_datetime(answer.headers["date"]).timestamp()
        # A cache keeps the date of its copy and says how old that is.
        return sent + int(answer.headers.get("age", "0"))
    except (KeyError, ValueError, OverflowError):
        return None
