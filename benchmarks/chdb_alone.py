"""chDB without anything around it, in a process of its own: the limit for what is built upon it.

``python -m benchmarks.chdb_alone FOLDER`` reads one JSON object a line from its input, does what
the object says on the data in the folder, and answers each with a line of JSON. Ends with its
input. Only that process imports chDB: forking after that import hangs.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final, Self

from benchmarks.report import MILLISECONDS, Samples
from benchmarks.tinybird_rows import BATCH_ROWS, batch
from clerk_tinybird_app.local.tinybird.engine.readers import Limits
from tests.running_app import ROOT

_BATCHES: Final = 20
_WARM_UP_CALLS: Final = 3
_JOB_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_WRITING: Final = "session_timezone='UTC', date_time_input_format='best_effort', max_threads=1"
# Those of the readers that the API has, so that it alone makes the difference.
_READING: Final = Limits().as_settings()


class ChdbProcess:
    """A context in which chDB works on a data folder that no other process has open."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chdb_alone", str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        watchdog = threading.Timer(_STOP_SECONDS, self._process.kill)
        watchdog.start()
        self._process.communicate()
        watchdog.cancel()

    def do(self, job: str, **arguments: Any) -> dict[str, Any]:
        """Have a job of `_Direct` done and return what it answers.

        Raises:
            RuntimeError: The process ended, or the job took longer than a minute.
        """
        assert self._process.stdin  # noqa: S101 - both are pipes, see above
        assert self._process.stdout  # noqa: S101
        watchdog = threading.Timer(_JOB_SECONDS, self._process.kill)
        watchdog.start()
        self._process.stdin.write(json.dumps({"do": job, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        watchdog.cancel()
        if not answer:
            raise RuntimeError(f"chDB's process ended while it did '{job}'")
        found: dict[str, Any] = json.loads(answer)
        return found


class _Direct:
    """The jobs, by the name that ``do`` gives them."""

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
        self._reader = self._reader or self._session(_READING)
        taken = []
        for _ in range(calls):
            started = time.perf_counter()
            bytes(self._reader.query(sql, "JSON").bytes())
            taken.append((time.perf_counter() - started) * MILLISECONDS)
        return {"milliseconds": taken}

    def load(self, *, sql: str, sessions: int, seconds: float) -> dict[str, Any]:
        """Query with several sessions at once; return calls per second and their milliseconds."""
        opened = [self._session(_READING) for _ in range(sessions)]
        return _together([partial(one.query, sql, "JSON") for one in opened], seconds, opened)

    def insert(self, *, sessions: int, seconds: float, from_file: bool) -> dict[str, Any]:
        """Insert batches with several sessions at once; the same of batches."""
        bodies = [batch(number, datetime.now(UTC)).decode() for number in range(_BATCHES)]
        opened = [self._session(_WRITING) for _ in range(sessions)]
        with tempfile.TemporaryDirectory() as folder:
            calls = [
                _inserting(one, bodies, Path(folder) / str(number) if from_file else None)
                for number, one in enumerate(opened)
            ]
            return _together(calls, seconds, opened)

    def _session(self, settings: str) -> Any:
        from chdb.session import Session  # noqa: PLC0415 - see above

        session: Any = Session(str(self._folder))  # type: ignore[no-untyped-call]  # chDB
        # First, because a read-only session may change nothing.
        session.query(f"USE {self._database}")
        session.query(f"SET {settings}")
        return session


def _inserting(session: Any, bodies: Sequence[str], file: Path | None) -> Callable[[], object]:
    """Return what inserts the next batch, in the query's text or through ``file``."""
    following = cycle(bodies)

    def insert() -> None:
        if file is None:
            session.query(f"INSERT INTO requests FORMAT JSONEachRow\n{next(following)}")
        else:
            file.write_text(next(following))
            session.query(f"INSERT INTO requests FROM INFILE '{file}' FORMAT JSONEachRow")

    return insert


def _together(
    calls: Sequence[Callable[[], object]], seconds: float, sessions: Sequence[Any]
) -> dict[str, Any]:
    """Make each call again and again on a thread of its own, then close the sessions."""
    taken: list[float] = []
    for call in calls:
        for _ in range(_WARM_UP_CALLS):
            call()
    started = time.perf_counter()

    def repeat(call: Callable[[], object]) -> None:
        before = time.perf_counter()
        while before < started + seconds:
            call()
            after = time.perf_counter()
            taken.append((after - before) * MILLISECONDS)
            before = after

    threads = [threading.Thread(target=repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed, samples = time.perf_counter() - started, Samples(taken)
    for session in sessions:
        session.close()
    return {
        "per_second": len(taken) / passed,
        "rows_per_second": len(taken) / passed * BATCH_ROWS,
        "p50_ms": samples.median,
        "p95_ms": samples.p95,
    }


if __name__ == "__main__":
    direct = _Direct(Path(sys.argv[1]))
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(getattr(direct, job.pop("do"))(**job)), flush=True)
