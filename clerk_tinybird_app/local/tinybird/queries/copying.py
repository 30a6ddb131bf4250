"""Runs copy pipes: when somebody asks for it, and at the times of their schedules.

One of a workspace runs at a time. Its rows are read on a connection that may only read, into a
file, so that whatever fails fails before anything is written; then the writing thread has them. So
a killed process leaves nothing of a copy, or what the next start completes.
"""

import asyncio
import json
import logging
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from clerk_tinybird_app.background import in_background
from clerk_tinybird_app.local.kept_file import keep
from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine import changes
from clerk_tinybird_app.local.tinybird.engine.changes import Filling
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed, infile
from clerk_tinybird_app.local.tinybird.engine.error_text import for_caller
from clerk_tinybird_app.local.tinybird.engine.fair_queue import ClientGone
from clerk_tinybird_app.local.tinybird.engine.readers import Limits, ReadPool
from clerk_tinybird_app.local.tinybird.engine.tables import quoted
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import ApiError, bad_request, too_many
from clerk_tinybird_app.local.tinybird.project import statement
from clerk_tinybird_app.local.tinybird.project.fillings import REPLACE, RUN_AT, Copy, casts
from clerk_tinybird_app.local.tinybird.project.schema import columns_of
from clerk_tinybird_app.local.tinybird.queries.answer import Query
from clerk_tinybird_app.local.tinybird.workspaces.all import Workspaces
from clerk_tinybird_app.local.tinybird.workspaces.observed import Observed
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace, time_text
from clerk_tinybird_app.tinybird.template import TemplateError

_LIMITS: Final = Limits(seconds=600, rows=0, answer_bytes=0)
_ROWS: Final = "copy.native"
_PAUSED: Final = "paused.json"
_MOST_WAITING: Final = 20
_RETRY_SECONDS: Final = 10
_LOOK_SECONDS: Final = 1.0
_LEAST_FREE: Final = 1_000_000_000
_FULL: Final = "The disk is almost full, so the copy was ended before it wrote a row."
_MINUTE: Final = 60

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Run:
    """A copy that waits or runs, what the API tells of it, and whether it shall end."""

    workspace: LocalWorkspace
    copy: Copy
    mode: str
    sql: str
    job: dict[str, Any]
    ending: asyncio.Event = field(default_factory=asyncio.Event)


class Copies:
    """The copies of one process; but for what it does in other threads, for the event loop's."""

    def __init__(
        self, writer: Writer, workspaces: Workspaces, observed: Observed, clock: Callable[[], float]
    ) -> None:
        self._writer = writer
        self._workspaces = workspaces
        self._observed = observed
        self._clock = clock
        self._looked = clock()
        self._due: deque[tuple[LocalWorkspace, str]] = deque()
        self._pool = ReadPool(writer.folder, size=2, limits=_LIMITS, kind="copy", gives_way=False)
        # Of each run; ClickHouse writes beside it, under a longer name, until it has all.
        for left in writer.folder.parent.glob(f"*{_ROWS}"):
            left.unlink()
        self._runs: dict[asyncio.Task[None], _Run] = {}
        self._kept = writer.folder.with_name(_PAUSED)
        try:
            workspaces.first.paused.update(json.loads(self._kept.read_bytes()))
        except FileNotFoundError:
            pass
        except (TypeError, ValueError):
            _log.warning("%s cannot be read: all copies run at their times.", self._kept)

    def start(
        self, workspace: LocalWorkspace, copy: Copy, values: Mapping[str, Any], mode: str = ""
    ) -> dict[str, Any]:
        """Begin a copy, once those before it are done; return the job that tells of it.

        Raises:
            TemplateError: A parameter is missing or of the wrong type.
            ApiError: 429, too many of the workspace wait.
        """
        now = self._clock()
        sql = copy.pipe.filling.sql({RUN_AT: time_text(now), **values})
        if self._is_full(workspace):
            text = f"{_MOST_WAITING} copies wait already. Ask again when some are done."
            raise too_many(text, seconds=_RETRY_SECONDS)
        name, mode = copy.pipe.pipe.name, mode or copy.mode
        job = workspace.job(
            "copy",
            now,
            copy.target,
            status="waiting",
            is_cancellable=True,
            pipe_id=workspace.resource_id("pipe", name),
            pipe_name=name,
            mode=mode,
        )
        run = _Run(workspace, copy, mode, sql, job)
        task = in_background(self._run(run), f"the copy '{name}'")
        self._runs[task] = run
        task.add_done_callback(self._runs.pop)
        return job

    def cancel(self, is_meant: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """End the copies that are meant, but for one that is being written; return their jobs."""
        found = [run for run in self._runs.values() if is_meant(run.job)]
        for run in found:
            run.ending.set()
            _tell(run.job, self._clock(), "cancelling")
        return [run.job for run in found]

    def pause(self, workspace: LocalWorkspace, name: str, *, is_paused: bool) -> None:
        """Keep a pipe from running by itself, or let it; in the first workspace, for good."""
        (workspace.paused.add if is_paused else workspace.paused.discard)(name)
        if workspace is self._workspaces.first:
            keep(self._kept, json.dumps(sorted(workspace.paused)).encode())

    async def follow(self) -> None:
        """Start copies at the times of their schedules, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.start_due()

    def start_due(self) -> None:
        """Start what became due since the last time, each pipe once however often it did.

        A pipe that waits or runs at the moment is passed over. Of more than may wait, the others
        start once there is room.
        """
        since, now = self._looked, self._clock()
        if now // _MINUTE > since // _MINUTE:
            self._looked = now
            busy = {(run.workspace, run.copy.pipe.pipe.name) for run in self._runs.values()}
            for workspace in self._workspaces.all():
                for name, copy in workspace.served.copies.items():
                    each = (workspace, name)
                    if each not in busy and each not in self._due and copy.is_due(since, now):
                        self._due.append(each)
        for _ in range(len(self._due)):
            workspace, name = each = self._due.popleft()
            due = workspace.served.copies.get(name)
            if self._is_full(workspace):
                self._due.append(each)
            elif due is not None and name not in workspace.paused:
                try:
                    self.start(workspace, due, {})
                except (TemplateError, ApiError) as error:
                    _log.error("The copy '%s' cannot run: %s", name, error.message)

    def _is_full(self, workspace: LocalWorkspace) -> bool:
        return sum(run.workspace is workspace for run in self._runs.values()) > _MOST_WAITING

    async def stop(self) -> None:
        """Start no more, and end what runs, but for what is being written."""
        self._pool.start_no_more()
        self.cancel(lambda _: True)
        await asyncio.gather(*self._runs, return_exceptions=True)

    def close(self) -> None:
        """Close the connections, once what is written is."""
        self._pool.close()

    async def _run(self, run: _Run) -> None:
        """Copy when it is its turn; whatever happens, the job says it."""
        job, error = run.job, ""
        loop = asyncio.get_running_loop()
        began, since = self._clock(), loop.time()

        async def ending() -> None:
            while not run.ending.is_set() and (job["status"] == "waiting" or self._has_room()):
                with suppress(TimeoutError):
                    await asyncio.wait_for(run.ending.wait(), _LOOK_SECONDS)

        try:
            work = partial(self._copy, run)
            await self._pool.run(run.workspace.id, run.workspace.database, work, ending)
        except ClientGone:
            # It may have been done before it was to end.
            error = "" if run.ending.is_set() or "statistics" in job else _FULL
        except ApiError as refusal:
            error = refusal.message
        except QueryFailed as failure:
            error = f"{for_caller(failure)} ({failure.name or 'UNKNOWN'})"
        except Exception:  # noqa: BLE001 - whatever it is, whoever asks for the job is told
            _log.exception("A copy failed.")
            error = "Internal error, see the log"
        job["is_cancellable"] = False
        if error:
            # Clients take any error for a failure. It may quote values, so the log has none of it.
            job["error"] = error
            _log.error("The copy '%s' failed; %s says why.", job["pipe_name"], job["job_url"])
        is_done = "statistics" in job
        _tell(job, self._clock(), "error" if error else "done" if is_done else "cancelled")
        self._observed.add_operation(
            run.workspace,
            "copy",
            run.copy.target,
            began=began,
            seconds=loop.time() - since,
            rows=job.get("statistics", {}).get("row_count", 0),
            error=error or ("" if is_done else "It was cancelled"),
            job_id=job["id"],
            **{key: job[key] for key in ("pipe_id", "pipe_name")},
        )

    def _has_room(self) -> bool:
        disk = shutil.disk_usage(self._writer.folder)
        return disk.free >= min(_LEAST_FREE, disk.total // 20)

    def _copy(self, run: _Run, session: ChdbSession) -> None:
        """Read the rows, then have them written; on a reader's thread."""
        _tell(run.job, self._clock(), "working")
        workspace, columns, target = run.workspace, run.copy.columns, run.copy.target
        database, pipes = workspace.database, workspace.served.pipes
        caller = Caller(name="copies", workspace_id=workspace.id, is_admin=True)
        nodes = (node.name for pipe in pipes.values() for node in pipe.pipe.nodes)
        asked = Query(session, workspace, caller).of_datasources(run.sql, {*pipes, *nodes})
        used = statement.names(session, asked)
        read = workspace.served.datasources.keys() & (used.tables | used.sets)
        # Rows that come in meanwhile are not to be lost with those that they join.
        is_held = run.mode == REPLACE and target in read
        given = columns_of(session, asked)
        if strange := sorted(given.keys() - columns.keys()):
            raise bad_request(f"'{target}' has no column '{strange[0]}'")
        query = f"SELECT {casts(given, columns)} FROM ({asked}\n)"
        names = ", ".join(map(quoted, given))
        rows = self._writer.folder.with_name(f"{run.job['id']}.{_ROWS}")
        try:
            if is_held:
                hold = partial(changes.hold, database=database, table=target, read=read)
                session.use(self._writer.run(hold))
            count = session.write(query, rows)
            if not self._has_room():
                raise bad_request(_FULL)
            if run.mode == REPLACE:
                copied = [Filling(names, infile(rows))] if count else []
                put = changes.replace_held if is_held else changes.replace
                self._writer.run(lambda writing: put(writing, database, target, *copied))
            elif count:
                self._writer.append(f"INSERT INTO {database}.{quoted(target)} ({names})", rows.name)
            run.job["statistics"] = {"row_count": count, "bytes": rows.stat().st_size}
        finally:
            rows.unlink(missing_ok=True)
            if is_held:
                self._writer.run(partial(changes.let_go, database=database))


def _tell(job: dict[str, Any], now: float, status: str) -> None:
    job.update(status=status, updated_at=time_text(now))
