"""The open websockets: whom they come from, and which have proved a session; pure."""

import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

MAX_UNPROVED: Final = 1_000
"""Open websockets of one worker that have proved no session: signed-out tabs, and anybody's."""
MAX_UNPROVED_PER_ADDRESS: Final = 100
"""Those of one address on the internet, such as an office's."""
PROVING_SECONDS: Final = 30.0
"""How long an unproved one may keep its place when all are taken; a page proves in about one."""
CONNECTION_KEY: Final = "clerk_tinybird_app.connection"
"""Where the ASGI scope holds the websocket's ``Connection``."""
_IPV6_CUSTOMER_BITS: Final = 64
"""Of an IPv6 address; whoever has them chooses the other 64 bits as they like."""


@dataclass(eq=False)
class Connection:
    """One open websocket.

    Attributes:
        close: Asks it to end, from the server's side.
        origin: Whom it counts for, "" when that cannot be told.
        opened_at: Seconds of the clock.
        has_proved: Whether a session was proved over it.
        is_evicted: Whether it made way for another one.
    """

    close: Callable[[], object]
    origin: str
    opened_at: float
    has_proved: bool = False
    is_evicted: bool = False


class Connections:
    """The places for websockets that have proved no session.

    Args:
        clock: Seconds that only ever go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # In the order in which they were opened.
        self._unproved: dict[Connection, None] = {}
        self._per_origin: Counter[str] = Counter()

    def open(self, address: str, close: Callable[[], object]) -> Connection | None:
        """Give a new websocket a place, if need be that of the oldest; None when there is none.

        Args:
            address: The client's, as the server names it.
            close: Asks the websocket to end.
        """
        origin, now = _origin(address), self._clock()
        if origin and self._per_origin[origin] >= MAX_UNPROVED_PER_ADDRESS:
            return None
        oldest = None
        if len(self._unproved) >= MAX_UNPROVED:
            oldest = next(iter(self._unproved))
            if now - oldest.opened_at < PROVING_SECONDS:
                return None
            self.leave(oldest)
        opened = Connection(close, origin, now)
        self._unproved[opened] = None
        self._per_origin[origin] += 1
        if oldest is not None:
            oldest.is_evicted = True
            oldest.close()
        return opened

    def prove(self, connection: Connection) -> None:
        """Note that a session was proved over ``connection``, which frees its place."""
        connection.has_proved = True
        self.leave(connection)

    def leave(self, connection: Connection) -> None:
        """Free the place of ``connection``, if it has one."""
        if connection in self._unproved:
            del self._unproved[connection]
            self._per_origin[connection.origin] -= 1
            if not self._per_origin[connection.origin]:
                del self._per_origin[connection.origin]


def connection_of(scope: Scope) -> Connection | None:
    """Return the connection that the gate has put into a scope."""
    connection: Connection | None = scope.get(CONNECTION_KEY)
    return connection


def _origin(address: str) -> str:
    """Return whom an address belongs to, "" for one that is not on the internet.

    That is this machine or its network, and as likely a proxy, which stands for all its clients.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            customer = ipaddress.ip_network((ip, _IPV6_CUSTOMER_BITS), strict=False)
            return str(customer) if ip.is_global else ""
        ip = ip.ipv4_mapped
    return str(ip) if ip.is_global else ""
