"""``/api/tinybird-token`` under load, beside ``/api/health`` of the same server as its limit."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.account import local_session_token
from benchmarks.load import Job, Load
from benchmarks.processes import cpu_seconds
from benchmarks.report import Section, ratio
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from tests.running_app import ROOT, RunningApp

_PATH: Final = "/api/tinybird-token"
_LIMIT_PATH: Final = "/api/health"
_CONNECTIONS: Final = (1, 4, 16)
_SECONDS: Final = 3.0
_TIMEOUT_SECONDS: Final = 60
_MICROSECONDS: Final = 1_000_000
_COLUMNS: Final = ("requests/s", "p50 ms", "p95 ms", "p99 ms", "server us", "client core")


class RefusedRequestsError(Exception):
    """The server answered something other than 200, so that its speed says nothing."""


@dataclass(frozen=True)
class _Measured:
    """A load and what it cost the server.

    Attributes:
        load: What the client saw.
        server_microseconds: Processor time of the server per request; 0 where it is unknown.
    """

    load: Load
    server_microseconds: float


def measure(app: RunningApp) -> Section:
    """Load the running ``app``.

    Raises:
        RefusedRequestsError: A request was not answered 200.
    """
    section = Section("2. GET /api/tinybird-token, --env prod, connections kept alive", _COLUMNS)
    clerk = EmbeddedClerk(app.folder / ".local", origins=(app.origin,))
    try:
        for connections in _CONNECTIONS:
            # A session token lives for a minute, so each load gets its own.
            bearer = {"Authorization": f"Bearer {local_session_token(clerk)}"}
            limit = _loaded(app, _LIMIT_PATH, {}, connections)
            token = _loaded(app, _PATH, bearer, connections)
            share = ratio(token.load.per_second, limit.load.per_second)
            _add(section, f"token, {connections} connections", token, f"{share} of the limit")
            _add(section, f"limit {_LIMIT_PATH}, {connections}", limit)
    finally:
        clerk.close()
    section.remarks += [
        "server us: the server's processor time per request, which other processes disturb least.",
        "client core: the share of one core that the client used; the two compete for cores.",
    ]
    return section


def _loaded(app: RunningApp, path: str, headers: dict[str, str], connections: int) -> _Measured:
    job = Job("127.0.0.1", app.port, path, headers, connections, _SECONDS)
    before = cpu_seconds(app.folder)
    load = _in_own_process(job)
    used = cpu_seconds(app.folder) - before
    if load.failures:
        raise RefusedRequestsError(f"{load.failures} of {load.requests} at {path}")
    return _Measured(load, used / load.all_requests * _MICROSECONDS)


def _in_own_process(job: Job) -> Load:
    # The token goes by the input: a command line is readable by everybody on the machine.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT, input=json.dumps(asdict(job)), stdout=subprocess.PIPE,
        text=True, check=True, timeout=_TIMEOUT_SECONDS,
    )  # fmt: skip
    return Load(**json.loads(done.stdout))


def _add(section: Section, label: str, measured: _Measured, note: str = "") -> None:
    load = measured.load
    cells = [f"{load.per_second:,.0f}"]
    cells += [f"{value:.2f}" for value in (load.p50_ms, load.p95_ms, load.p99_ms)]
    cost = measured.server_microseconds
    cells += [f"{cost:.0f}" if cost else "-", f"{load.client_share:.0%}"]
    section.add(label, *cells, note=note)
