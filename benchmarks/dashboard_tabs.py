"""Holds dashboards open, from a process of its own: ``python -m benchmarks.dashboard_tabs``.

Reads a `Job` as JSON from its input and prints a `Held` as JSON. Every tab does what the page does
(see ``live.jsx``): it refreshes every so many seconds, but never while a refresh is under way.
A tab is Reflex's websocket with nothing drawn: Socket.IO 5 over Engine.IO 4 in text frames, a digit
for each layer's kind of packet: https://socket.io/docs/v4/socket-io-protocol/
"""

import asyncio
import json
import re
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from simple_websocket import AioClient

from benchmarks.machine import cpu_seconds
from benchmarks.report import MILLISECONDS, Samples
from clerk_tinybird_app.routes import DASHBOARD

_NAMESPACE: Final = "/_event"
_PING: Final = "2"
_PONG: Final = "3"
_RECEIVE_BYTES: Final = 262_144
_ANSWER_SECONDS: Final = 15.0
_FAILED_PANEL: Final = re.compile(r'"code":\s*"tinybird_')
_OPENING_AT_ONCE: Final = 8
_MOST_REFRESHES: Final = 5_000


class FailedTabError(Exception):
    """A panel could not be filled."""


@dataclass(frozen=True)
class Job:
    """What to hold open and for how long, after each tab's first refresh.

    Attributes:
        port: The app's port on this machine.
        origin: The page's origin, which the server checks.
        folder: The app's, by which its processes are found.
        events: The handlers' full names: ``hydrate``, ``sync`` and ``refresh``.
        session_tokens: One for each tab.
        every: Seconds between two refreshes of a tab.
        seconds: How long.
    """

    port: int
    origin: str
    folder: str
    events: Mapping[str, str]
    session_tokens: Sequence[str]
    every: float
    seconds: float


@dataclass(frozen=True)
class Held:
    """What came of it: later refreshes, their failures, bytes of the frames, processor time.

    The first refresh of each tab is in ``first_bytes`` alone; bytes are medians.
    """

    refreshes: int
    failures: int
    seconds: float
    p50_ms: float
    p95_ms: float
    first_bytes: float
    later_bytes: float
    sent_bytes: float
    tinybird_seconds: float
    backend_seconds: float
    client_seconds: float


_Refresh = tuple[float, int, int]
"""Milliseconds until ``finished`` came, bytes that came for it, bytes that asked for it."""


class _Tab:
    """One signed-in tab on the dashboard, with a client token of its own."""

    def __init__(self, job: Job, socket: AioClient) -> None:
        self._job = job
        self._socket = socket
        self._number = 0
        self._received = 0

    @classmethod
    async def open(cls, job: Job, session_token: str, gate: asyncio.Semaphore) -> "_Tab":
        """Connect, hydrate and prove a session, as a page does when it is opened."""
        query = f"token={uuid.uuid4()}&EIO=4&transport=websocket"
        async with gate:
            tab = cls(
                job,
                await AioClient.connect(
                    f"ws://127.0.0.1:{job.port}{_NAMESPACE}/?{query}",
                    headers={"Origin": job.origin}, receive_bytes=_RECEIVE_BYTES,
                ),
            )  # fmt: skip
            await tab._send("40", {"event": tab._event("hydrate")})
            await tab._until('"is_hydrated')
            await tab._send("42", ["event", tab._event("sync", token=session_token)])
            await tab._until('"accepted_rx_state_":"sess_')
        return tab

    async def refresh(self) -> _Refresh:
        """Ask for every panel anew; return when all are answered."""
        self._number, self._received = self._number + 1, 0
        view = {"number": self._number, "path": DASHBOARD, "search": "", "zone": "Europe/Berlin"}
        started = time.perf_counter()
        sent = await self._send("42", ["event", self._event("refresh", **view)])
        await self._until(f'"finished_rx_state_":{self._number}')
        return (time.perf_counter() - started) * MILLISECONDS, self._received, sent

    async def close(self) -> None:
        with suppress(OSError, RuntimeError):
            await self._socket.close()

    def _event(self, name: str, **payload: Any) -> dict[str, Any]:
        place = {"pathname": DASHBOARD, "asPath": DASHBOARD}
        return {"name": self._job.events[name], "payload": payload, "router_data": place}

    async def _send(self, packet: str, data: Any) -> int:
        frame = f"{packet}{_NAMESPACE},{json.dumps(data)}"
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
            raise FailedTabError
        return frame


async def _hold(job: Job) -> Held:
    gate, later, failures = asyncio.Semaphore(_OPENING_AT_ONCE), list[_Refresh](), 0
    tabs = await asyncio.gather(*(_Tab.open(job, token, gate) for token in job.session_tokens))

    async def keep_refreshing(tab: _Tab, at: float) -> None:
        nonlocal failures
        until = at + job.seconds
        while at < until and len(later) < _MOST_REFRESHES:
            await asyncio.sleep(at - time.perf_counter())
            begun = time.perf_counter()
            try:
                later.append(await tab.refresh())
            except (FailedTabError, TimeoutError):
                failures += 1
            at = max(begun + job.every, time.perf_counter())

    try:
        first = [await tab.refresh() for tab in tabs]
        await asyncio.sleep(job.every)
        started, before = time.perf_counter(), _processor_seconds(job)
        # The tabs' beginnings are spread over one interval.
        step = job.every / len(tabs)
        await asyncio.gather(
            *(keep_refreshing(tab, started + place * step) for place, tab in enumerate(tabs))
        )
        seconds = time.perf_counter() - started
        used = [b - a for a, b in zip(before, _processor_seconds(job), strict=True)]
    finally:
        await asyncio.gather(*(tab.close() for tab in tabs))
    taken = Samples([milliseconds for milliseconds, _, _ in later] or [0.0])
    return Held(
        len(later), failures, seconds, taken.median, taken.p95,
        median(received for _, received, _ in first),
        median([received for _, received, _ in later] or [0]),
        median([sent for _, _, sent in later] or [0]),
        *used,
    )  # fmt: skip


def _processor_seconds(job: Job) -> tuple[float, float, float]:
    """Return the processor time of the embedded Tinybird, of the app and of this process."""
    return (*cpu_seconds(Path(job.folder)), time.process_time())


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(_hold(Job(**json.load(sys.stdin))))), sys.stdout)
