"""Read-only connections shared by all requests, with limits on time, memory and answers."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.fair_queue import ClientGone, FairQueue
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.errors import too_many

_Answer = TypeVar("_Answer")
Work = Callable[[ChdbSession], _Answer]
"""What is done with a connection."""

_READ_ONLY: Final = 1
"""1 blocks writes, settings, file(), url() and remote(); 2 does not block the last three."""

READERS: Final = 8
"""Queries that may run at once."""

ANY_TYPE: Final = "allow_suspicious_types_in_group_by=1, allow_suspicious_types_in_order_by=1"
"""Lets a path of a JSON column that has no type be grouped and ordered by."""

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

    Its memory is 2 GB, less on a machine that has less than 32. Its answer has so many ``rows`` and
    ``answer_bytes``, as ClickHouse holds it and as it is sent; 0 for any.
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
            # As written: a join's left side keeps its order, and a JSON path may be grouped by.
            "query_plan_join_swap_table='false', join_algorithm='direct,hash', "
            f"{ANY_TYPE}, "
            f"timeout_before_checking_execution_speed=0, query_profiler_real_time_period_ns=0, "
            f"query_profiler_cpu_time_period_ns=0, readonly={_READ_ONLY}"
        )


class Reader:
    """A connection and a thread of its own, both made for the first work.

    No other reader has its name: what it runs is found by that.
    """

    def __init__(self, folder: Path, name: str, settings: str, most_bytes: int) -> None:
        self._name = literal(name)
        settings = f"log_comment={self._name}, {settings}"
        self._session = ChdbSession(folder, settings, most_bytes=most_bytes or None)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._current: object = None
        self._changing_current = threading.Lock()

    def start(self, database: str, work: Work[_Answer]) -> "asyncio.Future[_Answer]":
        """Do ``work`` once that before it is done, with bare table names meant in ``database``.

        Wait for the answer, but do not await it: that could cancel it, while ``work`` goes on.
        """
        return asyncio.get_running_loop().run_in_executor(self._thread, self._do, database, work)

    def end(self, work: Work[Any], by: ChdbSession) -> None:
        """End what ``work`` of this reader runs at this moment ``by`` another one's connection.

        Its answer is a failure then; work that is done keeps its answer.
        """
        # With the lock the work cannot finish, so that what comes after it is never hit.
        with self._changing_current:
            if self._current is work:
                by.query(f"KILL QUERY WHERE Settings['log_comment'] = {self._name} ASYNC")

    def close(self) -> None:
        """Finish what was given, then close the connection."""
        self._thread.shutdown()
        self._session.close()

    def _do(self, database: str, work: Work[_Answer]) -> _Answer:
        self._session.use(database)
        with self._changing_current:
            self._current = work
        try:
            return work(self._session)
        finally:
            with self._changing_current:
                self._current = None


@dataclass(eq=False)
class _Running:
    """Work of a name that runs; ``is_needed`` is settled when another shall have the reader."""

    name: str
    reader: Reader
    work: Work[Any]
    answer: "asyncio.Future[Any]"
    since: float
    is_needed: "asyncio.Future[None]"


class ReadPool:
    """Readers, lent for one query at a time; half of them at most to one name.

    Some names together can hold all of them. So whoever runs nothing and has waited for a second
    gets the reader of the longest query of a name with most, which is ended: if it ``gives_way``.

    For the event loop's thread alone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: int = READERS,
        limits: Limits | None = None,
        kind: str = "read",
        gives_way: bool = True,
    ) -> None:
        limits = limits or Limits()
        self._gives_way = gives_way
        # The one used last is used next: it knows the database already.
        self._idle = [
            Reader(folder, f"{kind}-{number}", limits.as_settings(), limits.answer_bytes)
            for number in range(size)
        ]
        self._ending = Reader(folder, "end", f"readonly={_READ_ONLY}", limits.answer_bytes)
        self._all = (*self._idle, self._ending)
        self._queue = FairQueue(size, max(size // 2, 1))
        self._running: set[_Running] = set()

    async def run(
        self, name: str, database: str, work: Work[_Answer], gone: Callable[[], Awaitable[None]]
    ) -> _Answer:
        """Return what ``work`` returns, done on a reader's thread with its connection.

        Half of all readers work for one ``name`` at most. When the client goes away, work that
        waits never starts, and what runs is ended: ``gone`` returns then, and is called only if
        that is to be known.

        Raises:
            ApiError: 429, too many of this name wait, or it ran long while others waited; 503,
                after `start_no_more`.
            ClientGone: The client is gone.
            QueryFailed: From ``work``, as any other error; its connection is gone.
        """
        if not self._queue.take_at_once(name):
            await self._wait(name, gone)
        reader, loop = self._idle.pop(), asyncio.get_running_loop()
        answer = reader.start(database, work)
        running = _Running(name, reader, work, answer, loop.time(), loop.create_future())
        self._running.add(running)
        answer.add_done_callback(lambda _: self._take_back(running))
        await asyncio.wait((answer,), timeout=_PATIENCE_SECONDS)
        if not answer.done():
            await self._end_if_left(running, gone)
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
        while self._gives_way:
            await asyncio.sleep(_SURE_SECONDS)
            before = asyncio.get_running_loop().time() - _SURE_SECONDS
            long = [r for r in self._running if r.since < before and not r.is_needed.done()]
            if long and not self._queue.running(name):
                most = min(long, key=lambda one: (-self._queue.running(one.name), one.since))
                most.is_needed.set_result(None)

    def _take_back(self, running: _Running) -> None:
        # Looked at here, as nobody else may: whoever waited for it can be gone.
        running.answer.exception()
        self._idle.append(running.reader)
        self._running.discard(running)
        self._queue.give_back(running.name)

    async def _end_if_left(self, running: _Running, gone: Callable[[], Awaitable[None]]) -> None:
        """Wait for the answer; when the client leaves before, or others wait, end what runs."""
        answer, leaving = running.answer, asyncio.ensure_future(gone())
        try:
            await asyncio.wait(
                (answer, leaving, running.is_needed), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            leaving.cancel()
        if answer.done():
            return
        # Again and again, as work may be several queries, or between two of them at the moment.
        while not answer.done():
            end = partial(running.reader.end, running.work)
            ending = self._ending.start("default", end)
            await asyncio.wait((ending,))
            # If it failed, the query's own limit on time is what is left.
            ending.exception()
            await asyncio.wait((answer,), timeout=_END_AGAIN_SECONDS)
        if not running.is_needed.done():
            raise ClientGone
        if answer.exception() is not None:
            raise too_many(
                f"The query was ended after {_SURE_SECONDS:.0f} s, as others waited who had none "
                "running. Ask for less at once, or later.",
                seconds=_RETRY_SECONDS,
            )
