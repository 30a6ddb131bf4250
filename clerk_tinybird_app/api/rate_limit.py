"""How often one caller may ask. The memory that it needs has an upper limit."""

import ipaddress
import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from clerk_tinybird_app.settings.loopback import is_loopback

_MINUTE: Final = 60.0
_MOST_CALLERS: Final = 10_000
_IPV6_NETWORK_BITS: Final = 64
"""The size of the network that a provider gives to one customer."""


class RateLimit:
    """Allows each caller a number of requests per minute, which may all come at once.

    It keeps one time for each caller: the moment from which the caller has its whole allowance
    again (the generic cell rate algorithm). When the memory is full, the caller whose last request
    is oldest is forgotten.

    Args:
        per_minute: How many requests.
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = _MINUTE / per_minute
        self._clock = clock
        self._regained_at: dict[str, float] = {}

    def take(self, caller: str) -> float:
        """Count a request. Return 0 when it is allowed, else the seconds to wait."""
        now = self._clock()
        # Removed and added again, so that the first entry is the one that was used longest ago.
        regained_at = max(self._regained_at.pop(caller, now), now)
        # Rounded to microseconds, because the sum of many intervals is not exact.
        wait = round(regained_at + self._interval - (now + _MINUTE), 6)
        is_allowed = wait <= 0
        self._regained_at[caller] = regained_at + self._interval * is_allowed
        if len(self._regained_at) > _MOST_CALLERS:
            del self._regained_at[next(iter(self._regained_at))]
        return 0.0 if is_allowed else wait


def client_address(request: Request) -> str:
    """Return the address that a request is counted for; an IPv6 network counts as one address.

    A proxy on this machine appends its client to ``X-Forwarded-For``. The entries before that one,
    and the header of any other sender, can be forged and are ignored.
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
