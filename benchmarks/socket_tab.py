"""A tab of the app without its browser: Reflex's websocket, and nothing drawn.

The wire is Socket.IO 5 over Engine.IO 4 in text frames: a digit for each layer's kind of packet,
the namespace, and JSON: https://socket.io/docs/v4/socket-io-protocol/
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self

from simple_websocket import AioClient

_NAMESPACE: Final = "/_event"
_CONNECT: Final = f"40{_NAMESPACE},"
_EVENT: Final = f"42{_NAMESPACE},"
_PING: Final = "2"
_PONG: Final = "3"
_RECEIVE_BYTES: Final = 262_144
_MILLISECONDS: Final = 1_000
_ANSWER_SECONDS: Final = 15.0
_FAILED_PANEL: Final = re.compile(r'"code":\s*"tinybird_')


class FailedTabError(Exception):
    """The app did not do what a tab asked for; the text says what."""


@dataclass(frozen=True)
class Wire:
    """Where the app is, and what its handlers are called there.

    Attributes:
        port: The app's port on this machine.
        origin: The page's origin, which the server checks.
        hydrate: The event that a page sends first.
        sync: ``SessionState.sync``.
        refresh: ``DashboardState.refresh``.
    """

    port: int
    origin: str
    hydrate: str
    sync: str
    refresh: str


@dataclass(frozen=True)
class Refresh:
    """One refresh of a dashboard, as its tab saw it.

    Attributes:
        milliseconds: From sending the event until ``finished`` came.
        received: Bytes of the frames that came for it.
        sent: Bytes of the event.
    """

    milliseconds: float
    received: int
    sent: int


class SocketTab:
    """One signed-in tab on the dashboard, with a client token of its own.

    Args:
        wire: The app.
        socket: The open websocket.
    """

    def __init__(self, wire: Wire, socket: AioClient) -> None:
        self._wire = wire
        self._socket = socket
        self._number = 0
        self._received = 0

    @classmethod
    async def open(cls, wire: Wire, path: str, session_token: str) -> Self:
        """Connect, hydrate and prove a session, as a page does when it is opened.

        Args:
            wire: The app.
            path: The page's path.
            session_token: What Clerk's SDK would push.

        Raises:
            FailedTabError: The app did not accept the session.
            TimeoutError: It did not answer.
        """
        query = f"token={uuid.uuid4()}&EIO=4&transport=websocket"
        socket = await AioClient.connect(
            f"ws://127.0.0.1:{wire.port}{_NAMESPACE}/?{query}",
            headers={"Origin": wire.origin},
            receive_bytes=_RECEIVE_BYTES,
        )
        tab = cls(wire, socket)
        boot = {"event": _event(wire.hydrate, {}, path)}
        await socket.send(_CONNECT + json.dumps(boot))
        await tab._until('"is_hydrated')
        await tab._send(_event(wire.sync, {"token": session_token}, path))
        await tab._until('"accepted_rx_state_":"sess_')
        return tab

    async def refresh(self, path: str, search: str, zone: str) -> Refresh:
        """Ask for every panel anew; return when all are answered.

        Raises:
            FailedTabError: A panel could not be filled.
            TimeoutError: It was not finished in time.
        """
        self._number += 1
        self._received = 0
        payload = {"number": self._number, "path": path, "search": search, "zone": zone}
        started = time.perf_counter()
        sent = await self._send(_event(self._wire.refresh, payload, path))
        await self._until(f'"finished_rx_state_":{self._number}')
        taken = time.perf_counter() - started
        return Refresh(taken * _MILLISECONDS, self._received, sent)

    async def close(self) -> None:
        """Leave, as a tab that is closed."""
        with suppress(OSError, RuntimeError):
            await self._socket.close()

    async def _send(self, event: Mapping[str, Any]) -> int:
        """Send an event; return its bytes."""
        frame = _EVENT + json.dumps(["event", event])
        await self._socket.send(frame)
        return len(frame)

    async def _until(self, sign: str) -> None:
        """Read frames until one holds ``sign``."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            while sign not in await self._frame():
                pass

    async def _frame(self) -> str:
        while (frame := str(await self._socket.receive())) == _PING:
            await self._socket.send(_PONG)
        self._received += len(frame.encode())
        if _FAILED_PANEL.search(frame):
            raise FailedTabError("a panel could not be filled")
        return frame


def _event(name: str, payload: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {"name": name, "payload": payload, "router_data": {"pathname": path, "asPath": path}}
