"""A browser tab, as far as the server can tell: events go in, vars and downloads come out."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import StateUpdate
from reflex.utils.token_manager import SocketRecord
from reflex_base.constants import RouteVar
from reflex_base.event import Event
from reflex_base.event.processor.base_state_processor import BaseStateEventProcessor

from clerk_tinybird_app import services
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.break_in import BreakInState
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.older import OlderState
from clerk_tinybird_app.state.picker import PickerState  # noqa: F401 - served to the tabs
from clerk_tinybird_app.state.playground import PlaygroundState
from clerk_tinybird_app.state.record import RecordState
from clerk_tinybird_app.state.sample_traffic import SampleTrafficState
from clerk_tinybird_app.state.session import SessionState, SocketBinding
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.connections import HttpxConnections
from clerk_tinybird_app.tinybird.shared_queries import SharedQueries

AnswersQueries = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]

# Reflex allows one app a process; the states it serves are per Server.
APP = rx.App()
APP.add_middleware(SocketBinding())

_WATCHED = ("session_state", "token_state")
_ON_THE_BOARD = ("dashboard_state", "record_state", "older_state", "sample_traffic_state")
HYDRATE = "reflex___state____state.hydrate_and_load"


class Server:
    """Reflex's own event processor over states in memory, with the app's middleware.

    Attributes:
        errors: What handlers raised.
        events: Client token -> what the browser is told to do, such as a download.
    """

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.events: dict[str, list[Event]] = defaultdict(list)
        self._processor = BaseStateEventProcessor(
            middleware=APP, backend_exception_handler=self.errors.append
        )
        self._processor.configure(
            # Abstract to mypy alone, because of how Reflex declares its overloads.
            state_manager=StateManagerMemory(),  # type: ignore[abstract]
            event_namespace=self,  # type: ignore[arg-type]  # as much of one as is called
        )

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        """Take what goes out beside the deltas of an event."""
        self.events[token] += update.events

    async def __aenter__(self) -> "Server":
        await self._processor.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._processor.__aexit__(*error)

    def deltas(self, client_token: str, event: Event) -> AsyncIterator[Mapping[str, Any]]:
        """Process ``event`` and yield what is sent back for it, as it is sent."""
        return self._processor.enqueue_stream_delta(client_token, event)


@asynccontextmanager
async def served(
    running: Services,
    tinybird: AnswersQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Server]:
    """Serve with a Tinybird that answers as the test says."""
    client = TinybirdClient(
        running.workspace.api_url, connections=HttpxConnections(httpx.MockTransport(tinybird))
    )
    shared = SharedQueries(client, clock=running.clock)
    changed = replace(running, tinybird=client, shared_queries=shared)
    monkeypatch.setattr(services, "current", lambda: changed)
    async with Server() as server:
        yield server


class Tab:
    """One tab's websocket: its client token, its socket id, and the vars it was sent.

    ``seen`` holds those of the session and its token, ``answer`` those of the playground, ``board``
    those of the dashboard, its open record and its sample traffic, ``tried`` those of the break-in,
    ``picked`` those of the filters' values; ``heard`` has the names of all that its own calls
    changed, in order, and ``updates`` counts in how many pieces it came.
    """

    def __init__(self, server: Server, *, client_token: str = "tab-1", socket: str = "ws-1"):
        self._server = server
        self._client_token = client_token
        self._socket = socket
        self.seen: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.board: dict[str, Any] = {}
        self.tried: dict[str, Any] = {}
        self.picked: dict[str, Any] = {}
        self.heard: list[str] = []
        self.updates = 0
        namespace = APP.event_namespace
        assert namespace
        # As when it connects: from now on this websocket is the client token's own.
        sockets = namespace._token_manager.token_to_socket
        sockets[client_token] = SocketRecord(instance_id="here", sid=socket)

    async def hydrate(self) -> None:
        """Do what the page does first on every connection."""
        await self.send(HYDRATE, {})

    async def call(self, handler: str, **payload: Any) -> None:
        """Call a handler of ``SessionState`` by name, as any client can."""
        await self.send(f"{SessionState.get_full_name()}.{handler}", payload)

    async def ask(self, handler: str, **payload: Any) -> None:
        """Call a handler of ``PlaygroundState``."""
        await self.send(f"{PlaygroundState.get_full_name()}.{handler}", payload)

    async def see(self, handler: str, **payload: Any) -> None:
        """Call a handler of ``DashboardState``."""
        await self.send(f"{DashboardState.get_full_name()}.{handler}", payload)

    async def load_older(self, panel: str) -> None:
        """Press the button below a list."""
        await self.send(f"{OlderState.get_full_name()}.load_older", {"panel": panel})

    async def open_record(
        self, panel: str, record: str, search: str = "", zone: str = "UTC"
    ) -> None:
        """Open the address of a record."""
        asked = {"panel": panel, "record": record, "path": "/dashboard", "search": search}
        await self.send(f"{RecordState.get_full_name()}.open_record", {**asked, "zone": zone})

    async def attempt(self, kind: str) -> None:
        """Try to break in."""
        await self.send(f"{BreakInState.get_full_name()}.attempt", {"kind": kind})

    @property
    def downloads(self) -> list[str]:
        """The names of the files that the browser was given."""
        return self._told("filename")

    @property
    def places(self) -> list[str]:
        """The addresses that the browser was sent to."""
        return self._told("path")

    def _told(self, what: str) -> list[str]:
        events = self._server.events[self._client_token]
        return [event.payload[what] for event in events if what in event.payload]

    async def add_sample_traffic(self) -> None:
        """Press the button for it, whether it is there or not."""
        await self.send(f"{SampleTrafficState.get_full_name()}.add", {})

    async def push(self, token: str) -> None:
        """Push a session token, as the bridge does."""
        await self.call("sync", token=token)

    async def send(self, name: str, payload: dict[str, Any]) -> None:
        """Send an event by its handler's full name, and take what comes back for it."""
        router = {
            RouteVar.SESSION_ID: self._socket,
            RouteVar.CLIENT_TOKEN: self._client_token,
            RouteVar.PATH: "/",
        }
        event = Event(name=name, payload=payload, router_data=router)
        async for delta in self._server.deltas(self._client_token, event):
            self.updates += 1
            for substate, variables in delta.items():
                short = {k.removesuffix("_rx_state_"): v for k, v in variables.items()}
                self.heard += short
                if substate.endswith(_WATCHED):
                    self.seen.update(short)
                elif substate.endswith("playground_state"):
                    self.answer.update(short)
                elif substate.endswith(_ON_THE_BOARD):
                    self.board.update(short)
                elif substate.endswith("picker_state"):
                    self.picked.update(short)
                elif substate.endswith("break_in_state"):
                    self.tried.update(short)
