"""chDB without anything around it, in a process of its own: ``python -m benchmarks.chdb_direct``.

The limit for what is built upon it. Takes a data folder as its argument, reads one JSON object a
line from its input, does what the object says, and answers each with one line of JSON. Ends with
its input. Only this module of the benchmarks imports chDB: forking after that import hangs.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from chdb.session import Session

from benchmarks.samples import Samples
from benchmarks.tinybird_rows import BATCH_ROWS, batch
from clerk_tinybird_app.local.tinybird.engine.readers import Limits

_MILLISECONDS: Final = 1_000
_BATCHES: Final = 20
_WARM_UP_CALLS: Final = 3
_WRITING: Final = "session_timezone='UTC', date_time_input_format='best_effort', max_threads=1"


class Direct:
    """The jobs, by the name that ``do`` gives them.

    Args:
        folder: chDB's data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = "default"
        self._reader: Any = None

    def run(self, *, database: str, statements: Sequence[str]) -> dict[str, Any]:
        """Run statements on a database, which later jobs use too."""
        self._database = database
        session = self._session(_WRITING)
        for statement in statements:
            session.query(statement)
        session.close()
        return {}

    def time(self, *, sql: str, calls: int) -> dict[str, Any]:
        """Return the milliseconds of each of ``calls`` calls, to the answer's bytes as JSON."""
        # The settings of the readers that the API has, so that it alone makes the difference.
        self._reader = self._reader or self._session(Limits().as_settings())
        taken = []
        for _ in range(calls):
            started = time.perf_counter()
            bytes(self._reader.query(sql, "JSON").bytes())
            taken.append((time.perf_counter() - started) * _MILLISECONDS)
        return {"milliseconds": taken}

    def load(self, *, sql: str, sessions: int, seconds: float) -> dict[str, Any]:
        """Query with several sessions at once; return calls per second and their milliseconds."""
        opened = [self._session(Limits().as_settings()) for _ in range(sessions)]
        calls = [partial(session.query, sql, "JSON") for session in opened]
        return _together(calls, seconds) | _closed(opened)

    def insert(
        self, *, table: str, sessions: int, seconds: float, from_file: bool
    ) -> dict[str, Any]:
        """Insert batches with several sessions at once; return rows per second."""
        now = datetime.now(UTC)
        bodies = [batch(number, now).decode() for number in range(_BATCHES)]
        opened = [self._session(_WRITING) for _ in range(sessions)]
        with tempfile.TemporaryDirectory() as folder:
            jobs = [
                _inserting(session, table, bodies, Path(folder) / str(n) if from_file else None)
                for n, session in enumerate(opened)
            ]
            done = _together(jobs, seconds)
        return done | {"rows_per_second": done["per_second"] * BATCH_ROWS} | _closed(opened)

    def _session(self, settings: str) -> Any:
        session: Any = Session(str(self._folder))  # type: ignore[no-untyped-call]  # chDB
        # First, because a read-only session may change nothing.
        session.query(f"USE {self._database}")
        session.query(f"SET {settings}")
        return session


def _inserting(session: Any, table: str, bodies: list[str], file: Path | None) -> Callable[[], Any]:
    """Return what inserts the next batch, in the query's text or through ``file``."""
    number = 0

    def insert() -> None:
        nonlocal number
        number += 1
        body = bodies[number % len(bodies)]
        if file is None:
            session.query(f"INSERT INTO {table} FORMAT JSONEachRow\n{body}")
            return
        file.write_text(body)
        session.query(f"INSERT INTO {table} FROM INFILE '{file}' FORMAT JSONEachRow")

    return insert


def _together(calls: Sequence[Callable[[], Any]], seconds: float) -> dict[str, Any]:
    """Make each call again and again on a thread of its own."""
    taken: list[float] = []
    for call in calls:
        for _ in range(_WARM_UP_CALLS):
            call()
    started = time.perf_counter()

    def repeat(call: Callable[[], Any]) -> None:
        before = time.perf_counter()
        while before < started + seconds:
            call()
            after = time.perf_counter()
            taken.append((after - before) * _MILLISECONDS)
            before = after

    threads = [threading.Thread(target=repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    samples, passed = Samples(taken), time.perf_counter() - started
    return {"per_second": len(taken) / passed, "p50_ms": samples.median, "p95_ms": samples.p95}


def _closed(sessions: Sequence[Any]) -> dict[str, Any]:
    for session in sessions:
        session.close()
    return {}


def main() -> None:
    """Do one job a line until the input ends."""
    direct = Direct(Path(sys.argv[1]))
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(getattr(direct, job.pop("do"))(**job)), flush=True)


if __name__ == "__main__":
    main()
