"""A thread with a read-only connection of its own."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import literal

_Answer = TypeVar("_Answer")


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

    The thread and the connection are made for the first job.

    Args:
        folder: The data folder.
        name: Its name, which no other reader has; what it runs can be found by it.
        settings: Its connection's settings, as SQL text.
        most_bytes: The longest answer.
    """

    def __init__(self, folder: Path, name: str, settings: str, most_bytes: int) -> None:
        self.name = name
        self._folder = folder
        self._settings = f"log_comment={literal(name)}, {settings}"
        self._most_bytes = most_bytes
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
        """End what a job runs at this moment, if it is not done; its answer is a failure then.

        Args:
            job: One that was given to this reader.
            by: The connection of another reader.
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
            session = self._opened()
            session.use(job.database)
            return job.work(session), None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is its caller's
            return None, error

    def _opened(self) -> ChdbSession:
        if self._session is None or not self._session.is_open:
            self._session = ChdbSession(self._folder, self._settings, most_bytes=self._most_bytes)
        return self._session


def _settle(future: "asyncio.Future[Any]", answer: Any, error: BaseException | None) -> None:
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)
