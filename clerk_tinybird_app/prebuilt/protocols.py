"""uvicorn's two protocols with the limits that they lack: nobody fills a worker's memory."""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import ConnectionType, WSConnection
from wsproto.events import BytesMessage, Event, Ping, Pong, RejectConnection, TextMessage

from clerk_tinybird_app.api.errors import NO_STORE, error
from clerk_tinybird_app.serving.content_security import FOR_OTHER_ANSWERS
from clerk_tinybird_app.serving.security_headers import COMMON

MAX_KEPT: Final = 65_536
"""The most bytes that may come without completing a request's headers or adding to its body."""

REQUEST_SECONDS: Final = 30.0
"""How long a connection may take to send a request, with its body."""

FIRST_SECONDS: Final = 0.5
"""How long a connection that has only just come may send its request, when the worker ends."""

MAX_MESSAGES: Final = 200
"""The most messages, and parts of messages, of a websocket in a second; a page sends a few."""

_ALWAYS: Final = COMMON | {"Content-Security-Policy": FOR_OTHER_ANSWERS, "Connection": "close"}
_HEADERS: Final = _ALWAYS | NO_STORE | {"Content-Type": "text/plain; charset=utf-8"}
_BUSY: Final = cast(
    "ASGI3Application",
    error(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too_many_connections",
        "This server has as many connections as it takes. Try again in a moment.",
        _ALWAYS,
    ),
)


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose headers have a limit of size, those behind a body too; requests one of time.

    ``UVICORN_LIMIT_CONCURRENCY`` is answered as errors are elsewhere.
    """

    _kept = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the connection, from which a request is to come."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of the connection."""
        self._has_request()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, and refuse headers without an end."""
        self._kept += len(data)
        super().data_received(data)
        if self._kept > MAX_KEPT:
            too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse(too_large, "The request's headers are too large.")
        elif self._late is None and self.cycle is not None and self.cycle.response_complete:
            # Empty lines are no request, and would keep the connection for ever.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        """Note the beginning of a request."""
        super().on_message_begin()
        if self._late is None:
            self._await_request()

    def on_headers_complete(self) -> None:
        """Take a request."""
        self._kept = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, which is kept no longer than the app lets it wait."""
        self._kept = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        self._has_request()
        super().on_message_complete()

    def shutdown(self) -> None:
        """End with the worker, once what is under way is answered."""
        if self.cycle is None:
            self.loop.call_later(FIRST_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        super()._start_asgi_task(cycle, app if app is self.app else _BUSY)

    def _await_request(self) -> None:
        self._late = self.loop.call_later(REQUEST_SECONDS, self._end_late)

    def _has_request(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end_late(self) -> None:
        self.transport.close()

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._has_request()
        _refuse(self.transport, status, text)


class _TooManyMessagesError(Exception):
    """More came in a second than any page sends."""


class _Handshake(WSConnection):
    """wsproto's connection, whose refusals have the headers of every answer."""

    def send(self, event: Event) -> bytes:
        """Return what an event is on the wire."""
        if isinstance(event, RejectConnection):
            given = {name.lower() for name, _ in event.headers}
            event.headers.extend(
                (name.encode(), value.encode())
                for name, value in _ALWAYS.items()
                if name.lower().encode() not in given
            )
        return super().send(event)


class WebsocketProtocol(WSProtocol):
    """A websocket that takes so many messages a second, and keeps no answers that nobody reads."""

    _second = _messages = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = _Handshake(ConnectionType.SERVER)

    def data_received(self, data: bytes) -> None:
        """Take what has come, and refuse a handshake that wsproto fails on."""
        try:
            super().data_received(data)
        except UnicodeDecodeError:
            # Otherwise anybody could fill the log with tracebacks.
            text = "A header of the handshake is not ASCII."
            _refuse(self.transport, HTTPStatus.BAD_REQUEST, text)
        except _TooManyMessagesError:
            self.transport.close()

    def handle_message(self, event: TextMessage | BytesMessage) -> None:
        """Take a message, or a part of one: an empty part costs as much."""
        self._count()
        super().handle_message(event)

    def handle_ping(self, event: Ping) -> None:
        """Answer a ping, unless what was sent before still waits here."""
        self._count()
        if self.writable.is_set():
            super().handle_ping(event)

    def handle_pong(self, event: Pong) -> None:
        """Take a pong."""
        self._count()
        super().handle_pong(event)

    def _count(self) -> None:
        second = int(self.loop.time())
        if second != self._second:
            self._second, self._messages = second, 0
        self._messages += 1
        if self._messages > MAX_MESSAGES:
            raise _TooManyMessagesError


def _refuse(transport: asyncio.Transport, status: HTTPStatus, text: str) -> None:
    headers = _HEADERS | {"Content-Length": str(len(text))}
    lines = [f"HTTP/1.1 {status} {status.phrase}", *map(": ".join, headers.items()), "", text]
    transport.write("\r\n".join(lines).encode())
    transport.close()
