"""The embedded Tinybird: its queries, its load, its intake, its memory and its starts."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from benchmarks.chdb_alone import ChdbProcess
from benchmarks.connection import KeptConnection, request
from benchmarks.load import Job, loaded
from benchmarks.machine import add_memory
from benchmarks.report import MILLISECONDS, Samples, Section, WrongAnswerError, goal, ratio
from benchmarks.tinybird_rows import ARRIVING, BATCH_ROWS, DAYS, LARGE, ROWS, SMALL, filling
from benchmarks.tinybird_server import SEEDED, TRIVIAL, TinybirdServer
from clerk_tinybird_app.local.tinybird.project.pipe_sql import compiled
from clerk_tinybird_app.tinybird.project import load_project

_PIPE: Final = "usage_summary"
_EVENTS: Final = "/v0/events"

_ROUNDS: Final = 10
_WARM_UP_CALLS: Final = 2
_GOAL_RATIO: Final = 1.2
_GOAL_MILLISECONDS: Final = 0.5

_QUERY_CONNECTIONS: Final = (1, 4, 16)
_QUERY_SECONDS: Final = 2.5
_ROWS_CONNECTIONS: Final = (1, 4)
_ROWS_SECONDS: Final = 3.0
_GOAL_ROWS: Final = 200_000
_STARTS: Final = 3
_REST_SECONDS: Final = 1.0
"""For merges to end, which would take processors from what is measured next."""


def measure() -> Iterator[Section]:
    """Yield one section after the other, each as soon as it is measured."""
    with tempfile.TemporaryDirectory() as name:
        folder, end = Path(name), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        with TinybirdServer(folder / "server") as server:
            empty_seconds, kept = server.start_seconds, server.data / "chdb"
            database = server.sql("SELECT currentDatabase()")
            server.stop()
            with ChdbProcess(kept) as chdb:
                statements = [filling("requests", tenant, end) for tenant in ROWS]
                statements.append("OPTIMIZE TABLE requests FINAL")
                chdb.do("run", database=database, statements=statements)
            # chDB links its databases by relative paths.
            shutil.copytree(kept, folder / "chdb", symlinks=True)
            server.start()
            memory = Section("   Memory of the embedded Tinybird, MB", ("RSS", "PSS"))
            _add_memory(memory, server, "idle, just started")
            with ChdbProcess(folder / "chdb") as chdb:
                chdb.do("run", database=database, statements=[])
                yield _queries(server, chdb, end)
                yield _load(server, chdb, end)
                _add_memory(memory, server, "after the queries")
                yield _rows_in(server, chdb)
            _add_memory(memory, server, "after taking rows in")
            yield memory
            server.stop()
            yield _starts(server, empty_seconds, folder / "seeded")


@dataclass
class _Compared:
    """One pipe: its whole HTTP request, and the SQL it renders to, straight on chDB.

    Attributes:
        calls: In each round and way.
        over_http: Milliseconds of each call, a list for each round.
        direct: The same straight on chDB.
    """

    label: str
    request: bytes
    sql: str
    calls: int
    has_ratio_goal: bool = False
    over_http: list[list[float]] = field(default_factory=list)
    direct: list[list[float]] = field(default_factory=list)

    def ask(self, connection: KeptConnection) -> None:
        """Ask over HTTP for one round."""
        calls = _WARM_UP_CALLS + self.calls
        self.over_http.append(connection.timed(self.request, calls)[_WARM_UP_CALLS:])

    def add_to(self, section: Section) -> None:
        """Add both ways. What HTTP adds is told by round: the machine's speed drifts between."""
        ours, limit = Samples([*chain(*self.over_http)]), Samples([*chain(*self.direct)])
        rounds = zip(self.over_http, self.direct, strict=True)
        on_top = Samples([Samples(a).median - Samples(b).median for a, b in rounds]).median
        note = (
            goal(ours.median / limit.median, _GOAL_RATIO, "times")
            if self.has_ratio_goal
            else goal(on_top, _GOAL_MILLISECONDS, "ms on top")
        )
        section.add(
            f"{self.label}, over HTTP",
            *(f"{value:.2f}" for value in (ours.median, ours.p95, on_top)),
            note=f"{ratio(ours.median, limit.median)} of the limit, {note}",
        )
        section.add("limit: its SQL on chDB", f"{limit.median:.2f}", f"{limit.p95:.2f}")


def _queries(server: TinybirdServer, chdb: ChdbProcess, end: datetime) -> Section:
    """Compare pipes over HTTP with their SQL straight on chDB, which has the same rows."""
    compared = [
        _Compared(
            "SELECT 1",
            request("GET", f"/v0/pipes/{TRIVIAL}.json", server.reading(TRIVIAL, SMALL)),
            _rendered(server, TRIVIAL, {}),
            calls=100,
        ),
        *(
            _Compared(
                f"{_PIPE}, {ROWS[tenant]:,} rows",
                request("GET", _path(end), server.reading(_PIPE, tenant)),
                _summary_sql(server, tenant, end),
                calls,
                has_ratio_goal=tenant == LARGE,
            )
            for tenant, calls in ((SMALL, 30), (LARGE, 4))
        ),
    ]
    alone = request("GET", f"/v0/pipes/{TRIVIAL}", server.reading(TRIVIAL, SMALL))
    http_alone: list[float] = []
    with KeptConnection(server.port) as connection:
        for number in range(_ROUNDS):
            for each in compared:
                if number % 2:
                    each.ask(connection)
                answer = chdb.do("time", sql=each.sql, calls=_WARM_UP_CALLS + each.calls)
                each.direct.append(answer["milliseconds"][_WARM_UP_CALLS:])
                if not number % 2:
                    each.ask(connection)
            calls = _WARM_UP_CALLS + compared[0].calls
            http_alone += connection.timed(alone, calls)[_WARM_UP_CALLS:]
    section = Section(
        f"10. A pipe of the embedded Tinybird, one connection, {_ROUNDS} rounds, milliseconds",
        columns=("median", "p95", "on top"),
    )
    for each in compared:
        each.add_to(section)
    description = Samples(http_alone)
    cells = (f"{description.median:.2f}", f"{description.p95:.2f}")
    section.add("no query: a pipe's description", *cells)
    section.remarks += [
        "The limit runs in another process, on a copy of the rows, with the API's own settings; "
        "its times end with the answer's bytes.",
        "on top: pipe less limit in each round, the median of the rounds.",
    ]
    return section


def _period(end: datetime) -> dict[str, str]:
    # The pipe also reads the period of the same length before.
    start = end - timedelta(days=DAYS / 2)
    return {name: f"{at:%Y-%m-%d %H:%M:%S}" for name, at in (("start", start), ("end", end))}


def _path(end: datetime) -> str:
    """Return the address of the summary of all rows, both of its periods together."""
    return f"/v0/pipes/{_PIPE}.json?{urlencode(_period(end))}"


def _summary_sql(server: TinybirdServer, tenant: str, end: datetime) -> str:
    return _rendered(server, _PIPE, {**_period(end), "tenant_id": tenant})


def _rendered(server: TinybirdServer, pipe: str, values: dict[str, str]) -> str:
    pipes, _ = compiled(load_project(server.project).pipes)
    return pipes[pipe].sql(values)


def _load(server: TinybirdServer, chdb: ChdbProcess, end: datetime) -> Section:
    """Load the server by a light pipe, and chDB alone with as many sessions."""
    section = Section(
        f"11. {_PIPE} over {ROWS[SMALL]:,} rows, connections kept alive",
        columns=("requests/s", "p50 ms", "p95 ms", "server ms", "client core"),
    )
    query = _summary_sql(server, SMALL, end)
    for connections in _QUERY_CONNECTIONS:
        token = server.reading(_PIPE, SMALL)
        job = Job(server.port, _path(end), token, connections, _QUERY_SECONDS)
        load, cost = loaded(job, server.cpu_seconds)
        limit = chdb.do("load", sql=query, sessions=connections, seconds=_QUERY_SECONDS)
        server_ms = f"{cost * MILLISECONDS:.2f}" if cost else "-"
        section.add(
            f"pipe, {connections} connections",
            *load.cells(), server_ms, f"{load.client_share:.0%}",
            note=load.of(limit["per_second"]),
        )  # fmt: skip
        section.add(
            f"limit: chDB alone, {connections} sessions",
            f"{limit['per_second']:,.0f}", f"{limit['p50_ms']:.2f}", f"{limit['p95_ms']:.2f}",
        )  # fmt: skip
    section.remarks.append(
        "server ms: the server's processor time per request, all threads together."
    )
    return section


def _rows_in(server: TinybirdServer, chdb: ChdbProcess) -> Section:
    """Send batches, and insert the same ones straight into chDB's copy of the table.

    Raises:
        WrongAnswerError: An acknowledged row is not there.
    """
    section = Section(
        f"12. Taking rows in through {_EVENTS}, batches of {BATCH_ROWS:,}",
        columns=("rows/s", "p50 ms", "p95 ms", "server ms", "client core"),
    )
    token, acknowledged = server.get("/v0/tokens/requests_append").json()["token"], 0
    for connections in _ROWS_CONNECTIONS:
        time.sleep(_REST_SECONDS)
        job = Job(
            server.port, f"{_EVENTS}?name=requests", token, connections, _ROWS_SECONDS,
            sends_rows=True,
        )  # fmt: skip
        load, cost = loaded(job, server.cpu_seconds)
        acknowledged += load.answered * BATCH_ROWS
        limits = {}
        for label, from_file in (("INSERT's text", False), ("from a file", True)):
            time.sleep(_REST_SECONDS)
            limits[label] = chdb.do(
                "insert", sessions=connections, seconds=_ROWS_SECONDS, from_file=from_file
            )
        rows = load.per_second * BATCH_ROWS
        limit = max(one["rows_per_second"] for one in limits.values())
        reached = "met" if rows >= _GOAL_ROWS else "MISSED"
        if max(rows, limit) < _GOAL_ROWS:
            reached += ", by the limit too"
        section.add(
            f"events, {connections} connections",
            f"{rows:,.0f}", *load.cells()[1:],
            f"{cost * MILLISECONDS:.2f}" if cost else "-", f"{load.client_share:.0%}",
            note=f"{ratio(rows, limit)} of the better limit, "
            f"goal >= {_GOAL_ROWS:,} rows/s: {reached}",
        )  # fmt: skip
        for label, one in limits.items():
            section.add(
                f"limit: {label}, {connections} sessions",
                f"{one['rows_per_second']:,.0f}", f"{one['p50_ms']:.2f}", f"{one['p95_ms']:.2f}",
            )  # fmt: skip
    sql = f"SELECT count() FROM requests WHERE tenant_id = '{ARRIVING}'"  # noqa: S608
    stored = int(server.sql(sql))
    if stored != acknowledged:
        raise WrongAnswerError(f"{acknowledged} rows were acknowledged, {stored} are stored")
    section.remarks += [
        f"All of the {acknowledged:,} acknowledged rows were there afterwards.",
        "server ms: the server's processor time per batch, merges included.",
    ]
    return section


def _add_memory(section: Section, server: TinybirdServer, moment: str) -> None:
    """Add the memory of the server's process to ``section``, after a short rest."""
    time.sleep(_REST_SECONDS)
    add_memory(section, moment, server.processes())


def _starts(server: TinybirdServer, empty_seconds: float, folder: Path) -> Section:
    """Start the stopped ``server`` again and again, and another one with the seed."""
    again = []
    for _ in range(_STARTS):
        server.start()
        again.append(server.start_seconds)
        server.stop()
    with TinybirdServer(folder, *SEEDED) as seeded:
        first, rows = seeded.start_seconds, int(seeded.sql("SELECT count() FROM requests"))
    section = Section("13. Starting the embedded Tinybird until it answers", ("median ms",))
    for label, seconds in (
        (f"again, with its rows ({_STARTS} starts)", Samples(again).median),
        ("first start, without rows", empty_seconds),
        (f"first start, which makes two months of traffic ({rows:,} rows)", first),
    ):
        section.add(label, f"{seconds * MILLISECONDS:.0f}")
    return section
