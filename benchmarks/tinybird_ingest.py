"""Rows into the embedded Tinybird, beside chDB's own INSERT of the same batches."""

import time
from dataclasses import asdict
from typing import Any, Final

from benchmarks.apart import run_apart
from benchmarks.chdb_process import ChdbProcess
from benchmarks.ingest_load import Job, Taken
from benchmarks.processes import cpu_seconds
from benchmarks.report import Section, ratio
from benchmarks.tinybird_rows import ARRIVING, BATCH_ROWS
from benchmarks.tinybird_server import TinybirdServer

_PATH: Final = "/v0/events?name=requests"
_TABLE: Final = "requests"
_CONNECTIONS: Final = (1, 4)
_SECONDS: Final = 3.0
_REST_SECONDS: Final = 1.0
"""For merges to end, which would take processors from what is measured next."""

_GOAL_ROWS: Final = 200_000
_MILLISECONDS: Final = 1_000


class LostRowsError(Exception):
    """Fewer rows are stored than were acknowledged."""


def measure(server: TinybirdServer, chdb: ChdbProcess) -> Section:
    """Send batches, and insert the same ones straight into chDB's copy of the table.

    Args:
        server: Running.
        chdb: Has the server's database in use.

    Raises:
        LostRowsError: An acknowledged row is not there.
    """
    section = Section(
        f"12. Taking rows in through {_PATH.partition('?')[0]}, batches of {BATCH_ROWS:,}",
        columns=("rows/s", "p50 ms", "p95 ms", "server ms", "client core"),
    )
    token, acknowledged = server.append_token(), 0
    for connections in _CONNECTIONS:
        time.sleep(_REST_SECONDS)
        before = cpu_seconds(server.folder)
        job = Job(server.port, _PATH, token, connections, _SECONDS)
        taken = Taken(**run_apart("benchmarks.ingest_load", asdict(job)))
        used = cpu_seconds(server.folder) - before
        acknowledged += taken.rows
        text, file = (_limit(chdb, connections, from_file=way) for way in (False, True))
        _add(
            section, connections, taken, used, max(text["rows_per_second"], file["rows_per_second"])
        )
        _add_limit(section, f"limit: INSERT's text, {connections} sessions", text)
        _add_limit(section, f"limit: from a file, {connections} sessions", file)
    _require_all(server, acknowledged)
    section.remarks.append(f"All of the {acknowledged:,} acknowledged rows were there afterwards.")
    section.remarks.append("server ms: the server's processor time per batch, merges included.")
    return section


def _limit(chdb: ChdbProcess, sessions: int, *, from_file: bool) -> dict[str, Any]:
    time.sleep(_REST_SECONDS)
    return chdb.do("insert", table=_TABLE, sessions=sessions, seconds=_SECONDS, from_file=from_file)


def _add(section: Section, connections: int, taken: Taken, used: float, limit: float) -> None:
    rows = taken.rows_per_second
    reached = "met" if rows >= _GOAL_ROWS else "MISSED"
    if max(rows, limit) < _GOAL_ROWS:
        reached += ", by the limit too"
    batch_ms = used / (taken.rows / BATCH_ROWS) * _MILLISECONDS
    section.add(
        f"events, {connections} connections",
        f"{rows:,.0f}", f"{taken.p50_ms:.2f}", f"{taken.p95_ms:.2f}",
        f"{batch_ms:.2f}" if used else "-", f"{taken.client_share:.0%}",
        note=f"{ratio(rows, limit)} of the better limit, "
        f"goal >= {_GOAL_ROWS:,} rows/s: {reached}",
    )  # fmt: skip


def _add_limit(section: Section, label: str, limit: dict[str, Any]) -> None:
    cells = (f"{limit['p50_ms']:.2f}", f"{limit['p95_ms']:.2f}")
    section.add(label, f"{limit['rows_per_second']:,.0f}", *cells)


def _require_all(server: TinybirdServer, acknowledged: int) -> None:
    sql = f"SELECT count() AS rows FROM {_TABLE} WHERE tenant_id = '{ARRIVING}'"  # noqa: S608
    stored = int(server.query(sql)[0]["rows"])
    if stored != acknowledged:
        raise LostRowsError(f"{acknowledged} rows were acknowledged, {stored} are stored")
