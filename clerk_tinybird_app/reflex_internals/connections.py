"""Counts the open websockets by address, and knows which have proved a session; pure."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from clerk_tinybird_app.serving.proxies import address_of, customer

MAX_UNPROVED: Final = 1_000
"""The most open websockets of one worker without a proved session, such as signed-out tabs."""
MAX_UNPROVED_PER_ADDRESS: Final = 100
"""The most of them from one address on the internet, such as the address of an office.

With Redis at all workers together, else at each.
"""
PROVING_SECONDS: Final = 30.0
"""How long a new websocket is safe when all places are taken; a page proves in about a second."""
CONNECTION_KEY: Final = "clerk_tinybird_app.connection"
"""The key of the websocket's ``Connection`` in the ASGI scope."""


@dataclass(eq=False)
class Connection:
    """One open websocket.

    Attributes:
        close: Closes it from the server's side.
        origin: The address that it is counted for, "" when there is none.
        opened_at: Seconds of the clock.
        has_proved: Whether a session was proved over it.
        is_evicted: Whether it was closed to make room for another one.
    """

    close: Callable[[], object]
    origin: str
    opened_at: float
    has_proved: bool = False
    is_evicted: bool = False


class Connections:
    """The places for websockets that have proved no session.

    Args:
        clock: Seconds of a clock that nobody can set.
        left: Called with each websocket whose place has become free.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        left: Callable[[Connection], object] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._left = left
        # The oldest comes first.
        self._unproved: dict[Connection, None] = {}
        self._per_origin: Counter[str] = Counter()

    def open(self, address: str, close: Callable[[], object]) -> Connection | None:
        """Give a new websocket a place: a free one, or the place of the oldest.

        Args:
            address: The client's address.
            close: Closes the websocket.

        Returns:
            The connection; None when there is no place.
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
            self._left(connection)


def connection_of(scope: Scope) -> Connection | None:
    """Return the connection that the gate has put into a scope."""
    connection: Connection | None = scope.get(CONNECTION_KEY)
    return connection


def _origin(client: str) -> str:
    """Return the address that a websocket is counted for, "" when it is not on the internet.

    A local address can be that of an unknown proxy with many clients, so it is not counted.
    """
    address = address_of(client)
    return customer(address) if address is not None and address.is_global else ""
