"""Holds dashboards open, from a process of its own: ``python -m benchmarks.dashboard_load``.

Reads a `Job` as JSON from its input and prints a `Held` as JSON. Every tab does what the page does
(see ``live.jsx``): it refreshes every so many seconds, but never while a refresh is under way.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

from benchmarks.processes import TINYBIRD_MODULE, cpu_seconds_of
from benchmarks.samples import Samples
from benchmarks.socket_tab import FailedTabError, Refresh, SocketTab, Wire
from clerk_tinybird_app.routes import DASHBOARD

_ZONE: Final = "Europe/Berlin"
_VIEW: Final = ""
"""The address's query: none, the last 24 hours."""

_OPENING_AT_ONCE: Final = 8
_MOST_REFRESHES: Final = 5_000


@dataclass(frozen=True)
class Job:
    """What to hold open and for how long.

    Attributes:
        wire: The app.
        folder: The app's, by which its processes are found.
        session_tokens: One for each tab.
        every: Seconds between two refreshes of a tab.
        seconds: How long, after each tab's first refresh.
    """

    wire: Wire
    folder: str
    session_tokens: Sequence[str]
    every: float
    seconds: float

    @classmethod
    def read(cls, given: dict[str, Any]) -> Self:
        """Return the job that ``dataclasses.asdict`` made a mapping of."""
        return cls(**{**given, "wire": Wire(**given["wire"])})


@dataclass(frozen=True)
class Held:
    """What came of it; the first refresh of each tab is in ``first_bytes`` alone.

    Attributes:
        refreshes: How many came to their end.
        failures: Those that did not: a panel not filled, or no end in time.
        seconds: How long it took.
        p50_ms: From sending a refresh to its ``finished``: the median, in milliseconds.
        p95_ms: What 95 of 100 refreshes did not exceed.
        first_bytes: What the first refresh of a tab brought, the median.
        later_bytes: What a later one brought, the median.
        sent_bytes: What asking for one sent, the median.
        backend_seconds: Processor time of the app's own processes.
        tinybird_seconds: Processor time of the embedded Tinybird.
        client_seconds: Processor time of this client itself.
    """

    refreshes: int
    failures: int
    seconds: float
    p50_ms: float
    p95_ms: float
    first_bytes: float
    later_bytes: float
    sent_bytes: float
    backend_seconds: float
    tinybird_seconds: float
    client_seconds: float


@dataclass
class _Tally:
    later: list[Refresh] = field(default_factory=list)
    failures: int = 0


async def hold(job: Job) -> Held:
    """Open the tabs, refresh them, close them.

    Raises:
        FailedTabError: A tab could not be opened.
        OSError: The app refused or dropped a connection.
        TimeoutError: The app did not answer a tab that was opened.
    """
    gate = asyncio.Semaphore(_OPENING_AT_ONCE)
    tabs = await asyncio.gather(*(_opened(job, token, gate) for token in job.session_tokens))
    try:
        first = [await _refresh(tab) for tab in tabs]
        await asyncio.sleep(job.every)
        started, used_before = time.perf_counter(), _processor_seconds(job)
        tally = _Tally()
        await asyncio.gather(
            *(
                _keep_refreshing(job, tab, tally, started + place / len(tabs) * job.every)
                for place, tab in enumerate(tabs)
            )
        )
        seconds = time.perf_counter() - started
        used = [b - a for a, b in zip(used_before, _processor_seconds(job), strict=True)]
    finally:
        await asyncio.gather(*(tab.close() for tab in tabs))
    return _held(first, tally, seconds, used)


async def _opened(job: Job, session_token: str, gate: asyncio.Semaphore) -> SocketTab:
    async with gate:
        return await SocketTab.open(job.wire, DASHBOARD, session_token)


async def _refresh(tab: SocketTab) -> Refresh:
    return await tab.refresh(DASHBOARD, _VIEW, _ZONE)


async def _keep_refreshing(job: Job, tab: SocketTab, tally: _Tally, first_at: float) -> None:
    """Refresh until the job's seconds are over, the tabs' beginnings spread over one interval."""
    at, until = first_at, first_at + job.seconds
    while at < until and len(tally.later) < _MOST_REFRESHES:
        await asyncio.sleep(at - time.perf_counter())
        begun = time.perf_counter()
        try:
            tally.later.append(await _refresh(tab))
        except (FailedTabError, TimeoutError):
            tally.failures += 1
        at = max(begun + job.every, time.perf_counter())


def _processor_seconds(job: Job) -> tuple[float, float, float]:
    """Return the processor time of the embedded Tinybird, of the app and of this process."""
    return (*cpu_seconds_of(Path(job.folder), TINYBIRD_MODULE), time.process_time())


def _held(first: Sequence[Refresh], tally: _Tally, seconds: float, used: Sequence[float]) -> Held:
    tinybird, backend, client = used
    later = tally.later
    taken = Samples([refresh.milliseconds for refresh in later] or [0.0])
    return Held(
        refreshes=len(later),
        failures=tally.failures,
        seconds=seconds,
        p50_ms=taken.median,
        p95_ms=taken.p95,
        first_bytes=median(refresh.received for refresh in first),
        later_bytes=median([refresh.received for refresh in later] or [0]),
        sent_bytes=median([refresh.sent for refresh in later] or [0]),
        backend_seconds=backend,
        tinybird_seconds=tinybird,
        client_seconds=client,
    )


def main() -> None:
    """Do the job on the input."""
    json.dump(asdict(asyncio.run(hold(Job.read(json.load(sys.stdin))))), sys.stdout)


if __name__ == "__main__":
    main()
