"""Open dashboards: what a refresh costs the server, and how many one backend process serves."""

import multiprocessing
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from simple_websocket import Client, ConnectionClosed

from benchmarks.machine import cpu_seconds
from benchmarks.report import Section, percentile, ratio
from benchmarks.timing import MILLISECONDS, OwnProcess, WrongAnswerError, timed
from clerk_tinybird_app.dashboard.questions import pace
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.local.clerk.instance import MEMBER
from clerk_tinybird_app.local.clerk.seed import ORGANIZATIONS
from clerk_tinybird_app.local.clerk.store import accounts
from clerk_tinybird_app.local.clerk.store.database import Database
from clerk_tinybird_app.product import dashboard as product
from clerk_tinybird_app.routes import DASHBOARD
from tests.reflex_internals.frames import HYDRATE, NAMESPACE, REFRESH, SYNC, connect, event, fields
from tests.running_app import RunningApp

_EVERY_SECONDS: Final = 2.0
"""What the page has by default with the embedded Tinybird."""
_QUERIES: Final = pace(product.DASHBOARD.panels, 2, 10).queries
_ALONE_EVERY_SECONDS: Final = 1.05
"""Longer than a tick, within which an answer is kept, so that each refresh asks."""
_ALONE_SECONDS: Final = 9.0
_REST_SECONDS: Final = 3.0
_COUNTS: Final = (1, 10, 20, 30, 40, 60, 80, 120, 160)
_STEP_SECONDS: Final = 6.0
_MOST_P95_MS: Final = 500.0
_BYTES_PER_KB: Final = 1_000

_PING: Final = "2"
_PONG: Final = "3"
_RECEIVE_BYTES: Final = 262_144
_ANSWER_SECONDS: Final = 15.0
_FAILED_PANEL: Final = re.compile(r'"code":\s*"tinybird_')
_OPENING_AT_ONCE: Final = 8
_PLACE: Final = {"router_data": {"pathname": DASHBOARD, "asPath": DASHBOARD}}


class _FailedTabError(RuntimeError):
    """A panel could not be filled, or the server took too long."""


@dataclass(frozen=True)
class _Refresh:
    """One refresh: until ``finished`` came, the bytes that came for it and that asked for it."""

    milliseconds: float
    received: int
    sent: int


@dataclass(frozen=True)
class _Held:
    """What came of it: each tab's first refresh, later ones, and processor time used for those."""

    first: list[_Refresh]
    later: list[_Refresh]
    failures: int
    seconds: float
    tinybird_seconds: float
    backend_seconds: float
    client_seconds: float


def measure(app: RunningApp) -> Iterator[Section]:
    """Refresh one dashboard of the running app again and again, then more and more at a time.

    Raises:
        WrongAnswerError: A lone dashboard could not be refreshed.
    """
    people = _people(app)
    before = cpu_seconds(app.folder)
    time.sleep(_REST_SECONDS)
    # What goes on all the time, such as the seeded tenants' traffic, is no refresh's cost.
    tinybird_idle, backend_idle = (
        (after - start) / _REST_SECONDS
        for start, after in zip(before, cpu_seconds(app.folder), strict=True)
    )
    held = _held(app, people[:1], _ALONE_EVERY_SECONDS, _ALONE_SECONDS)
    if held.failures or not held.later:
        raise WrongAnswerError(f"{held.failures} refreshes failed, {len(held.later)} did not")

    def cost(used: float, idle: float) -> float:
        return (used - idle * held.seconds) / len(held.later) * MILLISECONDS

    backend = cost(held.backend_seconds, backend_idle)
    section = Section(
        f"7. One refresh of a dashboard, {_QUERIES} queries, one at a time: {len(held.later)}",
        {"median": ".1f", "p95": ".1f"},
    )
    section.add_samples("refresh sent to finished, ms", [one.milliseconds for one in held.later])
    section.add("backend's processor time, ms", backend)
    tinybird = cost(held.tinybird_seconds, tinybird_idle)
    section.add("embedded Tinybird's processor time, ms", tinybird)
    for label, sizes in (
        ("the first one", [one.received for one in held.first]),
        ("later ones", [one.received for one in held.later]),
        ("to ask for one", [one.sent for one in held.later]),
    ):
        section.add(f"websocket, {label}, KB", median(sizes) / _BYTES_PER_KB)
    section.remarks.append(
        "Processor time is the mean, less what the server uses with no dashboard open."
    )
    yield section
    yield _served(app, people, limit=_EVERY_SECONDS * MILLISECONDS / max(backend, 0.1))


def _served(app: RunningApp, people: list[tuple[str, str]], limit: float) -> Section:
    section = Section(
        f"8. Dashboards of one backend process, a refresh every {_EVERY_SECONDS:g} s each",
        {
            "refreshes/s": ".1f", "p50 ms": ".0f", "p95 ms": ".0f", "failed": "d",
            "backend": ".0%", "Tinybird": ".0%", "client": ".0%",
        },
    )  # fmt: skip
    served = 0
    for count in _COUNTS:
        try:
            held = _held(app, people[:count], _EVERY_SECONDS, _STEP_SECONDS)
        except (RuntimeError, OSError, multiprocessing.TimeoutError):
            section.add(f"{count} open", note="could not even be opened in time")
            break
        taken = [one.milliseconds for one in held.later] or [0.0]
        p95 = percentile(taken, 95)
        cores = (held.backend_seconds, held.tinybird_seconds, held.client_seconds)
        section.add(
            f"{count} open",
            len(held.later) / held.seconds, median(taken), p95, held.failures,
            *(used / held.seconds for used in cores),
        )  # fmt: skip
        if held.failures or p95 > _MOST_P95_MS:
            break
        served = count
    section.remarks += [
        f"Served with p95 within {_MOST_P95_MS:.0f} ms: {served}, {ratio(served, limit)} of the "
        f"limit: {limit:.0f}, by the backend's processor time for a refresh on a core of its own.",
        "Each is another person's. backend, Tinybird, client: how much of one core each used; "
        "they compete for this machine's.",
    ]
    return section


def _held(app: RunningApp, people: list[tuple[str, str]], every: float, seconds: float) -> _Held:
    with (
        closing(EmbeddedClerk(app.folder / ".local", origins=(app.origin,))) as clerk,
        OwnProcess() as client,
    ):
        tokens = [clerk.issue(email, organization) for email, organization in people]
        return client.do(_hold, app.port, app.folder, tokens, every, seconds)


def _people(app: RunningApp) -> list[tuple[str, str]]:
    """Make members of the seeded organizations; return their addresses and organizations.

    A Tinybird token's rate is counted per user, so each dashboard has a user of its own.
    """
    now, people = int(time.time() * MILLISECONDS), list[tuple[str, str]]()
    with (
        # The app has made the database long ago: there is nothing to seed.
        closing(Database(app.folder / ".local" / "clerk.sqlite3", lambda _: None)) as database,
        database.transaction(write=True) as db,
    ):
        for number, organization in zip(range(max(_COUNTS)), cycle(ORGANIZATIONS), strict=False):
            # No password has this hash: they sign in through ``issue`` alone.
            user = accounts.add_user(
                db, email=f"dashboard-{number}@bench.test", password_hash="",
                first_name=None, last_name=None, now=now,
            )  # fmt: skip
            accounts.add_membership(db, organization.id, user.id, MEMBER.key, now)
            people.append((user.email, organization.slug))
    return people


def _hold(port: int, folder: Path, tokens: Sequence[str], every: float, seconds: float) -> _Held:
    """Hold a dashboard open for each session token, for some seconds after its first refresh.

    As the page does (see ``live.jsx``), each refreshes every so many seconds, but never while a
    refresh is under way.
    By its ``folder`` an app's processes are found.

    Raises:
        _FailedTabError: A tab could not be opened.
        ConnectionClosed: The server left.
    """

    def used() -> tuple[float, ...]:
        return *cpu_seconds(folder), time.process_time()

    with ThreadPoolExecutor(_OPENING_AT_ONCE) as threads:
        tabs = [*threads.map(partial(_Tab, port), tokens)]
    first = [tab.refresh() for tab in tabs]
    time.sleep(every)
    started, before = time.perf_counter(), used()
    # The tabs' beginnings are spread over one interval.
    begins = [started + place * every / len(tabs) for place in range(len(tabs))]
    with ThreadPoolExecutor(len(tabs)) as threads:
        each_tabs = threads.map(
            partial(_Tab.keep_refreshing, every=every, seconds=seconds), tabs, begins
        )
        refreshes = [one for each in each_tabs for one in each]
    passed = time.perf_counter() - started
    later = [one for one in refreshes if one]
    cores = (after - start for start, after in zip(before, used(), strict=True))
    return _Held(first, later, len(refreshes) - len(later), passed, *cores)


class _Tab:
    """One signed-in tab on the dashboard, with a client token of its own.

    It is Reflex's websocket with nothing drawn: Socket.IO 5 over Engine.IO 4 in text frames, a
    digit for each layer's kind of packet: https://socket.io/docs/v4/socket-io-protocol/
    """

    def __init__(self, port: int, session_token: str) -> None:
        """Connect, hydrate and prove a session, as a page does when it is opened."""
        query = f"token={uuid.uuid4()}&EIO=4&transport=websocket"
        url = f"ws://127.0.0.1:{port}{NAMESPACE}/?{query}"
        headers = {"Origin": f"http://localhost:{port}"}
        self._socket = Client.connect(url, headers=headers, receive_bytes=_RECEIVE_BYTES)
        self._number = self._received = 0
        self._ask(connect({"event": fields(HYDRATE, **_PLACE)}), '"is_hydrated')
        self._ask(event(SYNC, {"token": session_token}, **_PLACE), '"accepted_rx_state_":"sess_')

    def keep_refreshing(self, at: float, *, every: float, seconds: float) -> list[_Refresh | None]:
        """_Refresh again and again from a moment on; return each refresh, None for a failed one."""
        until, refreshes = at + seconds, list[_Refresh | None]()
        while at < until:
            time.sleep(max(at - time.perf_counter(), 0))
            begun = time.perf_counter()
            try:
                refreshes.append(self.refresh())
            except (_FailedTabError, ConnectionClosed):
                refreshes.append(None)
            at = max(begun + every, time.perf_counter())
        return refreshes

    def refresh(self) -> _Refresh:
        """Ask for every panel anew; return when all are answered."""
        self._number, self._received = self._number + 1, 0
        view = {"number": self._number, "path": DASHBOARD, "search": "", "zone": "Europe/Berlin"}
        frame = event(REFRESH, view, **_PLACE)
        [taken] = timed(lambda: self._ask(frame, f'"finished_rx_state_":{self._number}'))
        return _Refresh(taken, self._received, len(frame))

    def _ask(self, frame: str, sign: str) -> None:
        """Send a frame, then read others until one holds ``sign``."""
        self._socket.send(frame)
        until, answer = time.monotonic() + _ANSWER_SECONDS, ""
        while sign not in answer:
            answer = self._socket.receive(timeout=max(until - time.monotonic(), 0)) or ""
            self._received += len(answer.encode())
            if answer == _PING:
                self._socket.send(_PONG)
            if not answer or _FAILED_PANEL.search(answer):
                raise _FailedTabError
