"""Read-only connections shared by all requests, with limits on time, memory and answers."""

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.fair_queue import ClientGone, FairQueue
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.errors import too_many

_Answer = TypeVar("_Answer")

_READ_ONLY: Final = 1
"""1 blocks writes, settings, file(), url() and remote(); 2 does not block the last three."""

READERS: Final = 8
"""Queries that may run at once."""

_MOST_BYTES: Final = 2_000_000_000
_PATIENCE_SECONDS: Final = 0.1
"""How long a query runs before anybody looks whether its client is still there."""

_END_AGAIN_SECONDS: Final = 0.1
_SURE_SECONDS: Final = 1.0
"""How long a query runs whoever waits, and how long whoever runs nothing waits at most."""

_RETRY_SECONDS: Final = 1


def _share_of_memory() -> int:
    """Return what one query may have so that all readers together have half of the machine's.

    ClickHouse also knows a limit for a user's queries together, but writing is the same user here:
    inserts would wait for what queries hold, and fail.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(_MOST_BYTES, machine // 2 // READERS)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one query may use.

    Attributes:
        seconds: Time.
        bytes: Memory; 2 GB, less on a machine that has less than 32.
        rows: Rows in the answer.
        answer_bytes: The answer, as ClickHouse holds it and as it is sent.
        threads: Threads.
    """

    seconds: float = 10
    bytes: int = field(default_factory=_share_of_memory)
    rows: int = 1_000_000
    answer_bytes: int = 100_000_000
    threads: int = 2

    def as_settings(self) -> str:
        """Return the text of a ``SET`` for a connection."""
        return (
            f"session_timezone='UTC', max_execution_time={self.seconds}, "
            f"max_memory_usage={self.bytes}, "
            f"max_result_rows={self.rows}, max_result_bytes={self.answer_bytes}, "
            f"max_threads={self.threads}, "
            f"timeout_before_checking_execution_speed=0, query_profiler_real_time_period_ns=0, "
            f"query_profiler_cpu_time_period_ns=0, readonly={_READ_ONLY}"
        )


@dataclass(eq=False)
class Job(Generic[_Answer]):
    """Something to do with a connection on a database.

    Attributes:
        database: Where bare table names are looked up.
        work: What to do.
        answer: What ``work`` returns or raises, settled on the event loop. Wait for it, but do not
            await it: that could cancel it, while ``work`` goes on.
    """

    database: str
    work: Callable[[ChdbSession], _Answer]
    answer: "asyncio.Future[_Answer]"


class Reader:
    """Does one job after the other, on a connection that is replaced after a failure.

    The thread and the connection are made for the first job. No other reader has its name: what it
    runs is found by that.
    """

    def __init__(self, folder: Path, name: str, settings: str, most_bytes: int) -> None:
        self.name = name
        self._connect = partial(
            ChdbSession, folder, f"log_comment={literal(name)}, {settings}", most_bytes=most_bytes
        )
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._session: ChdbSession | None = None
        self._job: Job[Any] | None = None
        self._changing_job = threading.Lock()

    def do(self, job: Job[Any]) -> None:
        """Do a job once those before it are done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def end(self, job: Job[Any], by: ChdbSession) -> None:
        """End what a job of this reader runs at this moment ``by`` the connection of another one.

        Its answer is a failure then; a job that is done keeps its answer.
        """
        # With the lock the job cannot finish, so that what comes after it is never hit.
        with self._changing_job:
            if self._job is job:
                by.query(f"KILL QUERY WHERE Settings['log_comment'] = {literal(self.name)} ASYNC")

    def close(self) -> None:
        """Finish what was given, then close the connection."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()

    def _work(self) -> None:
        while self._did_next():
            pass
        if self._session is not None:
            self._session.close()

    def _did_next(self) -> bool:
        """Do the next job and keep nothing of it: answers are large, and it can be long idle."""
        job = self._jobs.get()
        if job is None:
            return False
        with self._changing_job:
            self._job = job
        answer, error = self._done(job)
        with self._changing_job:
            self._job = None
        # The loop ends before the readers do; then nobody waits.
        with contextlib.suppress(RuntimeError):
            job.answer.get_loop().call_soon_threadsafe(_settle, job.answer, answer, error)
        return True

    def _done(self, job: Job[Any]) -> tuple[Any, BaseException | None]:
        try:
            if self._session is None or not self._session.is_open:
                self._session = self._connect()
            self._session.use(job.database)
            return job.work(self._session), None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is its caller's
            return None, error


def _settle(future: "asyncio.Future[Any]", answer: Any, error: BaseException | None) -> None:
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)


@dataclass(eq=False)
class _Lent:
    """A reader that is lent: to whom, since when, and settled when somebody else shall have it."""

    name: str
    since: float
    is_needed: "asyncio.Future[None]"


class ReadPool:
    """Readers, lent for one query at a time; half of them at most to one name.

    Some names together can hold all of them. So whoever runs nothing and has waited for a second
    gets the reader of the longest query of a name with most, which is ended.

    For the event loop's thread alone.
    """

    def __init__(self, folder: Path, *, size: int = READERS, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        # The one used last is used next: it knows the database already.
        self._idle = [
            Reader(folder, f"read-{number}", limits.as_settings(), limits.answer_bytes)
            for number in range(size)
        ]
        self._ending = Reader(folder, "end", f"readonly={_READ_ONLY}", limits.answer_bytes)
        self._all = (*self._idle, self._ending)
        self._queue = FairQueue(size, max(size // 2, 1))
        self._lent: set[_Lent] = set()

    async def run(
        self,
        name: str,
        database: str,
        work: Callable[[ChdbSession], _Answer],
        gone: Callable[[], Awaitable[None]],
    ) -> _Answer:
        """Return what ``work`` returns, done on a reader's thread with its connection.

        When the client goes away, work that waits never starts, and what runs is ended.

        Args:
            name: Who asks; of one name, half of all readers work at most, the others wait.
            database: Where bare table names are looked up.
            work: What to do.
            gone: Returns when the client is gone; called only if that is to be known.

        Raises:
            ApiError: 429, too many of this name wait, or it ran long while others waited; 503,
                after `start_no_more`.
            ClientGone: The client is gone.
            QueryFailed: From ``work``, as any other error; its connection is gone.
        """
        if not self._queue.take_at_once(name):
            await self._wait(name, gone)
        reader, loop = self._idle.pop(), asyncio.get_running_loop()
        answer: asyncio.Future[_Answer] = loop.create_future()
        job, lent = Job(database, work, answer), _Lent(name, loop.time(), loop.create_future())
        self._lent.add(lent)
        answer.add_done_callback(partial(self._take_back, reader, lent))
        reader.do(job)
        await asyncio.wait((answer,), timeout=_PATIENCE_SECONDS)
        if not answer.done():
            await self._end_if_left(reader, job, lent, gone)
        return answer.result()

    def start_no_more(self) -> None:
        """Refuse what waits; what runs goes on."""
        self._queue.close()

    def close(self) -> None:
        """Wait for running queries and close every connection."""
        for reader in self._all:
            reader.close()

    async def _wait(self, name: str, gone: Callable[[], Awaitable[None]]) -> None:
        leaving = asyncio.ensure_future(gone())
        making_room = asyncio.ensure_future(self._make_room(name))
        try:
            await self._queue.wait(name, leaving)
        finally:
            leaving.cancel()
            making_room.cancel()

    async def _make_room(self, name: str) -> None:
        """Ask for one reader after the other while a name that waits has none."""
        while True:
            await asyncio.sleep(_SURE_SECONDS)
            before = asyncio.get_running_loop().time() - _SURE_SECONDS
            long = [
                each for each in self._lent if each.since < before and not each.is_needed.done()
            ]
            if long and not self._queue.running(name):
                most = min(long, key=lambda lent: (-self._queue.running(lent.name), lent.since))
                most.is_needed.set_result(None)

    def _take_back(self, reader: Reader, lent: _Lent, answer: "asyncio.Future[Any]") -> None:
        # Looked at here, as nobody else may: whoever waited for it can be gone.
        answer.exception()
        self._idle.append(reader)
        self._lent.discard(lent)
        self._queue.give_back(lent.name)

    async def _end_if_left(
        self, reader: Reader, job: Job[Any], lent: _Lent, gone: Callable[[], Awaitable[None]]
    ) -> None:
        """Wait for the answer; when the client leaves before, or others wait, end what runs."""
        leaving = asyncio.ensure_future(gone())
        try:
            await asyncio.wait(
                (job.answer, leaving, lent.is_needed), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            leaving.cancel()
        if job.answer.done():
            return
        await self._end(reader, job)
        if not lent.is_needed.done():
            raise ClientGone
        if job.answer.exception() is not None:
            raise too_many(
                f"The query was ended after {_SURE_SECONDS:.0f} s, as others waited who had none "
                "running. Ask for less at once, or later.",
                seconds=_RETRY_SECONDS,
            )

    async def _end(self, reader: Reader, job: Job[Any]) -> None:
        """End what runs until the job is done.

        Again and again, as work may be several queries, or between two of them at the moment.
        """
        while not job.answer.done():
            ending = asyncio.get_running_loop().create_future()
            self._ending.do(Job("default", partial(reader.end, job), ending))
            await asyncio.wait((ending,))
            # If it failed, the query's own limit on time is what is left.
            ending.exception()
            await asyncio.wait((job.answer,), timeout=_END_AGAIN_SECONDS)
