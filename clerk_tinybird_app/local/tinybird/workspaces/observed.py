"""What happens in workspaces, kept for their service data sources.

Rows wait in memory for a moment and are then written together, on the writing thread, so that no
request waits for them. A killed process loses those of its last moments.
"""

import asyncio
import json
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.project import service_datasources
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.logs.redaction import redact

_SECONDS: Final = 2.0
"""How long rows wait for others."""

_MOST: Final = 5_000
"""Rows that may wait while the writing thread is busy; of more, the oldest are lost."""

_LONGEST: Final = 1_000
"""Characters of a text."""

_SENT: Final = (
    *("url", "parameters", "params", "error", "token_name", "user_agent", "job_metadata"),
)
"""What has in it whatever a caller sends."""

_log = logging.getLogger(__name__)

Row = Mapping[str, Any]


class Observed:
    """The rows of all workspaces that wait."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._rows: deque[tuple[LocalWorkspace, str, Row]] = deque(maxlen=_MOST)
        self._is_due = False
        # Those that have tables, each with the jobs that are stored, as they are.
        self._jobs: WeakKeyDictionary[LocalWorkspace, set[tuple[str, str]]] = WeakKeyDictionary()

    def add(self, workspace: LocalWorkspace, table: str, row: Row) -> None:
        """Keep a row for a service data source, its texts without tokens; on the event loop."""
        self._rows.append((workspace, table, row))
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(_SECONDS, self._store_soon)

    def add_operation(
        self,
        workspace: LocalWorkspace,
        kind: str,
        datasource: str,
        *,
        began: float,
        seconds: float,
        rows: int = 0,
        quarantined: int = 0,
        error: str = "",
        **more: Any,
    ) -> None:
        """Keep what became of a data source, by Tinybird's names.

        It ``began`` so many seconds after 1970; the ``error`` is "" when it was done.
        """
        row = {
            "timestamp": int(began),
            "event_type": kind,
            "datasource_id": workspace.resource_id("datasource", datasource),
            "datasource_name": datasource,
            "result": "error" if error else "ok",
            "elapsed_time": seconds,
            "error": error or None,
            **dict.fromkeys(("rows", "written_rows"), rows),
            **dict.fromkeys(("rows_quarantine", "written_rows_quarantine"), quarantined),
            **more,
        }
        self.add(workspace, service_datasources.DATASOURCES_OPS_LOG, row)

    def store(self, *workspaces: LocalWorkspace) -> None:
        """Write what waits, and the jobs of workspaces, and wait for it."""
        self._writer.run(partial(self._write, workspaces))

    def _store_soon(self) -> None:
        self._is_due = False
        self._writer.submit(partial(self._write, ()))

    def _write(self, workspaces: Iterable[LocalWorkspace], session: ChdbSession) -> None:
        found: dict[LocalWorkspace, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(len(self._rows)):
            workspace, table, row = self._rows.popleft()
            found[workspace][table].append(row)
        for workspace in {*found, *workspaces}:
            try:
                if workspace not in self._jobs:
                    service_datasources.create(session, workspace.database)
                    self._jobs[workspace] = set()
                found[workspace][service_datasources.JOBS_LOG] += self._new_jobs(workspace)
                for table, rows in found[workspace].items():
                    _insert(session, service_datasources.table(table, workspace.database), rows)
            except (QueryFailed, RuntimeError) as failure:
                # The workspace may have been removed, or the disk is full.
                _log.debug("What happened in a workspace is not kept: %s", failure)

    def _new_jobs(self, workspace: LocalWorkspace) -> Iterator[Row]:
        """Yield the rows of jobs that are new or have another status."""
        jobs, told = workspace.jobs.copy(), self._jobs[workspace]
        self._jobs[workspace] = {(job["id"], job["status"]) for job in jobs}
        for job in jobs:
            if (job["id"], job["status"]) not in told:
                yield {
                    **{key: job.get(key) for key in ("created_at", "updated_at", "started_at")},
                    **{key: job.get(key) or "" for key in ("pipe_id", "pipe_name")},
                    "job_id": job["id"],
                    "job_type": job["kind"],
                    "workspace_id": workspace.id,
                    "datasource_id": job.get("datasource", {}).get("id", ""),
                    "status": job["status"],
                    "error": job.get("error"),
                    "job_metadata": json.dumps(job, default=str),
                }


def _insert(session: ChdbSession, table: str, rows: Iterable[Row]) -> None:
    cleaned = ({k: _clean(v) if k in _SENT and v else v for k, v in row.items()} for row in rows)
    if lines := " ".join(map(json.dumps, cleaned)):
        session.query(f"INSERT INTO {table} FORMAT JSONEachRow {lines}")


def _clean(value: Any) -> Any:
    """Return a text, or each of several, cut when it is long and without tokens in it.

    What is no text for ClickHouse would cost the rows that are written with it.
    """
    if isinstance(value, str):
        return redact(value[:_LONGEST]).encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_clean(key): _clean(each) for key, each in value.items()}
    return value
