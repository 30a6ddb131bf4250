"""Reflex's end of the websocket: bounds on what one keeps, and whose it is."""

import asyncio
from typing import Any, Final

from reflex.app import App, EventNamespace
from reflex.istate.data import SessionData
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State
from reflex_base.event.processor.future import EventFuture
from reflex_base.registry import RegistrationContext

from clerk_tinybird_app.background import in_background
from clerk_tinybird_app.reflex_internals.connections import Connection, Connections, connection_of

MAX_UNDER_WAY: Final = 16
"""Events of one websocket at a time; its next frame waits for one of them to end."""


class BoundedNamespace(EventNamespace):
    """Takes the place of Reflex's own.

    Args:
        namespace: The Socket.IO namespace.
        app: The app.
        connections: The places for websockets.
    """

    def __init__(self, namespace: str, app: App, connections: Connections) -> None:
        super().__init__(namespace, app)
        self._connections = connections
        self._open: dict[str, Connection] = {}
        self._under_way: dict[str, set[EventFuture]] = {}

    def prove(self, sid: str) -> None:
        """Note that a session was proved over the websocket ``sid``."""
        if connection := self._open.get(sid):
            self._connections.prove(connection)

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Go on as Reflex does, and remember the websocket."""
        await super().on_connect(sid, environ, auth)
        if connection := connection_of(environ["asgi.scope"]):
            self._open[sid] = connection

    async def on_event(self, sid: str, data: Any) -> None:
        """Enqueue an event; return when the websocket may send another one."""
        last = self._newest_future()
        await super().on_event(sid, data)
        future = self._newest_future()
        if future is None or future is last:
            return
        under_way = self._under_way.setdefault(sid, set())
        under_way.add(future)
        future.add_done_callback(under_way.discard)
        if len(under_way) >= MAX_UNDER_WAY:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)

    def on_disconnect(self, sid: str) -> asyncio.Task[None] | None:
        """Go on as Reflex does; drop the state of a websocket that proved nothing."""
        token = self.sid_to_token.get(sid)
        connection = self._open.pop(sid, None)
        under_way = self._under_way.pop(sid, set())
        unlinked = super().on_disconnect(sid)
        if token is not None and connection is not None and not connection.has_proved:
            in_background(self._drop_state(token, unlinked, under_way), "dropping a state")
        return unlinked

    def _newest_future(self) -> EventFuture | None:
        """Return the future of the event that was enqueued last, whoever sent it."""
        return next(reversed(self.app.event_processor._futures.values()), None)

    async def _drop_state(
        self, token: str, unlinked: asyncio.Task[None] | None, under_way: set[EventFuture]
    ) -> None:
        """Drop a client's state once nothing of it is under way, unless it is back by then."""
        if unlinked is not None:
            await asyncio.wait([unlinked])
        if under_way:
            await asyncio.gather(*(one.wait_all() for one in under_way), return_exceptions=True)
        manager = self.app.state_manager
        if isinstance(manager, StateManagerMemory) and not (
            await self._token_manager.is_token_connected(token)
        ):
            manager._purge_token(BaseStateToken(ident=token, cls=State))


def is_connected(client: SessionData) -> bool:
    """Tell whether the event's websocket still is the one that answers go to.

    Reflex sends what a handler changed to whoever holds the client token by then, which after a
    long wait can be another websocket.
    """
    namespace = RegistrationContext.get().app.event_namespace
    return namespace is None or namespace.token_to_sid.get(client.client_token) == client.session_id


def note_proof(client: SessionData) -> None:
    """Note that a session was proved over the event's websocket, which may then stay."""
    namespace = RegistrationContext.get().app.event_namespace
    if isinstance(namespace, BoundedNamespace):
        namespace.prove(client.session_id)
