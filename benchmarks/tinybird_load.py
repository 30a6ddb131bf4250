"""The embedded Tinybird under load by a light pipe, beside chDB alone with as many sessions."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from benchmarks.apart import run_apart
from benchmarks.chdb_process import ChdbProcess
from benchmarks.load import Job, Load
from benchmarks.processes import cpu_seconds
from benchmarks.report import Section, ratio
from benchmarks.tinybird_queries import PIPE, WrongAnswerError, path, sql
from benchmarks.tinybird_rows import ROWS, SMALL
from benchmarks.tinybird_server import TinybirdServer

_CONNECTIONS: Final = (1, 4, 16)
_SECONDS: Final = 2.5
_MILLISECONDS: Final = 1_000


def measure(server: TinybirdServer, chdb: ChdbProcess, end: datetime) -> Section:
    """Load the server and then chDB, with more and more connections.

    Args:
        server: Running.
        chdb: Has the same rows, and the server's database in use.
        end: The moment that the rows end at.

    Raises:
        WrongAnswerError: A request was not answered 200.
    """
    section = Section(
        f"11. {PIPE} over {ROWS[SMALL]:,} rows, connections kept alive",
        columns=("requests/s", "p50 ms", "p95 ms", "server ms", "client core"),
    )
    query = sql(server, SMALL, end)
    for connections in _CONNECTIONS:
        load, server_ms = _loaded(server, connections, end)
        limit = chdb.do("load", sql=query, sessions=connections, seconds=_SECONDS)
        section.add(
            f"pipe, {connections} connections",
            f"{load.per_second:,.0f}", f"{load.p50_ms:.2f}", f"{load.p95_ms:.2f}",
            f"{server_ms:.2f}" if server_ms else "-", f"{load.client_share:.0%}",
            note=f"{ratio(load.per_second, limit['per_second'])} of the limit",
        )  # fmt: skip
        section.add(
            f"limit: chDB alone, {connections} sessions",
            f"{limit['per_second']:,.0f}", f"{limit['p50_ms']:.2f}", f"{limit['p95_ms']:.2f}",
        )  # fmt: skip
    section.remarks.append(
        "server ms: the server's processor time per request, all threads together."
    )
    return section


def _loaded(server: TinybirdServer, connections: int, end: datetime) -> tuple[Load, float]:
    """Return the load, and the milliseconds of processor time that a request cost the server."""
    bearer = {"Authorization": f"Bearer {server.token(PIPE, SMALL)}"}
    job = Job("127.0.0.1", server.port, path(end), bearer, connections, _SECONDS)
    before = cpu_seconds(server.folder)
    load = Load(**run_apart("benchmarks.load", asdict(job)))
    used = cpu_seconds(server.folder) - before
    if load.failures:
        raise WrongAnswerError(f"{load.failures} of {load.all_requests} requests")
    return load, used / load.all_requests * _MILLISECONDS
