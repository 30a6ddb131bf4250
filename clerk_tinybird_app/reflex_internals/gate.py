"""ASGI middleware in front of Reflex's websocket. It passes only what a page sends.

A frame is checked when all of it has come. The server refuses one that is longer than ``MAX_FRAME``
before that.
"""

import asyncio
import logging
import re
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final

from reflex.app import App
from reflex_base.config import get_config
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clerk_tinybird_app.logs.context import take_event_ids_from
from clerk_tinybird_app.logs.log_budget import LogBudget
from clerk_tinybird_app.logs.reminders import Reminders
from clerk_tinybird_app.reflex_internals.connections import (
    CONNECTION_KEY,
    Connection,
    Connections,
)
from clerk_tinybird_app.reflex_internals.frames import (
    MAX_FRAME,
    FrameCheck,
    OversizedFrameError,
    RefusedFrameError,
)
from clerk_tinybird_app.reflex_internals.handlers import event_refusal
from clerk_tinybird_app.reflex_internals.namespace import BoundedNamespace, event_id
from clerk_tinybird_app.reflex_internals.redis_states import StatesInRedis
from clerk_tinybird_app.reflex_internals.shared_places import SharedPlaces
from clerk_tinybird_app.reflex_internals.thin_sockets import thin_sockets
from clerk_tinybird_app.serving.errors import error
from clerk_tinybird_app.serving.origins import stranger
from clerk_tinybird_app.serving.proxies import client_of
from clerk_tinybird_app.shared_redis import SharedRedis
from clerk_tinybird_app.telemetry import metrics, refusals

_logger = logging.getLogger(__name__)

MAX_REFUSED: Final = 20
"""So many refused frames close a websocket; a page of an older build sends some."""

MAX_HANDSHAKE: Final = 32_768
"""The most bytes of a handshake, which are kept in memory as long as the websocket is open."""

MAX_PROBLEM: Final = 200
"""The most characters of a problem in the log."""

MAX_TOLD: Final = 5
"""The most reasons that are logged in full in a day, each once."""

_CLIENT_TOKEN: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
_POLICY_VIOLATION: Final = 1008
_ANSWERS: Final = "websocket.http.response"
_TEXTS: Final = {
    "handshake": "This is no handshake that a page of this app makes.",
    "origin": "Pages at this origin get no data of this app.",
    "place": "Too many websockets without a session are open. Try again in a moment.",
}

_WRITTEN_BY_ANYBODY: Final = (
    "reflex.app",
    "reflex_base.event.processor.base_state_processor",
    "reflex_base.event.processor.event_processor",
    "engineio.server",
    "socketio.server",
    "uvicorn.error",
)
"""Loggers that any client can make write a line, for example by a wrong version."""


class Refusals:
    """Counts all refusals and logs a limited number of them.

    Args:
        clock: Seconds of a clock that nobody can set.

    Attributes:
        counted: The number of each kind: ``frame``, ``handshake``, ``origin``, ``place``,
            ``events`` or ``error``.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counted: Counter[str] = Counter()
        self._reminders = Reminders(MAX_TOLD, clock)

    def note(self, kind: str, problem: str) -> None:
        """Count one refusal and log the reason."""
        self.counted[kind] += 1
        refusals.refused(refusals.WEBSOCKET, f"websocket_{kind}", problem[:MAX_PROBLEM])

    def note_once(self, kind: str, problem: str) -> None:
        """Count one refusal, and log the reason in full once a day, of a few reasons at most.

        It is for what an operator can mend.
        """
        code = f"websocket_{kind}"
        self.counted[kind] += 1
        metrics.refused(refusals.WEBSOCKET, code)
        if self._reminders.is_due(problem):
            fields = {"code": code, "place": refusals.WEBSOCKET}
            _logger.warning("Refused websockets: %s.", problem[: 2 * MAX_PROBLEM], extra=fields)


class WebsocketGate:
    """Drops what no page sends, without an answer.

    Args:
        app: The app behind the gate.
        connections: The places for websockets.
        new_check: Makes the check for the frames of one websocket.
        refusals: Counts and logs what is refused.
        origins: The app's own: pages at others are refused. Without any, Socket.IO decides.
        shared: The places at all backend processes; None when there is no Redis.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        connections: Connections,
        new_check: Callable[[], FrameCheck],
        refusals: Refusals,
        origins: Collection[str] = (),
        shared: SharedPlaces | None = None,
    ) -> None:
        self._app = app
        self._connections = connections
        self._new_check = new_check
        self._refusals = refusals
        self._origins = origins
        self._shared = shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on all of HTTP, and those websockets and frames that come from a page."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        if problem := _handshake_problem(scope):
            self._refusals.note("handshake", problem)
            await _refuse_handshake("handshake", scope, receive, send)
            return
        origin = Headers(scope=scope).get("origin")
        if origin is not None and self._origins and (why := stranger(origin, self._origins)):
            self._refusals.note_once("origin", why)
            await _refuse_handshake("origin", scope, receive, send)
            return
        connection = self._connections.open(client_of(scope), _ending(asyncio.current_task()))
        if connection is None:
            await self._turn_away(scope, receive, send)
            return
        try:
            addresses = self._shared and self._shared.addresses
            if addresses and not await addresses.take(connection, connection.origin):
                await self._turn_away(scope, receive, send)
                return
            checked = self._checked(receive, connection)
            await self._app({**scope, CONNECTION_KEY: connection}, checked, _as_text(send))
        except asyncio.CancelledError:
            # It makes way for another one, or the server ends. A server would log it as a fault.
            pass
        except Exception as error:  # noqa: BLE001 # a websocket's end is never the server's trouble
            self._refusals.note("error", f"{type(error).__name__}: {error}")
        finally:
            self._connections.leave(connection)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._refusals.note("place", "no place for another websocket without a session")
        await _refuse_handshake("place", scope, receive, send)

    def _checked(self, receive: Receive, connection: Connection) -> Receive:
        """Return ``receive`` without the frames that must not reach Reflex."""
        check, refused = self._new_check(), 0

        async def checked() -> Message:
            nonlocal refused
            while refused < MAX_REFUSED and not connection.is_evicted:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                if self._shared:
                    self._shared.renew(connection)
                if seconds := self._connections.wait(connection):
                    self._refusals.note("events", "more than its session or its address may send")
                    await asyncio.sleep(seconds)
                try:
                    passed = check.passed(message.get("text") or message.get("bytes") or "")
                except RefusedFrameError as error:
                    self._refusals.note("frame", str(error))
                    # Without its first packet a page waits for ever. When closed, it tries again.
                    is_end = isinstance(error, OversizedFrameError) or check.is_connecting
                    refused += MAX_REFUSED if is_end else 1
                else:
                    return {"type": message["type"], "text": passed}
            return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}

        return checked


def _as_text(send: Send) -> Send:
    """Return ``send`` for frames with any text of the data.

    Half a surrogate pair, which no UTF-8 can say, would end the websocket; at that a page connects
    anew, and is sent the same again.
    """

    async def sent(message: Message) -> None:
        text = message.get("text")
        if text and not text.isascii():
            message = {**message, "text": text.encode("utf-8", "replace").decode()}
        await send(message)

    return sent


def _ending(serving: asyncio.Task[None] | None) -> Callable[[], object]:
    """Return a function that ends a websocket: it cancels the task that serves it."""
    return serving.cancel if serving else lambda: None


def _handshake_problem(scope: Scope) -> str | None:
    query: bytes = scope["query_string"]
    size = len(query) + sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HANDSHAKE:
        return f"{size} bytes of headers and query"
    tokens = urllib.parse.parse_qs(query.decode("latin-1")).get("token", [])
    if len(tokens) != 1 or not _CLIENT_TOKEN.fullmatch(tokens[0]):
        return "no client token of a page"
    return None


async def _refuse_handshake(kind: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a handshake: the client is answered 403, with the code if the server can do that."""
    await receive()
    if _ANSWERS not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    answer = error(HTTPStatus.FORBIDDEN, f"websocket_{kind}", _TEXTS[kind], {})
    start = {"status": answer.status_code, "headers": answer.raw_headers}
    await send({"type": f"{_ANSWERS}.start", **start})
    await send({"type": f"{_ANSWERS}.body", "body": answer.body})


def guard_websockets(
    app: App,
    origins: Collection[str],
    *,
    redis: SharedRedis | None = None,
    states: StatesInRedis | None = None,
    patched_states: Collection[str] = (),
) -> Refusals:
    """Pass only what pages send to the app's websocket, and limit what it keeps in memory.

    Args:
        app: The app.
        origins: Its own.
        redis: What the backend processes share; None when there is one process.
        states: Its states in Redis, None without it.
        patched_states: The full names of the states of which pages are sent what changed.

    Returns:
        The counts of what is refused.
    """
    refused = Refusals()
    shared, connections = None, Connections()
    if redis:
        shared = SharedPlaces(redis)
        connections = Connections(left=shared.addresses.leave, ended=shared.sessions.leave)
    namespace = BoundedNamespace(
        get_config().get_event_namespace(),
        app,
        connections,
        states,
        patched_states=frozenset(patched_states),
        shared=shared,
    )
    app._event_namespace = namespace
    if app.sio is None:
        raise RuntimeError("Reflex has made no websocket server; is its state enabled?")
    app.sio.register_namespace(namespace)
    thin_sockets()
    take_event_ids_from(event_id)
    # The handshake tells this limit to the page, which then sends no longer frames.
    app.sio.eio.max_http_buffer_size = MAX_FRAME
    gate = partial(
        WebsocketGate,
        connections=connections,
        new_check=partial(FrameCheck, namespace.namespace, event_refusal),
        refusals=refused,
        origins=origins,
        shared=shared,
    )
    inner = app.api_transformer
    if inner is None:
        inner = ()
    # Reflex makes the last transformer the outermost.
    app.api_transformer = [*(inner if isinstance(inner, Sequence) else [inner]), gate]
    for name in _WRITTEN_BY_ANYBODY:
        logging.getLogger(name).addFilter(LogBudget())
    return refused
