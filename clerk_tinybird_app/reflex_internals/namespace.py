"""The server's end of the websockets: limits on each one, and whether it is still in use."""

import asyncio
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Final, Self, cast

from reflex.app import App, EventNamespace
from reflex.istate.data import SessionData
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State, StateUpdate
from reflex_base.constants import RouteVar
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.event.processor.future import EventFuture
from reflex_base.registry import RegistrationContext

from clerk_tinybird_app.background import in_background
from clerk_tinybird_app.reflex_internals.connections import (
    Connection,
    Connections,
    TooManyTabsError,
    connection_of,
)
from clerk_tinybird_app.reflex_internals.patches import SentValues
from clerk_tinybird_app.reflex_internals.redis_states import StatesInRedis
from clerk_tinybird_app.reflex_internals.shared_places import SharedPlaces
from clerk_tinybird_app.telemetry import metrics

MAX_UNDER_WAY: Final = 16
"""The most unfinished events of one websocket. The next frame waits until one has ended."""


_ENQUEUED: Final[ContextVar[list[EventFuture]]] = ContextVar("_ENQUEUED")
"""The events that the current frame has enqueued. Reflex's own method does not return them."""


class _RecordingApp:
    """The app for Reflex's namespace; it records the events that each frame enqueues.

    Args:
        app: The real app.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)

    @property
    def event_processor(self) -> Self:
        """This object, in place of the app's event processor: only ``enqueue`` is used of it."""
        return self

    async def enqueue(self, token: str, event: Event) -> EventFuture:
        """Enqueue an event and record it."""
        future = await self._app.event_processor.enqueue(token, event)
        _ENQUEUED.get().append(future)
        return future


class BoundedNamespace(EventNamespace):
    """Replaces the namespace of Reflex.

    Args:
        namespace: The Socket.IO namespace.
        app: The app.
        connections: The places for websockets.
        states: The states in Redis, None without it.
        patched_states: The full names of the states of which pages are sent what changed.
        shared: The places at all backend processes; None when there is no Redis.
    """

    def __init__(
        self,
        namespace: str,
        app: App,
        connections: Connections,
        states: StatesInRedis | None = None,
        *,
        patched_states: frozenset[str] = frozenset(),
        shared: SharedPlaces | None = None,
    ) -> None:
        super().__init__(namespace, cast("App", _RecordingApp(app)))
        self._connections = connections
        self._states = states
        self._shared = shared.sessions if shared else None
        if states:
            states.serve(app, self)
        self._open: dict[str, Connection] = {}
        self._under_way: dict[str, set[EventFuture]] = {}
        self._patched_states = patched_states
        self._sent: dict[str, SentValues] = {}

    async def prove(self, sid: str, session: str) -> None:
        """Record that a session was proved over the websocket ``sid``.

        Raises:
            TooManyTabsError: The session has as many websockets as it may have.
        """
        connection = self._open.get(sid)
        if connection is None or connection.session == session:
            return
        if not self._connections.has_place(session):
            raise TooManyTabsError
        if self._shared and not await self._shared.take(connection, session):
            raise TooManyTabsError
        is_first = not connection.has_proved
        is_open = self._open.get(sid) is connection and not connection.has_left
        if is_open and self._connections.prove(connection, session):
            if is_first:
                metrics.session(1)
            return
        # It has gone, or others came, while Redis was asked.
        if self._shared:
            self._shared.leave(connection)
        if is_open:
            raise TooManyTabsError

    def _closed(self, sid: str) -> Connection | None:
        """Forget the websocket ``sid``, and return what it was."""
        self._sent.pop(sid, None)
        connection = self._open.pop(sid, None)
        if connection is not None and connection.has_proved:
            metrics.session(-1)
        return connection

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Do what Reflex does, and remember the websocket."""
        # Before Reflex handles the packet: its first event may already prove a session.
        if connection := connection_of(environ["asgi.scope"]):
            self._open[sid] = connection
        if self._states:
            environ = {**environ, "QUERY_STRING": self._states.hidden(environ["QUERY_STRING"])}
        try:
            await super().on_connect(sid, environ, auth)
        except BaseException:
            # `on_disconnect` is never called for a refused websocket.
            self._closed(sid)
            self._under_way.pop(sid, None)
            raise
        # Socket.IO keeps it as long as the websocket is open, and asks for nothing of it again.
        environ.clear()

    def _build_static_router_data(self, sid: str, environ: dict[str, Any]) -> dict[str, Any]:
        """Do what Reflex does, without the headers.

        Reflex keeps them in the tab's state, the cookies too, and sends them to the page.
        """
        return super()._build_static_router_data(sid, environ) | {RouteVar.HEADERS: {}}

    async def emit(self, event: str, data: Any = None, to: str = "", **options: Any) -> None:
        """Send to the websocket ``to``; of an update as little as it needs."""
        if isinstance(data, StateUpdate) and data.delta and to in self._open:
            sent = self._sent.setdefault(to, SentValues(self._patched_states))
            # Nothing may be awaited from here until the packet is in its queue: the page makes a
            # value of the one that came before.
            data = replace(data, delta=sent.patched(data.delta))
        try:
            await super().emit(event, data, to=to, **options)
        except BaseException:
            # The page may not have it: what comes next is sent whole.
            self._sent.pop(to, None)
            raise

    async def on_event(self, sid: str, data: Any) -> None:
        """Enqueue an event. Return when the websocket may send the next one."""
        enqueued: list[EventFuture] = []
        reset = _ENQUEUED.set(enqueued)
        try:
            await super().on_event(sid, data)
        finally:
            _ENQUEUED.reset(reset)
        if not enqueued:
            return
        under_way = self._under_way.setdefault(sid, set())
        for future in enqueued:
            under_way.add(future)
            future.add_done_callback(under_way.discard)
            metrics.event(1)
            future.add_done_callback(lambda _: metrics.event(-1))
        if len(under_way) >= MAX_UNDER_WAY:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)

    def on_disconnect(self, sid: str) -> asyncio.Task[None] | None:
        """Do what Reflex does, and drop the state of a websocket that proved no session."""
        token = self.sid_to_token.get(sid)
        connection = self._closed(sid)
        under_way = self._under_way.pop(sid, set())
        unlinked = super().on_disconnect(sid)
        if token is not None and connection is not None and not connection.has_proved:
            in_background(self._drop_state(token, unlinked, under_way), "dropping a state")
        return unlinked

    async def _drop_state(
        self, token: str, unlinked: asyncio.Task[None] | None, under_way: set[EventFuture]
    ) -> None:
        """Drop a client's state when its events have ended, unless the client has come back."""
        if unlinked is not None:
            await asyncio.wait([unlinked])
        if under_way:
            await asyncio.gather(*(one.wait_all() for one in under_way), return_exceptions=True)
        if await self._token_manager.is_token_connected(token):
            return
        manager = self.app.state_manager
        if self._states:
            await self._states.forget(token)
        elif isinstance(manager, StateManagerMemory):
            manager._purge_token(BaseStateToken(ident=token, cls=State))


def event_id() -> str:
    """Return the id of the event that is handled now, "" outside of one.

    Reflex handles each event in a task of its own, which knows it.
    """
    try:
        return EventContext.get().txid
    except LookupError:
        return ""


def is_connected(client: SessionData) -> bool:
    """Tell whether answers still go to the websocket of the event.

    Reflex sends the changes of a handler to the websocket that has the client token when the
    handler ends. After a long wait this can be another websocket. When there is no namespace, the
    result is False.
    """
    namespace = RegistrationContext.get().app.event_namespace
    if namespace is None:
        return False
    return namespace.token_to_sid.get(client.client_token) == client.session_id


async def note_proof(client: SessionData, session: str) -> None:
    """Record that a session was proved over the event's websocket, which may then stay open.

    Raises:
        TooManyTabsError: The session has as many websockets as it may have.
    """
    namespace = RegistrationContext.get().app.event_namespace
    if isinstance(namespace, BoundedNamespace):
        await namespace.prove(client.session_id, session)
