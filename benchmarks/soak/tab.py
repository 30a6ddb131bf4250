"""A signed-in tab without its page, of which one process can hold thousands.

It speaks what a page speaks: Reflex's events in Socket.IO 5 over Engine.IO 4 in text frames, see
https://socket.io/docs/v4/socket-io-protocol/.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from tests.reflex_internals.frames import HYDRATE, NAMESPACE, connect, event, fields

_PING: Final = "2"
_PONG: Final = "3"
_EVENT: Final = f"42{NAMESPACE},"
ANSWER_SECONDS: Final = 30.0

# What Chromium sends with a websocket, so that a tab costs the server what a real one costs.
_BROWSER: Final = (
    (b"Pragma", b"no-cache"),
    (b"Cache-Control", b"no-cache"),
    (
        b"User-Agent",
        b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        b"Chrome/140.0.0.0 Safari/537.36",
    ),
    (b"Accept-Encoding", b"gzip, deflate, br, zstd"),
    (b"Accept-Language", b"en-US,en;q=0.9"),
)

Delta = Mapping[str, Mapping[str, Any]]
"""State -> var -> value, as Reflex sends what has changed."""


class LostTabError(Exception):
    """The server has closed a tab's websocket, or has not answered."""


class Tab(asyncio.Protocol):
    """A tab with a client token of its own.

    Attributes:
        shown: What the page would show: state -> var -> value, of all answers so far; None where
            the values are of no interest, which saves reading them.
        is_lost: True once the websocket is closed.
    """

    def __init__(self, *, keeps_values: bool = False) -> None:
        self.shown: dict[str, dict[str, Any]] | None = {} if keeps_values else None
        self.client_token = str(uuid.uuid4())
        self.is_lost = False
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._frame: list[str] = []
        self._sign: Callable[[str], bool] | None = None
        self._found: asyncio.Future[str] | None = None

    @classmethod
    async def opened(cls, port: int, path: str = "/", *, keeps_values: bool = False) -> Self:
        """Connect and hydrate, as a page does when it is opened."""
        tab = cls(keeps_values=keeps_values)
        await tab.connect(port, path)
        return tab

    async def connect(self, port: int, path: str = "/") -> None:
        """Connect, again with the same client token, and hydrate."""
        self.is_lost, self._ws, self._frame = False, WSConnection(ConnectionType.CLIENT), []
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        host = f"localhost:{port}"
        target = f"{NAMESPACE}/?token={self.client_token}&EIO=4&transport=websocket"
        headers = [(b"Origin", f"http://{host}".encode()), *_BROWSER]
        opening = self._waiting(lambda frame: frame.startswith("0"))
        self._write(Request(host=host, target=target, extra_headers=headers))
        await self._answer(opening)
        place = {"router_data": {"pathname": path, "asPath": path}}
        await self.ask(connect({"event": fields(HYDRATE, **place)}), '"is_hydrated')

    async def ask(self, frame: str, sign: str | Callable[[str], bool]) -> str:
        """Send a frame, and return the first one that comes and holds ``sign``.

        Raises:
            LostTabError: The websocket is closed, or nothing came.
        """
        waiting = self._waiting(sign if callable(sign) else lambda text: sign in text)
        self.send(frame)
        return await self._answer(waiting)

    async def fire(
        self, name: str, payload: Any, sign: str | Callable[[str], bool], path: str = "/"
    ) -> str:
        """Send an event of the page at ``path``, and return its answer."""
        place = {"router_data": {"pathname": path, "asPath": path}}
        return await self.ask(event(name, payload, **place), sign)

    def send(self, frame: str) -> None:
        """Send a frame.

        Raises:
            LostTabError: The websocket is closed.
        """
        if self.is_lost:
            raise LostTabError("the websocket is closed")
        self._write(TextMessage(data=frame))

    def close(self) -> None:
        """Close the websocket as a browser does when its tab is closed."""
        if self._transport is not None and not self.is_lost:
            self._write(CloseConnection(code=1001))
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._ws.receive_data(data)
        for happened in self._ws.events():
            if isinstance(happened, TextMessage):
                self._frame.append(happened.data)
                if happened.message_finished:
                    frame, self._frame = "".join(self._frame), []
                    self._take(frame)
            elif isinstance(happened, Ping):
                self._write(happened.response())
            elif isinstance(happened, RejectConnection | CloseConnection):
                self._lose()
            elif not isinstance(happened, AcceptConnection):
                continue

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose()

    def _take(self, frame: str) -> None:
        if frame == _PING:
            self._write(TextMessage(data=_PONG))
            return
        if self.shown is not None and frame.startswith(_EVENT):
            self._show(frame)
        if self._found is not None and self._sign is not None and self._sign(frame):
            found, self._found, self._sign = self._found, None, None
            if not found.done():
                found.set_result(frame)

    def _show(self, frame: str) -> None:
        kind, *words = json.loads(frame.removeprefix(_EVENT))
        if kind == "event" and words and self.shown is not None:
            for state, values in (words[0].get("delta") or {}).items():
                self.shown.setdefault(state, {}).update(values)

    def _waiting(self, sign: Callable[[str], bool]) -> "asyncio.Future[str]":
        self._sign = sign
        self._found = asyncio.get_running_loop().create_future()
        return self._found

    async def _answer(self, waiting: "asyncio.Future[str]") -> str:
        try:
            return await asyncio.wait_for(waiting, ANSWER_SECONDS)
        except TimeoutError:
            raise LostTabError("the server has not answered") from None

    def _write(self, what: Any) -> None:
        if self._transport is not None:
            self._transport.write(self._ws.send(what))

    def _lose(self) -> None:
        self.is_lost = True
        if self._transport is not None:
            self._transport.abort()
        if self._found is not None and not self._found.done():
            self._found.set_exception(LostTabError("the server has closed the websocket"))
        self._found = self._sign = None
