"""``/api/tinybird-token`` under load, beside ``/api/health`` of the same server as its limit."""

from contextlib import closing
from typing import Final

from benchmarks.http_load import LoadSection, loaded, request
from benchmarks.machine import cpu_seconds
from benchmarks.report import Section, ratio
from benchmarks.timing import Load
from benchmarks.verify_and_mint import ACCOUNT
from clerk_tinybird_app import routes
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from tests.running_app import RunningApp

_CONNECTIONS: Final = (1, 4, 16)


def measure(app: RunningApp) -> Section:
    """Load the running ``app``.

    Raises:
        WrongAnswerError: A request was refused.
    """
    title = "2. GET /api/tinybird-token, --env prod, connections kept alive"
    section = LoadSection(title, unit="us")
    with closing(EmbeddedClerk(app.folder / ".local", origins=(app.origin,))) as clerk:
        for connections in _CONNECTIONS:
            limit = _loaded(app, routes.API_HEALTH, "", connections)
            # A session token lives for a minute, so each load gets its own.
            ours = _loaded(app, routes.API_TOKEN, clerk.issue(*ACCOUNT), connections)
            share = f"{ratio(ours.per_second, limit.per_second)} of the limit"
            section.add_load(f"token, {connections} connections", ours, note=share)
            section.add_load(f"limit {routes.API_HEALTH}, {connections}", limit)
    section.remarks += [
        "server us: the server's processor time per request, which other processes disturb least.",
        "client core: the share of one core that the client used; the two compete for cores.",
    ]
    return section


def _loaded(app: RunningApp, path: str, token: str, connections: int) -> Load:
    requests = [request("GET", path, token)]
    return loaded(app.port, requests, connections, lambda: sum(cpu_seconds(app.folder)))
