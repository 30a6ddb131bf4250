"""How often one caller may ask, in a memory that no number of callers can fill."""

import ipaddress
import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from clerk_tinybird_app.settings.loopback import is_loopback

_MINUTE: Final = 60.0
_MOST_CALLERS: Final = 10_000
_IPV6_NETWORK_BITS: Final = 64
"""What a provider hands to one customer, who may use every address in it."""


class RateLimit:
    """A minute's requests at once, then as many a minute, for each caller.

    Kept is one time for each caller: when what it has used so far would be regained (the generic
    cell rate algorithm). Who has not called for longest is forgotten first.

    Args:
        per_minute: Requests.
        clock: Seconds that only go forward.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = _MINUTE / per_minute
        self._clock = clock
        self._regained_at: dict[str, float] = {}

    def take(self, caller: str) -> float:
        """Count a request; return 0, or for how many seconds it must be refused."""
        now = self._clock()
        # Taken out and put in again, so that the first of the dictionary has waited longest.
        regained_at = max(self._regained_at.pop(caller, now), now)
        # To the microsecond: intervals that were added up are not exact.
        wait = round(regained_at + self._interval - (now + _MINUTE), 6)
        is_allowed = wait <= 0
        self._regained_at[caller] = regained_at + self._interval * is_allowed
        if len(self._regained_at) > _MOST_CALLERS:
            del self._regained_at[next(iter(self._regained_at))]
        return 0.0 if is_allowed else wait


def client_address(request: Request) -> str:
    """Return whose address a request counts for; an IPv6 network counts as one.

    A proxy on this machine appends its client to ``X-Forwarded-For``; what stands before that,
    and what anybody else sends, is the sender's own invention.
    """
    peer = request.client.host if request.client else ""
    hops = request.headers.getlist("x-forwarded-for")
    address = hops[-1].rpartition(",")[2].strip() if hops and is_loopback(peer) else peer
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return peer
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed, _IPV6_NETWORK_BITS), strict=False))
