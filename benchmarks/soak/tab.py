"""A tab without its page, of which one process can hold thousands.

It speaks what a page speaks: Reflex's events in Socket.IO 5 over Engine.IO 4 in text frames, see
https://socket.io/docs/v4/socket-io-protocol/.
"""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any, Final, Self

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from tests.reflex_internals.frames import HYDRATE, NAMESPACE, connect, event, fields

_PING: Final = "2"
_PONG: Final = "3"
_EVENT: Final = f"42{NAMESPACE},"
_ANSWER_SECONDS: Final = 30.0

# What a browser sends with a websocket: the server must read it, and could keep it.
_BROWSER: Final = (
    (b"Pragma", b"no-cache"),
    (b"Cache-Control", b"no-cache"),
    (b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0"),
    (b"Accept-Encoding", b"gzip, deflate, br, zstd"),
    (b"Accept-Language", b"en-US,en;q=0.9"),
    (b"Cookie", b"__client_uat=1764187200; __client=" + b"c" * 180),
)


Shown = dict[str, dict[str, Any]]
"""State -> var -> value, as the page would have them."""


class LostTabError(Exception):
    """The server has closed a tab's websocket, or has not answered."""


class Tab(asyncio.Protocol):
    """A tab with a client token of its own.

    Attributes:
        shown: What the page would show.

    Args:
        on_shown: Called after each answer, with ``shown`` up to date. Without it the answers are
            not read, which saves time.
    """

    def __init__(self, on_shown: Callable[[], None] | None = None) -> None:
        self.shown: Shown = {}
        self._on_shown = on_shown
        self._client_token = str(uuid.uuid4())
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._transport: asyncio.BaseTransport | None = None
        self._frame: list[str] = []
        self._waits: list[tuple[str, asyncio.Future[None]]] = []

    @property
    def is_lost(self) -> bool:
        """Whether the websocket is closed, or was never open."""
        return self._transport is None

    @classmethod
    async def opened(cls, port: int, path: str = "/") -> Self:
        """Return a tab that is connected and hydrated, as a page is when it has been opened."""
        tab = cls()
        await tab.connect(port, path)
        return tab

    async def connect(self, port: int, path: str = "/") -> None:
        """Connect and hydrate; after a loss again, with the same client token.

        Raises:
            LostTabError: The server does not answer.
        """
        self._ws, self._frame, self.shown = WSConnection(ConnectionType.CLIENT), [], {}
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        except OSError as error:
            raise LostTabError("nothing listens") from error
        host = f"localhost:{port}"
        target = f"{NAMESPACE}/?token={self._client_token}&EIO=4&transport=websocket"
        headers = [(b"Origin", f"http://{host}".encode()), *_BROWSER]
        opened = self._wait('0{"sid"')
        self._write(Request(host=host, target=target, extra_headers=headers))
        await _answer(opened)
        await self._ask(connect({"event": fields(HYDRATE, **_at(path))}), '"is_hydrated')

    async def fire(self, name: str, payload: Any, sign: str, path: str = "/") -> None:
        """Send an event of the page at ``path``; return when an answer has come that has ``sign``.

        Raises:
            LostTabError: The websocket is closed, or nothing came.
        """
        await self._ask(event(name, payload, **_at(path)), sign)

    def send(self, name: str, payload: Any, path: str = "/") -> None:
        """Send an event, and wait for nothing.

        Raises:
            LostTabError: The websocket is closed.
        """
        self._write(TextMessage(data=event(name, payload, **_at(path))))

    def close(self) -> None:
        """Close the websocket, as a browser does when its tab is closed."""
        if self._transport is not None:
            self._write(CloseConnection(code=1001))
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        try:
            self._ws.receive_data(data)
            happened = list(self._ws.events())
        except RemoteProtocolError:
            self.connection_lost(None)
            return
        for each in happened:
            if isinstance(each, TextMessage):
                self._frame.append(each.data)
                if each.message_finished:
                    frame, self._frame = "".join(self._frame), []
                    self._take(frame)
            elif isinstance(each, Ping):
                self._write(each.response())
            elif isinstance(each, RejectConnection | CloseConnection):
                self.connection_lost(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell whoever waits for an answer."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        for _, found in self._waits:
            if not found.done():
                found.set_exception(LostTabError("the server has closed the websocket"))
        self._waits.clear()

    def _take(self, frame: str) -> None:
        if frame == _PING:
            self._write(TextMessage(data=_PONG))
            return
        if self._on_shown is not None and frame.startswith(_EVENT):
            kind, *words = json.loads(frame.removeprefix(_EVENT))
            if kind == "event" and words:
                for state, values in (words[0].get("delta") or {}).items():
                    self.shown.setdefault(state, {}).update(values)
                self._on_shown()
        for sign, found in self._waits:
            if sign in frame and not found.done():
                found.set_result(None)
        self._waits = [each for each in self._waits if not each[1].done()]

    def _wait(self, sign: str) -> "asyncio.Future[None]":
        found = asyncio.get_running_loop().create_future()
        self._waits.append((sign, found))
        return found

    async def _ask(self, frame: str, sign: str) -> None:
        if self._transport is None:
            raise LostTabError("the websocket is closed")
        answered = self._wait(sign)
        self._write(TextMessage(data=frame))
        await _answer(answered)

    def _write(self, what: Event) -> None:
        transport = self._transport
        if not isinstance(transport, asyncio.WriteTransport):
            raise LostTabError("the websocket is closed")
        try:
            transport.write(self._ws.send(what))
        except LocalProtocolError as error:
            raise LostTabError("the websocket is closed") from error


def _at(path: str) -> dict[str, Any]:
    return {"router_data": {"pathname": path, "asPath": path}}


async def _answer(waiting: "asyncio.Future[None]") -> None:
    try:
        await asyncio.wait_for(waiting, _ANSWER_SECONDS)
    except TimeoutError:
        raise LostTabError("the server has not answered") from None
