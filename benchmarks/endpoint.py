"""``/api/tinybird-token`` under load, beside ``/api/health`` of the same server as its limit."""

from typing import Final

from benchmarks.load import Job, loaded
from benchmarks.machine import cpu_seconds
from benchmarks.report import Section
from benchmarks.verify_and_mint import local_session_token
from clerk_tinybird_app import routes
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from tests.running_app import RunningApp

_CONNECTIONS: Final = (1, 4, 16)
_SECONDS: Final = 3.0
_MICROSECONDS: Final = 1_000_000
_COLUMNS: Final = ("requests/s", "p50 ms", "p95 ms", "p99 ms", "server us", "client core")


def measure(app: RunningApp) -> Section:
    """Load the running ``app``.

    Raises:
        WrongAnswerError: A request was not answered 200.
    """
    section = Section("2. GET /api/tinybird-token, --env prod, connections kept alive", _COLUMNS)
    clerk = EmbeddedClerk(app.folder / ".local", origins=(app.origin,))

    def used() -> float:
        return sum(cpu_seconds(app.folder))

    for connections in _CONNECTIONS:
        limit_per_second = 0.0
        rows = []
        for label, path, token in (
            (f"limit {routes.API_HEALTH}, {connections}", routes.API_HEALTH, ""),
            # A session token lives for a minute, so each load gets its own.
            (f"token, {connections} connections", routes.API_TOKEN, local_session_token(clerk)),
        ):
            load, cost = loaded(Job(app.port, path, token, connections, _SECONDS), used)
            server = f"{cost * _MICROSECONDS:.0f}" if cost else "-"
            cells = [*load.cells(p99=True), server, f"{load.client_share:.0%}"]
            rows.append((label, cells, load.of(limit_per_second) if token else ""))
            limit_per_second = load.per_second
        for label, cells, note in reversed(rows):
            section.add(label, *cells, note=note)
    clerk.close()
    section.remarks += [
        "server us: the server's processor time per request, which other processes disturb least.",
        "client core: the share of one core that the client used; the two compete for cores.",
    ]
    return section
