"""The embedded Tinybird in a folder of its own, its limit, and the rows for both."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from chdb.session import Session

from benchmarks.http_load import request
from benchmarks.machine import Process, processes_in
from benchmarks.timing import MILLISECONDS, Load, side_by_side, timed
from clerk_tinybird_app.local.tinybird.engine.readers import Limits
from clerk_tinybird_app.local.tinybird.project.pipe_sql import compiled
from clerk_tinybird_app.tinybird.project import load_project
from tests.local.tinybird.process import Tinybird, reads
from tests.running_app import ROOT

TRIVIAL: Final = "bench_trivial"
"""A pipe that reads nothing, beside those of the project."""

ROLLED_UP: Final = "bench_requests"
"""A data source like `requests`, with three that materialized pipes fill from it."""
_SIZES: Final = ("Minute", "Hour", "Day")
TARGETS: Final = tuple(f"bench_by_{size}" for size in _SIZES)

_TRIVIAL_PIPE: Final = "NODE endpoint\nSQL >\n    SELECT 1 AS one\n\nTYPE ENDPOINT\n"
_TARGET: Final = """
SCHEMA >
    `start` DateTime,
    `tenant_id` String,
    `requests` AggregateFunction(count),
    `failed` AggregateFunction(countIf, UInt8),
    `duration_ms` AggregateFunction(quantiles(0.5, 0.95), Float32)

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "tenant_id, start"
"""
_ROLLUP: Final = """
NODE fill
SQL >
    SELECT toDateTime(toStartOf{size}(timestamp)) AS start, tenant_id, countState() AS requests,
    countIfState(status >= 500) AS failed, quantilesState(0.5, 0.95)(duration_ms) AS duration_ms
    FROM bench_requests GROUP BY tenant_id, start

TYPE materialized
DATASOURCE bench_by_{size}
"""
_TOKEN_SECONDS: Final = 600
_RPS: Final = 10_000_000
_WRITING: Final = "session_timezone='UTC', date_time_input_format='best_effort', max_threads=1"
# Those of the readers that the API has, so that it alone makes the difference.
_READING: Final = Limits().as_settings()


class TinybirdServer(Tinybird):
    """The embedded Tinybird on a copy of the project in ``folder``, with more for the figures.

    Attributes:
        start_ms: The milliseconds of each start until it answered.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        shutil.copytree(ROOT / "tinybird", folder / "tinybird")
        project = folder / "tinybird"
        (project / "endpoints" / f"{TRIVIAL}.pipe").write_text(_TRIVIAL_PIPE)
        source = (project / "datasources" / "requests.datasource").read_text()
        rolled_up = source.replace("requests_append", f"{ROLLED_UP}_append")
        (project / "datasources" / f"{ROLLED_UP}.datasource").write_text(rolled_up)
        for size in _SIZES:
            (project / "datasources" / f"bench_by_{size}.datasource").write_text(_TARGET)
            rollup = _ROLLUP.format(size=size)
            (project / "pipes" / f"bench_to_{size}.pipe").write_text(rollup)
        self.start_ms: list[float] = []
        super().__init__(folder / "tinybird", folder / "data", *arguments)

    def start(self) -> None:
        """Start it and note how long that took."""
        self.start_ms += timed(super().start)

    def processes(self) -> list[Process]:
        """Return its processes."""
        return [one for one in processes_in(ROOT) if f"--port {self.port} " in one.command]

    def cpu_seconds(self) -> float:
        """Return the processor time of all of them."""
        return sum(one.cpu_seconds for one in self.processes())

    def reading(self, pipe: str, tenant: str) -> str:
        """Sign a token that reads a pipe for a tenant, as the app mints them."""
        return self.token(
            reads(pipe, tenant_id=tenant),
            name=f"bench_{pipe}_{tenant}",
            exp=int(time.time()) + _TOKEN_SECONDS,
            limits={"rps": _RPS},
        )

    def question(self, pipe: str, tenant: str, **values: str) -> tuple[bytes, str]:
        """Return a tenant's whole HTTP request to a pipe, and the SQL that the pipe runs for it."""
        path = f"/v0/pipes/{pipe}.json?{urlencode(values)}"
        pipes, _ = compiled(load_project(self.project).pipes)
        sql = pipes[pipe].sql({**values, "tenant_id": tenant})
        return request("GET", path, self.reading(pipe, tenant)), sql


@dataclass(frozen=True)
class ChdbAlone:
    """chDB without anything around it, on a database in a data folder: the server's limit.

    chDB allows one process a folder, and one folder a process.
    """

    folder: Path
    database: str

    def run(self, statements: Sequence[str]) -> None:
        """Run statements one after the other."""
        with self._sessions(_WRITING, 1) as [session]:
            for statement in statements:
                session.query(statement)

    def lines(self, query: str) -> list[bytes]:
        """Return the rows that a query finds, as a client would send them: JSON objects."""
        iso = "SETTINGS date_time_output_format = 'iso'"
        with self._sessions(_WRITING, 1) as [session]:
            return bytes(session.query(f"{query} {iso}", "JSONEachRow").bytes()).splitlines()

    def timed(self, query: str, calls: int, warm_up: int) -> list[float]:
        """Return the milliseconds of each of ``calls`` calls, to the answer's bytes as JSON."""
        reader = _reader(self)
        return timed(lambda: bytes(reader.query(query, "JSON").bytes()), calls, warm_up=warm_up)

    def load(self, statements: Sequence[str], sessions: int, *, writes: bool = False) -> Load:
        """Run statements in turn, with several sessions at once."""
        with self._sessions(_WRITING if writes else _READING, sessions) as opened:
            asks = [partial(session.query, fmt="JSON") for session in opened]
            return side_by_side(asks, statements)

    @contextmanager
    def _sessions(self, settings: str, count: int) -> Iterator[list[Any]]:
        opened = [self.session(settings) for _ in range(count)]
        yield opened
        for session in opened:
            session.close()

    def session(self, settings: str) -> Any:
        """Return a session of chDB on the database."""
        session: Any = Session(str(self.folder))  # type: ignore[no-untyped-call]  # chDB
        # First, because a read-only session may change nothing.
        session.query(f"USE {self.database}")
        session.query(f"SET {settings}")
        return session


@cache
def _reader(data: ChdbAlone) -> Any:
    return data.session(_READING)


def made_rows(tenant: str, count: int, end: datetime, period: timedelta) -> str:
    """Return the query for a tenant's rows of `requests`, spread over a period up to ``end``."""
    step = period // count // timedelta(milliseconds=1)
    last = int(end.timestamp()) * MILLISECONDS
    return f"""
SELECT
    fromUnixTimestamp64Milli(toInt64({last} - (number + 1) * {step})) AS timestamp,
    '{tenant}' AS tenant_id,
    concat('user_', toString(number % 40)) AS user_id,
    concat('req_', hex(sipHash64(number))) AS request_id,
    ['GET', 'POST', 'PATCH'][1 + number % 3] AS method,
    ['/v1/orders', '/v1/orders/:id', '/v1/products', '/v1/customers/:id']
        [1 + sipHash64(1, number) % 4] AS route,
    [200, 200, 200, 200, 200, 200, 201, 404, 422, 500][1 + sipHash64(2, number) % 10] AS status,
    20 + sipHash64(3, number) % 100000 / 500 AS duration_ms,
    ['eu-west-1', 'us-east-1'][1 + sipHash64(4, number) % 2] AS region
FROM numbers({count})"""  # noqa: S608 - nothing in it is from outside
