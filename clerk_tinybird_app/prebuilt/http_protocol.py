"""uvicorn's HTTP/1.1 with the limits that it lacks: nobody fills a worker's memory."""

import asyncio
from http import HTTPStatus
from typing import Final, cast

from starlette.types import Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from clerk_tinybird_app.prebuilt.refusing import on_the_wire, refuse
from clerk_tinybird_app.serving.requests import request_id_of
from clerk_tinybird_app.telemetry import refusals

MAX_KEPT: Final = 65_536
"""The most bytes of a request's address and headers, those behind a body too.

Also the most that may come without completing a header or adding to a body.
"""

REQUEST_SECONDS: Final = 30.0
"""How long a connection may take to send a request, with its body."""

FIRST_SECONDS: Final = 0.5
"""How long a connection that has only just come may send its request, when the worker ends."""

_AROUND: Final = len(": \r\n")


class _HeadersTooLargeError(Exception):
    """More than ``MAX_KEPT`` bytes."""


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in the app's place when there are more than ``UVICORN_LIMIT_CONCURRENCY``."""
    text = "This server has as many connections as it takes. Try again in a moment."
    status, code = HTTPStatus.SERVICE_UNAVAILABLE, refusals.TOO_MANY_CONNECTIONS
    await refuse(status, code, text, request_id_of(scope["headers"]))(scope, receive, send)


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose headers have a limit of size, those behind a body too; requests one of time.

    What it refuses is answered, counted and logged as the app's refusals are.
    """

    _kept = _size = 0
    _awaits_head = True
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
        if self.transport.is_closing():
            return
        if self._kept > MAX_KEPT:
            self._refuse_headers()
        elif self._late is None and self._is_answered():
            # Empty lines are no request, and would keep the connection for ever.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        """Note the beginning of a request."""
        super().on_message_begin()
        self._size = 0
        if self._late is None:
            self._await_request()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._add(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._add(len(name) + len(value) + _AROUND)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take a request."""
        self._kept = 0
        super().on_headers_complete()
        self._awaits_head = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, which is kept no longer than the app lets it wait."""
        self._kept = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        self._has_request()
        self._awaits_head = True
        super().on_message_complete()

    def shutdown(self) -> None:
        """End with the worker, once what is under way is answered."""
        if self.cycle is None:
            self.loop.call_later(FIRST_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or what a callback here has refused."""
        if self._size > MAX_KEPT:
            self._refuse_headers()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, refusals.REQUEST_MALFORMED, "This is no HTTP/1.1.")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        busy = cast("ASGI3Application", _busy)
        super()._start_asgi_task(cycle, app if app is self.app else busy)

    def _add(self, size: int) -> None:
        self._size += size
        if self._size > MAX_KEPT:
            # The parser ends at it.
            raise _HeadersTooLargeError

    def _await_request(self) -> None:
        self._late = self.loop.call_later(REQUEST_SECONDS, self._end_late)

    def _has_request(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end_late(self) -> None:
        if self.headers is None:
            # Browsers open connections before they know what to ask for.
            self.transport.close()
            return
        text = f"The request has not come within {REQUEST_SECONDS:g} seconds."
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, refusals.REQUEST_TOO_SLOW, text)

    def _refuse_headers(self) -> None:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self._refuse(status, refusals.HEADERS_TOO_LARGE, "The request's headers are too large.")

    def _refuse(self, status: HTTPStatus, code: str, text: str) -> None:
        self._has_request()
        answer = refuse(status, code, text, request_id_of(self.headers or ()))
        if self._is_next_to_be_answered():
            self.transport.write(on_the_wire(answer))
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.close()

    def _is_answered(self) -> bool:
        """Tell whether all requests are, and the connection is not a websocket's since then."""
        is_complete = self.cycle is not None and self.cycle.response_complete
        return is_complete and self in self.connections

    def _is_next_to_be_answered(self) -> bool:
        """Tell whether an answer that is written now would be taken for that to this request."""
        is_under_way = self.cycle is not None and not self.cycle.response_complete
        if self._awaits_head:
            return not is_under_way
        return is_under_way and not self.cycle.response_started and not self.pipeline
