"""What every route works with, put together once a process."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.access.rate_limits import RateLimits
from clerk_tinybird_app.local.tinybird.engine.readers import Limits, ReadPool
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.workspaces.all import KnownTokens, Workspaces
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_INGEST_THREADS: Final = 16
"""Requests whose rows may wait for one insert together."""

_MOST_JOBS: Final = 100


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
        self.workspaces.remove_leftovers()
        self.tokens = KnownTokens(self.workspaces, clock)
        self.rates = RateLimits(clock)
        self.jobs = Jobs()
        self.ingest_threads = ThreadPoolExecutor(_INGEST_THREADS, thread_name_prefix="ingest")

    def close(self) -> None:
        """Finish what is under way and close chDB."""
        self.ingest_threads.shutdown()
        self.pool.close()
        self.writer.close()


class Jobs:
    """The latest imports of all workspaces, for those who ask how they went."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()

    def add(self, workspace_id: str, job: dict[str, Any]) -> None:
        """Keep a job, as the API describes it, under its ``id``."""
        self._kept[workspace_id, job["id"]] = job
        while len(self._kept) > _MOST_JOBS:
            self._kept.popitem(last=False)

    def find(self, workspace_id: str, job_id: str) -> dict[str, Any] | None:
        """Return a job; None: it is another workspace's, or long ago."""
        return self._kept.get((workspace_id, job_id))
