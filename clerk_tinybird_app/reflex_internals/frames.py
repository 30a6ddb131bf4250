"""Checks the frames that come from a page's websocket; pure.

The protocol is Socket.IO 5 over Engine.IO 4 in text frames, with one digit for each layer's kind
of packet: https://socket.io/docs/v4/socket-io-protocol/. Only the parts that Reflex's page uses
are allowed here.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

MAX_FRAME: Final = 65_536
"""The most characters of a frame."""
MAX_TEXT: Final = 16_384
"""The most characters of one text: a session token, an address, a field of a form."""
MAX_ADDRESS: Final = MAX_TEXT
"""The most characters of a page's address, and of all its parameters together."""
MAX_DEPTH: Final = 16
"""The most levels of lists and objects within each other."""
MAX_NUMBER: Final = 2**53 - 1
"""The largest exact integer in JavaScript: https://tc39.es/ecma262/#sec-number.max_safe_integer"""

_CLOSE: Final = "1"
_PONG: Final = "3"
_CONNECT: Final = "40"
_DISCONNECT: Final = "41"
_EVENT: Final = "42"

EventRefusal = Callable[[str, Mapping[str, Any]], str | None]
"""A function of an event's name and payload: says what is wrong, or returns None."""

_Address = Annotated[str, Meta(max_length=MAX_ADDRESS)]


class RefusedFrameError(Exception):
    """A frame that must not reach Reflex; the text says why."""


class OversizedFrameError(RefusedFrameError):
    """A frame that is too long. Its websocket is closed, because the server keeps the buffer."""


class _RouterData(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The address of the page. Reflex keeps all of it.

    A part that the route does not have is null. On a route for every address, such as the page
    "not found", the parts of the address are a list.
    """

    path: _Address = msgspec.field(default="", name="pathname")
    with_query: _Address = msgspec.field(default="", name="asPath")
    query: dict[str, str | list[str] | None] = {}

    def __post_init__(self) -> None:
        # The text of a list is longer for each item, also for an empty one.
        if sum(len(name) + len(str(value)) for name, value in self.query.items()) > MAX_ADDRESS:
            raise ValueError("Expected a shorter address")


class _Event(Struct, omit_defaults=True):
    """An event. The page sends more fields, which only the page itself needs."""

    name: str
    router_data: _RouterData
    payload: dict[str, Any] = {}
    traceparent: str | None = None
    tracestate: str | None = None


class _Auth(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The content of the packet that connects: the first event, and the versions of the page."""

    event: _Event | None = None
    state_schema: str | None = None


class _EventMessage(Struct, array_like=True, tag="event", forbid_unknown_fields=True):
    event: _Event


class _ErrorMessage(Struct, array_like=True, tag="client_error", forbid_unknown_fields=True):
    report: dict[str, str | None]


class _PingMessage(Struct, array_like=True, tag="ping", forbid_unknown_fields=True):
    pass


_AUTH: Final = msgspec.json.Decoder(_Auth)
_MESSAGE: Final = msgspec.json.Decoder(_EventMessage | _ErrorMessage | _PingMessage)


class FrameCheck:
    """Checks the frames of one websocket in their order.

    Args:
        namespace: Reflex's Socket.IO namespace, such as ``/_event``.
        event_refusal: Checks an event's handler and arguments.
    """

    def __init__(self, namespace: str, event_refusal: EventRefusal) -> None:
        self._namespace = f"{namespace},"
        self._event_refusal = event_refusal
        self._expected: tuple[str, ...] = (_CONNECT,)

    @property
    def is_connecting(self) -> bool:
        """True until the packet that connects has passed. No other packet can pass before it."""
        return self._expected == (_CONNECT,)

    def passed(self, frame: str | bytes) -> str:
        """Return ``frame`` in the form in which Reflex gets it.

        Its JSON is written again, so that Reflex reads exactly what was checked here.

        Raises:
            OversizedFrameError: It is too long.
            RefusedFrameError: No page sends it at all, or not at this point.
        """
        if len(frame) > MAX_FRAME:
            raise OversizedFrameError(f"{len(frame)} characters")
        if not isinstance(frame, str):
            raise RefusedFrameError("not text")
        if frame in (_PONG, _CLOSE):
            return frame
        packet, rest = frame[:2], frame[2:]
        if packet not in self._expected or not rest.startswith(self._namespace):
            raise RefusedFrameError("no packet of a page, or out of turn")
        try:
            data = self._checked(packet, rest.removeprefix(self._namespace))
        except (msgspec.DecodeError, RecursionError) as error:
            raise RefusedFrameError(f"{type(error).__name__}: {error}") from error
        if packet != _EVENT:
            # A second packet that connects would get another state.
            self._expected = (_EVENT, _DISCONNECT) if packet == _CONNECT else ()
        return f"{packet}{self._namespace}{data}"

    def _checked(self, packet: str, data: str) -> str:
        if packet == _DISCONNECT and data:
            raise RefusedFrameError("more than a page says")
        if not data and packet != _EVENT:
            return ""
        said = (_AUTH if packet == _CONNECT else _MESSAGE).decode(data)
        event = said.event if isinstance(said, _Auth | _EventMessage) else None
        if event is not None:
            if not _is_modest(event.payload, MAX_DEPTH):
                raise RefusedFrameError("a text, a number or a nesting without bounds")
            if problem := self._event_refusal(event.name, event.payload):
                raise RefusedFrameError(problem)
        return msgspec.json.encode(said).decode()


def _is_modest(value: Any, depth: int) -> bool:
    """Tell whether JSON is small enough to come from a page."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return depth > 0 and all(_is_modest(one, depth - 1) for one in value)
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    return value is None or abs(value) <= MAX_NUMBER
