"""The server's main process: it starts the workers, replaces and renews them, and ends them."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

from clerk_tinybird_app.background import in_background
from clerk_tinybird_app.telemetry.pulse import resident_bytes

STOP_SECONDS: Final = 8.0
"""How long a worker may take to end. Docker waits two seconds more before it kills."""

_MEMORY_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 2.0
"""Before another try, when a worker did not come to serve."""

_MIB: Final = 2**20
_MODULE: Final = "clerk_tinybird_app.prebuilt.worker"
_TERMINAL: Final = "/dev/tty"
_TOLD: Final = "What was said before this tells why."
_logger = logging.getLogger(__name__)


def ends_with_terminal() -> bool:
    """Tell whether a HUP means that the terminal of this process has closed.

    A service and a container have no terminal, and ``nohup`` has made this process ignore it:
    there a HUP renews the workers.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return False
    try:
        os.close(os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


class Worker:
    """A process that serves.

    Attributes:
        begun: Its result is not empty once the worker serves, and empty if it has ended before.
        is_spare: Whether another one serves in its place until it does.
        is_dismissed: Whether it was told to end.
    """

    def __init__(
        self, process: Process, said: asyncio.StreamReader, line: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.begun = asyncio.ensure_future(said.read(1))
        self.is_spare = False
        self.is_dismissed = False
        # The worker ends when it closes, as it does however this process ends.
        self._line = line

    @property
    def serves(self) -> bool:
        """Whether it has begun to serve."""
        return self.begun.done() and bool(self.begun.result())

    @classmethod
    async def start(cls, target: str, listening: socket.socket) -> Self:
        """Start one that serves ``target`` on a socket.

        Raises:
            OSError: The system gives it no process.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                given = (listening.fileno(), theirs.fileno())
                command = (sys.executable, "-m", _MODULE, target, *map(str, given))
                process = await asyncio.create_subprocess_exec(*command, pass_fds=given)
        except OSError:
            ours.close()
            raise
        return cls(process, *await asyncio.open_connection(sock=ours))

    async def dismiss(self) -> None:
        """Let it finish what is under way, for a while; return when it has ended."""
        self.is_dismissed = True
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            _logger.warning("Worker %d was killed: it did not end.", self.process.pid)
            self.process.kill()
            await self.process.wait()


class Supervisor:
    """Starts the workers and keeps their number.

    Args:
        target: The module and the name of the function that makes the app.
        listening: The socket that all workers have.
        say: Gets a sentence about each worker that serves.
        running: The beginning of that sentence: what runs, and where.
        changed: Names what has changed since the pages were built, "" when nothing has. A worker
            that begins reads the code anew, so it would have another release than the others.
        ends_at_hup: Whether a HUP ends the server instead of renewing the workers.
        most_memory: The MiB from which a worker is renewed; None for no limit.
    """

    def __init__(
        self,
        target: str,
        listening: socket.socket,
        *,
        say: Callable[[str], None],
        running: str,
        changed: Callable[[], str],
        ends_at_hup: bool,
        most_memory: int | None,
    ) -> None:
        self._target = target
        self._listening = listening
        self._say = say
        self._running = running
        self._changed = changed
        self._ends_at_hup = ends_at_hup
        self._most_memory = most_memory
        self._workers: list[Worker] = []
        self._ending = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._status = 0

    async def run(self, count: int) -> int:
        """Keep so many workers until a signal; return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        for _ in range(count):
            await self._begin()
        if self._most_memory is not None:
            watch = self._watch_memory(self._most_memory * _MIB)
            in_background(watch, "the watch over the workers' memory")
        await self._ending.wait()
        self._listening.close()
        await asyncio.gather(*(worker.dismiss() for worker in self._workers))
        return self._status

    def _hang_up(self) -> None:
        if self._ends_at_hup:
            self._ending.set()
        elif not self._one_at_a_time.locked():
            in_background(self._renew(), "the renewal of the workers")

    async def _begin(self, *, is_spare: bool = False) -> Worker:
        worker = await Worker.start(self._target, self._listening)
        worker.is_spare = is_spare
        self._workers.append(worker)
        in_background(self._keep(worker), "the care for a worker")
        return worker

    async def _keep(self, worker: Worker) -> None:
        """Replace a worker that ends unasked."""
        began = time.monotonic()
        if await worker.begun:
            mine = f"worker {worker.process.pid}, ready after {time.monotonic() - began:.1f} s"
            self._say(f"{self._running} ({mine})")
        status = await worker.process.wait()
        self._workers.remove(worker)
        if not any(each.serves for each in self._workers):
            self._refuse()
        if worker.is_dismissed or self._ending.is_set():
            return
        if worker.serves:
            _logger.warning("Worker %d ended with status %d. Another one takes its place.",
                            worker.process.pid, status)  # fmt: skip
            self._tell_release()
        elif worker.is_spare:
            return
        elif any(each.serves for each in self._workers):
            text = "A worker ended with status %d before it served. The others go on. %s"
            _logger.error(text, status, _TOLD)
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            text = "A worker ended with status %d before it served, so the server ends. %s"
            _logger.error(text, status, _TOLD)
            self._status = 1
            self._ending.set()
            return
        await self._replace()

    async def _replace(self) -> None:
        """Begin a worker in the place of one that has ended."""
        while not self._ending.is_set():
            try:
                await self._begin()
            except OSError as error:
                _logger.warning("The system gives no worker a process (%s). Trying again.", error)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return

    def _refuse(self) -> None:
        """Refuse clients until a worker listens anew: a proxy then asks another backend at once."""
        # A UNIX socket could not be listened on again, and not every system can do so.
        if self._listening.family != socket.AF_UNIX:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)

    async def _renew(self) -> None:
        if changed := self._changed():
            _logger.warning(
                "The workers are not renewed, because they would mix two releases. Changed since "
                "this server's pages were built: %s. Stop the server and start it again.",
                changed,
            )
            return
        async with self._one_at_a_time:
            for worker in tuple(self._workers):
                if await self._succeed(worker) is None:
                    return

    async def _succeed(self, worker: Worker) -> Worker | None:
        """Let a new worker serve, then dismiss ``worker``; return the new one, None without."""
        try:
            successor = await self._begin(is_spare=True)
        except OSError as error:
            _logger.warning("No worker is renewed: the system gives no process (%s).", error)
            return None
        if not await successor.begun:
            _logger.error("No worker is renewed: a new one ended before it served. %s", _TOLD)
            return None
        successor.is_spare = False
        # One that has ended meanwhile was replaced.
        await (worker if worker in self._workers else successor).dismiss()
        return successor

    async def _watch_memory(self, most: int) -> None:
        while True:
            await asyncio.sleep(_MEMORY_SECONDS)
            for worker in tuple(self._workers):
                if resident_bytes(worker.process.pid) > most:
                    async with self._one_at_a_time:
                        _logger.warning("Worker %d has more memory than WORKER_MAX_MEMORY says. "
                                        "It is renewed.", worker.process.pid)  # fmt: skip
                        self._tell_release()
                        successor = await self._succeed(worker)
                    if successor and resident_bytes(successor.process.pid) > most:
                        _logger.error("A new worker has more memory than WORKER_MAX_MEMORY says, "
                                      "which is not used any more. Set it higher.")  # fmt: skip
                        return

    def _tell_release(self) -> None:
        if changed := self._changed():
            _logger.warning(
                "A worker is replaced by one of another release. Changed since this server's pages "
                "were built: %s. Stop the server and start it again.",
                changed,
            )
