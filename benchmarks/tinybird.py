"""The embedded Tinybird: its queries, its load, its intake, its memory and its starts."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, product
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.http_load import KeptConnection, LoadSection, loaded, request
from benchmarks.machine import MEMORY, add_memory
from benchmarks.report import Section, goal, ratio
from benchmarks.timing import Load, OwnProcess, WrongAnswerError, timed
from benchmarks.tinybird_server import (
    ROLLED_UP,
    TARGETS,
    TRIVIAL,
    ChdbAlone,
    TinybirdServer,
    made_rows,
)

_PIPE: Final = "usage_summary"
_EVENTS: Final = "/v0/events"

_LARGE: Final = "bench_large"
_SMALL: Final = "bench_small"
"""The tenant of the light pipe."""
_ARRIVING: Final = "bench_arriving"
"""The tenant whose rows are taken in."""
_ROWS: Final = {_LARGE: 1_000_000, _SMALL: 2_000}
_PERIOD: Final = timedelta(days=20)

_ROUNDS: Final = 10
_WARM_UP_CALLS: Final = 2
_GOAL_RATIO: Final = 1.2
_GOAL_MILLISECONDS: Final = 0.5

_QUERY_CONNECTIONS: Final = (1, 4, 16)
_ROWS_CONNECTIONS: Final = (1, 4)
_BATCHES: Final = 20
_BATCH_ROWS: Final = 1_000
_GOAL_ROWS: Final = 200_000
_STARTS: Final = 3
_REST_SECONDS: Final = 1.0
"""For merges to end, which would take processors from what is measured next."""


def measure() -> Iterator[Section]:
    """Yield one section after the other, each as soon as it is measured."""
    with tempfile.TemporaryDirectory() as name:
        folder, end = Path(name), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        with TinybirdServer(folder / "server") as server:
            data = ChdbAlone(server.data / "chdb", server.sql("SELECT currentDatabase()"))
            server.stop()
            rows = (made_rows(*each, end, _PERIOD) for each in _ROWS.items())
            with OwnProcess() as chdb:
                statements = [f"INSERT INTO requests {query}" for query in rows]
                chdb.do(data.run, [*statements, "OPTIMIZE TABLE requests FINAL"])
            # chDB links its databases by relative paths.
            shutil.copytree(data.folder, folder / "chdb", symlinks=True)
            server.start()
            memory = Section("   Memory of the embedded Tinybird, MB", MEMORY)
            _add_memory(memory, server, "idle, just started")
            with OwnProcess() as chdb:
                measured = _Measured(server, chdb, ChdbAlone(folder / "chdb", data.database), end)
                yield measured.queries()
                yield measured.load()
                _add_memory(memory, server, "after the queries")
                yield measured.rows_in(
                    "requests", f"12. Taking rows in through {_EVENTS}, batches of {_BATCH_ROWS:,}"
                )
                yield measured.rows_in(ROLLED_UP, "    The same with three materialized targets")
            _add_memory(memory, server, "after taking rows in")
            yield memory
            server.stop()
            yield _starts(server, folder / "seeded")


@dataclass
class _Compared:
    """One pipe: its whole HTTP request, and the SQL it renders to, straight on chDB.

    Each of the ``rounds`` has the milliseconds of some calls over HTTP, and of as many straight.
    """

    label: str
    request: bytes
    sql: str
    calls: int
    has_ratio_goal: bool = False
    rounds: list[tuple[list[float], list[float]]] = field(default_factory=list)

    def add_to(self, section: Section) -> None:
        """Add both ways. What HTTP adds is told by round: the machine's speed drifts between."""
        ours, limit = ([*chain(*way)] for way in zip(*self.rounds, strict=True))
        times = median(ours) / median(limit)
        on_top = median([median(http) - median(direct) for http, direct in self.rounds])
        note = (
            goal(times, _GOAL_RATIO, "times")
            if self.has_ratio_goal
            else goal(on_top, _GOAL_MILLISECONDS, "ms on top")
        )
        share = f"{times:.2f}x of the limit, {note}"
        section.add_samples(f"{self.label}, over HTTP", ours, on_top, note=share)
        section.add_samples("limit: its SQL on chDB", limit)


@dataclass(frozen=True)
class _Measured:
    """The server, and its limit on the same rows, which were made until ``end``."""

    server: TinybirdServer
    chdb: OwnProcess
    data: ChdbAlone
    end: datetime

    def queries(self) -> Section:
        """Compare pipes over HTTP with their SQL straight on chDB."""
        description = request("GET", f"/v0/pipes/{TRIVIAL}", self.server.reading(TRIVIAL, _SMALL))
        compared = [_Compared("SELECT 1", *self.server.question(TRIVIAL, _SMALL), calls=100)]
        for tenant, calls in ((_SMALL, 30), (_LARGE, 4)):
            label = f"{_PIPE}, {_ROWS[tenant]:,} rows"
            compared.append(_Compared(label, *self._summary(tenant), calls, tenant == _LARGE))
        with closing(KeptConnection(self.server.port)) as connection:

            def over_http(whole: bytes, calls: int) -> list[float]:
                return timed(partial(connection.ask, whole), calls, warm_up=_WARM_UP_CALLS)

            for number, each in product(range(_ROUNDS), compared):
                # First the one way, then the other.
                http = over_http(each.request, each.calls) if number % 2 else None
                direct = self.chdb.do(self.data.timed, each.sql, each.calls, _WARM_UP_CALLS)
                each.rounds.append((http or over_http(each.request, each.calls), direct))
            http_alone = over_http(description, _ROUNDS * compared[0].calls)
        section = Section(
            f"10. A pipe of the embedded Tinybird, one connection, {_ROUNDS} rounds, milliseconds",
            dict.fromkeys(("median", "p95", "on top"), ".2f"),
        )
        for each in compared:
            each.add_to(section)
        section.add_samples("no query: a pipe's description", http_alone)
        section.remarks += [
            "The limit runs in another process, on a copy of the rows, with the API's own "
            "settings; its times end with the answer's bytes.",
            "on top: pipe less limit in each round, the median of the rounds.",
        ]
        return section

    def load(self) -> Section:
        """Load the server by a light pipe, and chDB alone with as many sessions."""
        section = LoadSection(f"11. {_PIPE} over {_ROWS[_SMALL]:,} rows, connections kept alive")
        asked, sql = self._summary(_SMALL)
        for connections in _QUERY_CONNECTIONS:
            ours = self._loaded([asked], connections)
            limit = self.chdb.do(self.data.load, [sql], connections)
            share = f"{ratio(ours.per_second, limit.per_second)} of the limit"
            section.add_load(f"pipe, {connections} connections", ours, note=share)
            section.add_load(f"limit: chDB alone, {connections} sessions", limit)
        section.remarks.append(
            "server ms: the server's processor time per request, all threads together."
        )
        return section

    def rows_in(self, name: str, title: str) -> Section:
        """Send batches, and insert the same ones straight into chDB's copy of the table.

        The copy has the same materialized views over the table.

        Raises:
            WrongAnswerError: An acknowledged row is not there.
        """
        section = LoadSection(title, "rows/s")
        token = self.server.get(f"/v0/tokens/{name}_append").json()["token"]
        batches, acknowledged = self._batches(), 0
        requests = [request("POST", f"{_EVENTS}?name={name}", token, one) for one in batches]
        files = [self.data.folder.with_name(f"batch-{number}") for number in range(_BATCHES)]
        for file, batch in zip(files, batches, strict=True):
            file.write_bytes(batch)
        inserts = {
            "INSERT's text": [f"FORMAT JSONEachRow\n{one.decode()}" for one in batches],
            "from a file": [f"FROM INFILE '{file}' FORMAT JSONEachRow" for file in files],
        }
        # The same batches again and again are to be stored, though nobody gives them tokens.
        forget = "MODIFY SETTING non_replicated_deduplication_window = 0"
        self.chdb.do(self.data.run, [f"ALTER TABLE {each} {forget}" for each in (name, *TARGETS)])
        for connections in _ROWS_CONNECTIONS:
            time.sleep(_REST_SECONDS)
            ours = self._loaded(requests, connections)
            acknowledged += ours.calls * _BATCH_ROWS
            limits = {}
            for label, ends in inserts.items():
                time.sleep(_REST_SECONDS)
                statements = [f"INSERT INTO {name} {end}" for end in ends]
                limits[f"limit: {label}, {connections} sessions"] = self.chdb.do(
                    self.data.load, statements, connections, writes=True
                )
            best = max(one.per_second for one in limits.values())
            reached = "met" if ours.per_second * _BATCH_ROWS >= _GOAL_ROWS else "MISSED"
            if max(ours.per_second, best) * _BATCH_ROWS < _GOAL_ROWS:
                reached += ", by the limit too"
            aim = f"goal >= {_GOAL_ROWS:,} rows/s: {reached}"
            if name == ROLLED_UP:
                aim = f"its time {goal(best / ours.per_second, _GOAL_RATIO, 'times')}"
            note = f"{ratio(ours.per_second, best)} of the better limit, {aim}"
            section.add_load(
                f"events, {connections} connections", ours, rows=_BATCH_ROWS, note=note
            )
            for label, limit in limits.items():
                section.add_load(label, limit, rows=_BATCH_ROWS)
        sql = f"SELECT count() FROM {name} WHERE tenant_id = '{_ARRIVING}'"  # noqa: S608
        stored = int(self.server.sql(sql))
        if stored != acknowledged:
            raise WrongAnswerError(f"{acknowledged} rows were acknowledged, {stored} are stored")
        section.remarks += [
            f"All of the {acknowledged:,} acknowledged rows were there afterwards.",
            "server ms: the server's processor time per batch, merges included.",
        ]
        return section

    def _batches(self) -> list[bytes]:
        """Return batches of rows of the last minute, one JSON object a line."""
        query = made_rows(
            _ARRIVING, _BATCHES * _BATCH_ROWS, datetime.now(UTC), timedelta(minutes=1)
        )
        lines = self.chdb.do(self.data.lines, query)
        starts = range(0, len(lines), _BATCH_ROWS)
        return [b"\n".join(lines[start : start + _BATCH_ROWS]) for start in starts]

    def _loaded(self, requests: list[bytes], connections: int) -> Load:
        return loaded(self.server.port, requests, connections, self.server.cpu_seconds)

    def _summary(self, tenant: str) -> tuple[bytes, str]:
        """Return the request for a summary of all rows, and its SQL."""
        # The pipe also reads the period of the same length before.
        moments = {"start": self.end - _PERIOD / 2, "end": self.end}
        period = {name: f"{at:%Y-%m-%d %H:%M:%S}" for name, at in moments.items()}
        return self.server.question(_PIPE, tenant, **period)


def _add_memory(section: Section, server: TinybirdServer, moment: str) -> None:
    """Add the memory of the server's process to ``section``, after a short rest."""
    time.sleep(_REST_SECONDS)
    add_memory(section, moment, server.processes())


def _starts(server: TinybirdServer, folder: Path) -> Section:
    """Start the stopped ``server`` again and again, and another one with the seed."""
    empty, again = server.start_ms[0], len(server.start_ms)
    for _ in range(_STARTS):
        server.start()
        server.stop()
    with TinybirdServer(folder, "--product", "clerk_tinybird_app.product") as seeded:
        [first], rows = seeded.start_ms, int(seeded.sql("SELECT count() FROM requests"))
    section = Section("13. Starting the embedded Tinybird until it answers", {"median ms": ".0f"})
    section.add(f"again, with its rows ({_STARTS} starts)", median(server.start_ms[again:]))
    section.add("first start, without rows", empty)
    section.add(f"first start, which makes two months of traffic ({rows:,} rows)", first)
    return section
