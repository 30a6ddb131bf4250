"""uvicorn's websockets with the limits that they lack, and refusals as the app's."""

import uuid
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from clerk_tinybird_app.prebuilt.refusing import ALWAYS, note, on_the_wire, refuse
from clerk_tinybird_app.serving.requests import ID_HEADER, request_id_of
from clerk_tinybird_app.telemetry import refusals

MAX_MESSAGES: Final = 200
"""The most messages, and parts of messages, of a websocket in a second; a page sends a few."""


class _TooManyMessagesError(Exception):
    """More came in a second than any page sends."""


class _Handshake(WSConnection):
    """wsproto's connection, whose answers have the headers of every answer, and are refusals.

    Attributes:
        request_id: The id of the handshake.
    """

    def __init__(self) -> None:
        super().__init__(ConnectionType.SERVER)
        self.request_id = uuid.uuid4().hex

    def send(self, event: Event) -> bytes:
        """Return what an event is on the wire."""
        if isinstance(event, AcceptConnection):
            event.extra_headers.append((ID_HEADER, self.request_id.encode()))
        elif isinstance(event, RejectConnection):
            if not event.has_body:
                return self._refused(event)
            given = {name.lower() for name, _ in event.headers}
            always = [(name.lower().encode(), value.encode()) for name, value in ALWAYS.items()]
            always.append((ID_HEADER, self.request_id.encode()))
            event.headers.extend(header for header in always if header[0] not in given)
        return super().send(event)

    def _refused(self, event: RejectConnection) -> bytes:
        text = "This is no handshake that a page of this app makes."
        code = refusals.WEBSOCKET_HANDSHAKE
        answer = refuse(event.status_code, code, text, self.request_id)
        headers = [*event.headers, *answer.raw_headers]
        rejected = super().send(replace(event, headers=headers, has_body=True))
        return rejected + super().send(RejectData(bytes(answer.body)))


class WebsocketProtocol(WSProtocol):
    """A websocket that takes so many messages a second, and keeps no answers that nobody reads."""

    _second = _messages = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn: _Handshake = _Handshake()

    def data_received(self, data: bytes) -> None:
        """Take what has come, and refuse a handshake that wsproto fails on."""
        try:
            super().data_received(data)
        except UnicodeDecodeError:
            # Otherwise anybody could fill the log with tracebacks.
            text = "A header of the handshake is not ASCII."
            status, code = HTTPStatus.BAD_REQUEST, refusals.WEBSOCKET_HANDSHAKE
            answer = refuse(status, code, text, self.conn.request_id)
            self.transport.write(on_the_wire(answer))
            self.transport.close()
        except _TooManyMessagesError:
            self._note(refusals.WEBSOCKET_FLOOD, f"more than {MAX_MESSAGES} messages in a second")
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Take a handshake, under the id that its websocket has in the log."""
        super().handle_connect(event)
        headers = cast("list[tuple[bytes, bytes]]", self.scope["headers"])
        self.conn.request_id = request_id_of(headers)
        others = [header for header in headers if header[0] != ID_HEADER]
        headers[:] = [*others, (ID_HEADER, self.conn.request_id.encode())]

    def handle_message(self, event: TextMessage | BytesMessage) -> None:
        """Take a message, or a part of one: an empty part costs as much."""
        self._count()
        super().handle_message(event)
        if self.close_sent:
            self._note(refusals.WEBSOCKET_FRAME, "longer than any that a page sends")

    def handle_close(self, event: CloseConnection) -> None:
        """End, as the client says, or because it has sent what is no frame."""
        if not self.close_sent and self.conn.state is not ConnectionState.REMOTE_CLOSING:
            self._note(refusals.WEBSOCKET_FRAME, f"no frame: {event.reason}")
        super().handle_close(event)

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

    def _note(self, code: str, text: str) -> None:
        note(code, text, self.conn.request_id)
