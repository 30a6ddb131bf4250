"""What one frame from a page's websocket may say; pure.

The wire is Socket.IO 5 over Engine.IO 4 in text frames, a digit for each layer's kind of packet:
https://socket.io/docs/v4/socket-io-protocol/. Of that, Reflex's page speaks what is named here.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

MAX_FRAME: Final = 65_536
"""Characters of a frame."""
MAX_TEXT: Final = 16_384
"""Characters of one text: a session token, an address, a field of a form."""
MAX_ADDRESS: Final = MAX_TEXT
"""Characters of a page's address, and of all its parameters together."""
MAX_DEPTH: Final = 16
"""Lists and objects within each other."""
MAX_NUMBER: Final = 2**53 - 1
"""As far as JavaScript counts: https://tc39.es/ecma262/#sec-number.max_safe_integer"""

_CLOSE: Final = "1"
_PONG: Final = "3"
_CONNECT: Final = "40"
_DISCONNECT: Final = "41"
_EVENT: Final = "42"

EventRefusal = Callable[[str, Mapping[str, Any]], str | None]
"""Says what is wrong with an event, from its name and payload; None when nothing is."""

_Address = Annotated[str, Meta(max_length=MAX_ADDRESS)]


class RefusedFrameError(Exception):
    """A frame that must not reach Reflex; the text says why."""


class OversizedFrameError(RefusedFrameError):
    """A frame beyond all measure: the server keeps so large a buffer until the websocket ends."""


class _RouterData(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Where the page is; Reflex keeps whatever is in it.

    A part that a route lacks is null; on a route that catches every address, such as the one for
    those that are not found, the parts of the address are a list.
    """

    path: _Address = msgspec.field(default="", name="pathname")
    with_query: _Address = msgspec.field(default="", name="asPath")
    query: dict[str, str | list[str] | None] = {}

    def __post_init__(self) -> None:
        # A list's text counts its items, empty ones too.
        if sum(len(name) + len(str(value)) for name, value in self.query.items()) > MAX_ADDRESS:
            raise ValueError("Expected a shorter address")


class _Event(Struct, omit_defaults=True):
    """An event; what else a page says of it concerns the page alone."""

    name: str
    router_data: _RouterData
    payload: dict[str, Any] = {}
    traceparent: str | None = None
    tracestate: str | None = None


class _Auth(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What rides in the packet that connects: a page's first event, and what it was built for."""

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
    """The frames of one websocket, in their order.

    Args:
        namespace: Reflex's Socket.IO namespace, such as ``/_event``.
        event_refusal: Knows the handlers and their arguments.
    """

    def __init__(self, namespace: str, event_refusal: EventRefusal) -> None:
        self._namespace = f"{namespace},"
        self._event_refusal = event_refusal
        self._expected: tuple[str, ...] = (_CONNECT,)

    @property
    def is_connecting(self) -> bool:
        """True until the packet that connects has passed; without it nothing else can."""
        return self._expected == (_CONNECT,)

    def passed(self, frame: str | bytes) -> str:
        """Return ``frame`` as it may reach Reflex.

        Its JSON is written anew, so that Reflex reads just what was checked here.

        Raises:
            OversizedFrameError: It is too long.
            RefusedFrameError: No page sends it, or not now.
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
            # A second packet that connects would be given another state.
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
    """Tell whether JSON is of sizes that a page sends."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return depth > 0 and all(_is_modest(one, depth - 1) for one in value)
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    return value is None or abs(value) <= MAX_NUMBER
