"""Read-only connections shared by all requests, with limits on time, memory and rows."""

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from clerk_tinybird_app.local.tinybird.chdb_session import ChdbSession

_Answer = TypeVar("_Answer")

_READ_ONLY: Final = 1
"""1 blocks writes, settings, file(), url() and remote(); 2 does not block the last three."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one query may use.

    Attributes:
        seconds: Time.
        bytes: Memory.
        rows: Rows in the answer.
        threads: Threads.
    """

    seconds: float = 10
    bytes: int = 2_000_000_000
    rows: int = 1_000_000
    threads: int = 2

    def as_settings(self) -> str:
        """Return the text of a ``SET`` for a connection."""
        return (
            f"session_timezone='UTC', max_execution_time={self.seconds}, "
            f"max_memory_usage={self.bytes}, "
            f"max_result_rows={self.rows}, max_threads={self.threads}, "
            f"timeout_before_checking_execution_speed=0, query_profiler_real_time_period_ns=0, "
            f"query_profiler_cpu_time_period_ns=0, readonly={_READ_ONLY}"
        )


class ReadPool:
    """Connections that are opened when first needed and replaced after a failure.

    Args:
        folder: The data folder.
        size: How many queries may run at once; a slow one occupies one place of these.
        limits: What each query may use.
    """

    def __init__(self, folder: Path, *, size: int = 8, limits: Limits | None = None) -> None:
        self._folder = folder
        self._settings = (limits or Limits()).as_settings()
        # The connection used last is used next: it knows the database already.
        self._idle: queue.LifoQueue[ChdbSession | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)
        self._size = size
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="read")

    def run(self, database: str, work: Callable[[ChdbSession], _Answer]) -> _Answer:
        """Give ``work`` a connection on ``database``; blocks while all are in use.

        Raises:
            QueryFailed: From ``work``; its connection is gone.
        """
        session = self._idle.get()
        try:
            if session is None or not session.is_open:
                session = ChdbSession(self._folder, self._settings)
            session.use(database)
            return work(session)
        finally:
            self._idle.put(session if session is not None and session.is_open else None)

    def query(self, database: str, sql: str, output_format: str = "TabSeparated") -> bytes:
        """Run one query on ``database`` and return its answer.

        Raises:
            QueryFailed: ClickHouse refused it.
        """
        return self.run(database, lambda session: session.query(sql, output_format))

    def close(self) -> None:
        """Wait for running queries and close every connection."""
        self.threads.shutdown()
        for _ in range(self._size):
            session = self._idle.get()
            if session is not None:
                session.close()
