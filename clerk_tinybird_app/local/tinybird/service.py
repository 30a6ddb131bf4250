"""What every route works with, put together once a process."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.tinybird.access.rate_limits import RateLimits
from clerk_tinybird_app.local.tinybird.engine.readers import Limits, ReadPool
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.queries.copying import Copies
from clerk_tinybird_app.local.tinybird.workspaces.all import Workspaces
from clerk_tinybird_app.local.tinybird.workspaces.observed import Observed
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_INGEST_THREADS: Final = 16
"""Requests whose rows may wait for one insert together."""


class Service:
    """The engine, the workspaces and the limits of one process.

    It has chDB's data folder, one process at a time, and the workspace that lasts.
    """

    def __init__(
        self,
        folder: Path,
        first: LocalWorkspace,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self.writer = Writer(folder)
        self.pool = ReadPool(folder, limits=limits)
        self.workspaces = Workspaces(first, self.writer, clock)
        self.observed = Observed(self.writer)
        self.copies = Copies(self.writer, self.workspaces, self.observed, clock)
        self.rates = RateLimits(clock)
        self.ingest_threads = ThreadPoolExecutor(_INGEST_THREADS, thread_name_prefix="ingest")

    def close(self) -> None:
        """Finish what is under way and close chDB."""
        self.ingest_threads.shutdown()
        self.pool.close()
        self.copies.close()
        self.observed.store()
        self.writer.close()
