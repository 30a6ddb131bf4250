"""Thousands of open tabs: what a session push takes, and what each tab keeps in memory."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.machine import process
from benchmarks.soak.people import Tokens
from benchmarks.soak.tab import LostTabError, Tab
from benchmarks.timing import MILLISECONDS
from clerk_tinybird_app.prebuilt import worker
from tests.reflex_internals.frames import SYNC
from tests.running_app import ROOT

_OPENING_AT_ONCE: Final = 16
_FIRST: Final = 100
"""Tabs that are open before memory is counted: what they fill is there for all others."""
_PEERS: Final = Path(__file__).with_name("peers")
_TAKE: Final = "reflex___state____state.blank___blank____said.take"
_TEXT: Final = "x" * 900
"""As long as a session token."""
_KB_PER_MB: Final = 1_000
_REST_SECONDS: Final = 2.0

Push = Callable[[Tab, int], Awaitable[None]]
"""Sends a tab's heartbeat, by the number of the tab, and waits for its answer."""


@dataclass
class Held:
    """What came of holding tabs open.

    Attributes:
        pushes: Milliseconds of each heartbeat once all were open.
        tab_kb: What each tab took of the worker's memory once all were open, in kB.
        later_kb: The same at the end.
        push_cpu_ms: The worker's processor time for each of them.
        client_share: How much of one core the client used meanwhile.
        lost: How many tabs were lost.
        opened_per_second: How fast they were opened.
    """

    pushes: list[float] = field(default_factory=list)
    tab_kb: float = 0.0
    later_kb: float = 0.0
    push_cpu_ms: float = 0.0
    client_share: float = 0.0
    lost: int = 0
    opened_per_second: float = 0.0


@dataclass(frozen=True)
class Plan:
    """How tabs are held open.

    Attributes:
        tabs: How many.
        every: Seconds between two heartbeats of a tab.
        seconds: How long, once all are open.
    """

    tabs: int
    every: float
    seconds: float


def hold_signed_in(folder: Path, port: int, worker: int, plan: Plan) -> Held:
    """Open tabs that are each another person's, and keep them alive as their pages would.

    Args:
        folder: The app's.
        port: The app's.
        worker: The process whose memory counts.
        plan: How many, and how long.
    """
    tokens = Tokens(folder, f"http://localhost:{port}")

    async def push(tab: Tab, number: int) -> None:
        await tab.fire(SYNC, {"token": tokens.fresh(number)}, '"accepted_rx_state_":"sess_')

    return asyncio.run(_hold(port, worker, plan, push))


def hold_blank(target: str, plan: Plan) -> Held:
    """Do the same with a peer, which is served as the app is."""

    async def push(tab: Tab, number: int) -> None:
        await tab.fire(_TAKE, {"text": f"{_TEXT}{number}{time.monotonic()}"}, "text_rx_state_")

    with _peer(target) as (port, pid):
        return asyncio.run(_hold(port, pid, plan, push))


async def _hold(port: int, worker: int, plan: Plan, push: Push) -> Held:
    held, at_once, tabs = Held(), asyncio.Semaphore(_OPENING_AT_ONCE), dict[int, Tab]()

    async def open_tab(number: int) -> None:
        async with at_once:
            tabs[number] = await Tab.opened(port)
            await push(tabs[number], number)

    async def keep_alive(number: int) -> None:
        # The tabs' beginnings are spread over one interval.
        at = begun + plan.every * number / plan.tabs
        while at < begun + plan.seconds:
            await asyncio.sleep(max(at - time.monotonic(), 0))
            sent = time.perf_counter()
            try:
                await push(tabs[number], number)
            except LostTabError:
                held.lost += 1
                return
            held.pushes.append((time.perf_counter() - sent) * MILLISECONDS)
            at += plan.every

    await asyncio.gather(*map(open_tab, range(_FIRST)))
    await asyncio.sleep(_REST_SECONDS)
    before, opening = process(worker).pss, time.monotonic()
    await asyncio.gather(*map(open_tab, range(_FIRST, plan.tabs)))
    counted = plan.tabs - _FIRST
    held.opened_per_second = counted / (time.monotonic() - opening)
    await asyncio.sleep(_REST_SECONDS)
    opened, client_cpu, begun = process(worker), time.process_time(), time.monotonic()
    held.tab_kb = (opened.pss - before) * _KB_PER_MB / counted
    await asyncio.gather(*map(keep_alive, range(plan.tabs)))
    at_end = process(worker)
    held.later_kb = (at_end.pss - before) * _KB_PER_MB / counted
    used = at_end.cpu_seconds - opened.cpu_seconds
    held.push_cpu_ms = used * MILLISECONDS / max(len(held.pushes), 1)
    held.client_share = (time.process_time() - client_cpu) / (time.monotonic() - begun)
    for tab in tabs.values():
        tab.close()
    return held


@contextmanager
def _peer(target: str) -> Iterator[tuple[int, int]]:
    """Serve a peer in a worker of its own; yield its port and its process."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("REFLEX_")}
    env |= {"__REFLEX_SKIP_COMPILE": "1", "REFLEX_ENV_MODE": "prod"}
    env |= {"REFLEX_STATE_MANAGER_MODE": "memory", "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"PYTHONPATH": str(ROOT)}
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listening:
        given = (listening.fileno(), theirs.fileno())
        command = (sys.executable, "-m", worker.__name__, target, *map(str, given))
        process = subprocess.Popen(command, cwd=_PEERS, env=env, pass_fds=given)
        try:
            ours.settimeout(60)
            if ours.recv(1) != worker.READY:
                raise RuntimeError(f"{target} did not start")
            yield listening.getsockname()[1], process.pid
        finally:
            process.terminate()
            process.wait()
