"""The one thread that writes: what waits for the same table goes in as one insert."""

import json
import logging
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from clerk_tinybird_app.local.tinybird.engine.changes import HELD_SUFFIX
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_caller
from clerk_tinybird_app.local.tinybird.engine.tables import (
    LANDING_SUFFIX,
    QUARANTINE_SUFFIX,
    VIEW_SUFFIX,
    literal,
    quoted,
)

_Result = TypeVar("_Result")

_SETTINGS: Final = (
    "session_timezone='UTC', date_time_input_format='best_effort', "
    "input_format_skip_unknown_fields=1, input_format_null_as_default=0, "
    "insert_null_as_default=0, input_format_json_read_objects_as_strings=1, "
    # A JSON path is one member's, not also that of the same name in capitals.
    "input_format_column_name_matching_mode='match_case', "
    # One block an insert, so that it is written whole or not at all; few for any number of rows.
    "input_format_parallel_parsing=0, max_insert_block_size=10000000, max_insert_threads=1, "
    "min_insert_block_size_rows=1000000, min_insert_block_size_bytes=500000000, "
    "max_threads=1, parallel_view_processing=0, max_partitions_per_insert_block=0, "
    "max_query_size=100000000, "
    "query_profiler_real_time_period_ns=0, query_profiler_cpu_time_period_ns=0"
)
_MOST_BYTES: Final = 10_000_000
_ROWS: Final = "rows.ndjson"
"""The rows of the insert under way, beside chDB's folder."""
_BEGUN: Final = "insert.json"
"""Its statement, its token and its file; empty when it is done."""

_IGNORING: Final = "materialized_views_ignore_errors=1"
_PUSHING: Final = re.compile(r"(?:: while pushing to view \S+)+\.?$")
"""How a failure ends that came from a view: the views on the way to it, its own first."""
_PIPE: Final = re.compile(rf": while pushing to view (\w+){LANDING_SUFFIX}\.`(\w+){VIEW_SUFFIX}`")
_HELD: Final = re.compile(rf": while pushing to view (\w+{HELD_SUFFIX}\.`[^`]+`)")

_log = logging.getLogger(__name__)


class _Rows(NamedTuple):
    """Rows of one caller, and what tells it that they are stored."""

    body: bytes
    done: "Future[None]"


class Writer:
    """Inserts rows and runs statements, one after the other, on a thread of its own.

    An insert is done when ClickHouse has written its part to a file, and those of all that views
    make of it: a process killed after that has lost nothing. One killed before may have written
    some of them; the next one repeats the insert with the same token, which completes it. So this
    process holds the data folder that chDB's ``folder`` is a part of.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rows = folder.with_name(_ROWS)
        rows.touch(mode=0o600)
        # Kept open and written over: a file made anew for each insert takes ten times as long.
        self._file = rows.open("r+b")
        begun = folder.with_name(_BEGUN)
        begun.touch(mode=0o600)
        self._begun = begun.open("r+b", buffering=0)
        self._failing: set[tuple[str, str]] = set()
        self._session = self.connect()
        self._finish()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")
        # By statement, the rows of the insert that waits for the thread: more may join.
        self._waiting: dict[str, list[_Rows]] = {}
        self._changing = threading.Lock()

    def insert(self, statement: str, body: bytes) -> "Future[None]":
        """Queue rows: ``INSERT INTO table`` and one JSON object a line.

        The future raises ``QueryFailed`` when these rows, taken alone, do not go in; then none did.
        So it is with any other error, such as ``OSError``, which is not the rows' fault.
        """
        rows = _Rows(body, Future())
        with self._changing:
            batch = self._waiting.get(statement, [])
            if not batch or sum(len(each.body) for each in batch) >= _MOST_BYTES:
                batch = self._waiting[statement] = []
                self._thread.submit(self._write, statement, batch)
            batch.append(rows)
        return rows.done

    def append(self, statement: str, file: str) -> None:
        """Insert the rows of a file beside chDB's folder; wait for it.

        Raises:
            QueryFailed: ClickHouse refused them.
        """
        self._thread.submit(self._begin, statement, file).result()

    def run(self, work: Callable[[ChdbSession], _Result]) -> _Result:
        """Run ``work`` on the writing connection after everything queued before; wait for it."""
        return self.submit(work).result()

    def submit(self, work: Callable[[ChdbSession], _Result]) -> "Future[_Result]":
        """Have ``work`` done after everything queued before, and do not wait for it."""
        return self._thread.submit(work, self._session)

    def connect(self) -> ChdbSession:
        """Return a connection like the writing one, the caller's own to use and to close."""
        return ChdbSession(self.folder, _SETTINGS)

    def close(self) -> None:
        """Write what is queued, then stop."""
        self._thread.shutdown()
        self._session.close()
        for file in (self._file, self._begun):
            file.close()
            Path(file.name).unlink(missing_ok=True)

    def _write(self, statement: str, batch: list[_Rows]) -> None:
        with self._changing:
            if self._waiting.get(statement) is batch:
                del self._waiting[statement]
        # A caller who went away before its turn gets nothing written and no answer; from here
        # on it can no longer go away.
        self._insert(statement, [e for e in batch if e.done.set_running_or_notify_cancel()])

    def _insert(self, statement: str, batch: list[_Rows]) -> None:
        if not batch:
            return
        try:
            self._file.seek(0)
            self._file.write(b"\n".join(rows.body for rows in batch))
            self._file.truncate()
            self._begin(statement, _ROWS)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is its callers'
            if len(batch) == 1:
                batch[0].done.set_exception(failure)
                return
            # One request's bad rows must not be another's.
            for rows in batch:
                self._insert(statement, [rows])
            return
        for rows in batch:
            rows.done.set_result(None)

    def _begin(self, statement: str, file: str) -> None:
        token = str(uuid.uuid4())
        self._begun.write(json.dumps([statement, token, file]).encode())
        self._store(statement, token, file)

    def _finish(self) -> None:
        """Repeat the insert that an earlier process began and did not end."""
        if begun := self._begun.read():
            try:
                self._store(*json.loads(begun))
            except (QueryFailed, ValueError) as failure:
                # Nobody was told that they are stored.
                _log.warning("The rows of an insert that was cut off are not stored: %s", failure)
            # Also of what is no insert: the next one would be written behind it, and not be read.
            self._done()

    def _store(self, statement: str, token: str, file: str = _ROWS) -> None:
        """Insert the rows of a file; when a materialized pipe fails on them, without its part.

        Raises:
            QueryFailed: The rows do not go into their own table.
        """
        once = f"insert_deduplication_token={literal(token)}"
        rows = self.folder.with_name(file)
        try:
            self._session.insert(statement, rows, once)
        except QueryFailed as failure:
            pushing = _pushing(failure)
            pipe, held = _PIPE.match(pushing), _HELD.match(pushing)
            if pipe is None and held is None:
                raise
            # Their own table has them by now: they are stored, whatever fails from here on. And
            # before, to ignore errors would pass over the check of the rows.
            if held:
                # It ends the copy that these rows would be missing in.
                self._session.query(f"DROP VIEW IF EXISTS {held[1]} SYNC")
            is_unsure = held is not None or failure.is_shortage
            again = self._repeated(statement, rows, once) if is_unsure else failure
            if again:
                self._repeated(statement, rows, once, _IGNORING)
                found = pipe or _PIPE.match(_pushing(again))
                if found:
                    self._tell(failure if pipe else again, *found.groups())
        finally:
            self._done()

    def _done(self) -> None:
        self._begun.seek(0)
        self._begun.truncate()

    def _repeated(self, statement: str, rows: Path, *settings: str) -> QueryFailed | None:
        """Insert what views lack of the rows of a file; return why they do not take it."""
        try:
            self._session.insert(statement, rows, *settings)
        except QueryFailed as failure:
            _log.warning("What pipes make of rows that arrived may lack some: %s", failure.name)
            return failure
        return None

    def _tell(self, failure: QueryFailed, database: str, pipe: str) -> None:
        """Say, in its quarantine, that a data source lacks what a pipe would have made of rows.

        The log has each kind of failure once, and no value of a row.
        """
        view = f"{literal(pipe + VIEW_SUFFIX)} AND database = {literal(database + LANDING_SUFFIX)}"
        find = f"SELECT target_table FROM system.tables WHERE name = {view}"
        reason = literal(f"The pipe '{pipe}' fails on rows that arrived. {for_caller(failure)}")
        try:
            quarantine = self._session.query(find).decode().strip() + QUARANTINE_SUFFIX
            self._session.query(
                f"INSERT INTO {database}.{quoted(quarantine)} (c__error, insertion_date) "
                f"SELECT [{reason}], now()"
            )
        except QueryFailed as other:
            _log.warning("The failure of the pipe '%s' cannot be kept: %s", pipe, other)
            return
        if (pipe, failure.name) not in self._failing:
            self._failing.add((pipe, failure.name))
            text = "The pipe '%s' fails on rows that arrived, and what it fills lacks them: %s."
            _log.warning(f"{text} %s says more.", pipe, failure.name, quarantine)


def _pushing(failure: QueryFailed) -> str:
    """Return the views that a failure came from, its own first; "" for none."""
    found = _PUSHING.search(failure.message)
    return found.group() if found else ""
