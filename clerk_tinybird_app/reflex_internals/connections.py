"""Counts the open websockets by address and by session, and their messages; pure."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.types import Scope

from clerk_tinybird_app.reflex_internals.pace import Pace
from clerk_tinybird_app.serving.proxies import address_of, customer
from clerk_tinybird_app.telemetry import refusals

MAX_UNPROVED: Final = 1_000
"""The most open websockets of one worker without a proved session, such as signed-out tabs."""
MAX_UNPROVED_PER_ADDRESS: Final = 100
"""The most of them from one address on the internet, such as the address of an office.

With Redis at all workers together, else at each.
"""
MAX_PER_SESSION: Final = 50
"""The most open websockets of one session, each of which is a tab.

With Redis at all workers together, else at each.
"""
SESSION_AT_ONCE: Final = 500
SESSION_PER_SECOND: Final = 50
"""How many messages one session's websockets may send together; a page sends a few at its start,
and one every few seconds.
"""
ADDRESS_AT_ONCE: Final = 2_000
ADDRESS_PER_SECOND: Final = 200
"""The same for those of one address on the internet that have proved no session, such as those of
an office that come back together.
"""
PROVING_SECONDS: Final = 30.0
"""How long a new websocket is safe when all places are taken; a page proves in about a second."""
CONNECTION_KEY: Final = "clerk_tinybird_app.connection"
"""The key of the websocket's ``Connection`` in the ASGI scope."""


class TooManyTabsError(Exception):
    """The session has as many websockets as it may have."""

    code: ClassVar[str] = refusals.SESSION_TABS
    message: ClassVar[str] = (
        f"This app is open in {MAX_PER_SESSION} tabs of your session, which is as many as it "
        "takes. Close some of them: this one then goes on by itself."
    )


@dataclass(eq=False, slots=True)
class Connection:
    """One open websocket.

    Attributes:
        close: Closes it from the server's side.
        origin: The address that it is counted for, "" when there is none.
        opened_at: Seconds of the clock.
        session: The id of the session that was last proved over it, "" before.
        has_left: Whether it has ended.
        is_evicted: Whether it was closed to make room for another one.
    """

    close: Callable[[], object]
    origin: str
    opened_at: float
    session: str = ""
    has_left: bool = False
    is_evicted: bool = False

    @property
    def has_proved(self) -> bool:
        """Whether a session was proved over it."""
        return bool(self.session)


class Connections:
    """The places for websockets: of addresses until a session is proved, then of the session.

    Args:
        clock: Seconds of a clock that nobody can set.
        left: Called with each websocket whose place of an address has become free.
        ended: Called with each websocket whose place of a session has become free.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        left: Callable[[Connection], object] = lambda _: None,
        ended: Callable[[Connection], object] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._left = left
        self._ended = ended
        # The oldest comes first.
        self._unproved: dict[Connection, None] = {}
        self._per_origin: Counter[str] = Counter()
        self._per_session: Counter[str] = Counter()
        self._of_sessions = Pace(SESSION_AT_ONCE, SESSION_PER_SECOND, clock)
        self._of_addresses = Pace(ADDRESS_AT_ONCE, ADDRESS_PER_SECOND, clock)

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

    def has_place(self, session: str) -> bool:
        """Tell whether one more websocket may prove ``session``."""
        return self._per_session[session] < MAX_PER_SESSION

    def prove(self, connection: Connection, session: str) -> bool:
        """Give ``connection`` a place of ``session`` instead of the one that it has.

        Returns:
            Whether there was one. If not, it keeps what it has.
        """
        if connection.session == session or connection.has_left:
            return True
        if not self.has_place(session):
            return False
        _take_one(self._per_session, connection.session)
        connection.session = session
        self._per_session[session] += 1
        self._leave_address(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Free the place of ``connection``, if it has one."""
        self._leave_address(connection)
        if connection.session and not connection.has_left:
            _take_one(self._per_session, connection.session)
            self._ended(connection)
        connection.has_left = True

    def wait(self, connection: Connection) -> float:
        """Count a message of ``connection``; return for how many seconds it has to wait."""
        if connection.session:
            return self._of_sessions.wait(connection.session)
        return self._of_addresses.wait(connection.origin) if connection.origin else 0.0

    def _leave_address(self, connection: Connection) -> None:
        if connection in self._unproved:
            del self._unproved[connection]
            _take_one(self._per_origin, connection.origin)
            self._left(connection)


def _take_one(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]


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
