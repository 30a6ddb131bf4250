"""Runs the API in this process until it is told to stop."""

import asyncio
import fcntl
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from granian.constants import Interfaces
from granian.server.embed import Server

from clerk_tinybird_app.background import in_background
from clerk_tinybird_app.local.tinybird.access.static_tokens import kept_workspace
from clerk_tinybird_app.local.tinybird.app import create_app
from clerk_tinybird_app.local.tinybird.demo.seed import seed
from clerk_tinybird_app.local.tinybird.demo.world import World
from clerk_tinybird_app.local.tinybird.engine.readers import Limits
from clerk_tinybird_app.local.tinybird.process import child
from clerk_tinybird_app.local.tinybird.process.whole_bodies import WholeBodies
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.local.tinybird.workspaces.project_watch import ProjectWatch
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.settings.loopback import listener

HOST: Final = "127.0.0.1"
FIRST_WORKSPACE: Final = "local"
_CHDB: Final = "chdb"
_LOCK: Final = "lock"
_PATTERN: Final = re.compile(r"[*?{]")
"""ClickHouse would write to a part of such a path, or read other files too."""

_MOST_CONNECTIONS: Final = 1_024
"""Idle ones among them. Granian's own 128 are fewer than the queries that may wait."""

_STOP_SECONDS: Final = 20.0
"""After this the process ends whatever is still under way; queries end sooner by themselves."""

_log = logging.getLogger(__name__)


class NotServed(Exception):  # noqa: N818 - it says what is the case
    """The API cannot be served; the text says why, and the exit ``status`` tells the parent."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def run(
    *,
    project: Path,
    data: Path,
    port: int,
    world: World | None,
    ends_with_stdin: bool,
    query_seconds: float,
) -> None:
    """Serve a project's folder and the rows in another one, at a port of 127.0.0.1.

    Until SIGTERM, SIGINT or, as it does with the parent, the end of standard input. The rows of a
    ``world`` are made up first.

    Raises:
        NotServed: There is no project, or the data folder or the port is not to be had.
    """
    if not project.is_dir():
        text = f"There is no project folder {project}; name it with --project."
        raise NotServed(child.NO_PROJECT, text)
    data = data.resolve()
    with ExitStack() as held:
        held.enter_context(_held(data))
        _require_free(port)
        if ends_with_stdin:
            # Before the first load, which may be long.
            threading.Thread(target=_stop_with_parent, name="parent", daemon=True).start()
        kept = kept_workspace(data)
        first = LocalWorkspace(kept.workspace_id, FIRST_WORKSPACE, kept.signing_key)
        limits = Limits(seconds=query_seconds)
        service = Service(data / _CHDB, first, limits=limits, clock=time.time)
        held.callback(service.close)
        asyncio.run(_serve(service, project, port, world))


async def _serve(service: Service, project: Path, port: int, world: World | None) -> None:
    watch = ProjectWatch(project, service.workspaces.first, service.writer)
    following = [in_background(watch.follow(), "the watch over the project folder")]
    try:
        # It watches before the first load, which is long when rows are made up after it.
        await asyncio.sleep(0)
        await asyncio.to_thread(watch.load)
        if world:
            await asyncio.to_thread(seed, service, world)
        following.append(in_background(service.copies.follow(), "the schedules of copies"))
        server = Server(
            WholeBodies(create_app(service)),
            address=HOST,
            port=port,
            interface=Interfaces.ASGINL,
            websockets=False,
            backlog=_MOST_CONNECTIONS,
            log_enabled=False,
        )
        _stop_when_told(server, service)
        _log.info("The embedded Tinybird serves %s at http://localhost:%d", project, port)
        await server.serve()
    finally:
        for each in following:
            each.cancel()
        await asyncio.gather(*following, service.copies.stop(), return_exceptions=True)


def _stop_when_told(server: Server, service: Service) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        last = threading.Timer(_STOP_SECONDS, os._exit, (1,))
        last.daemon = True
        last.start()
        service.pool.start_no_more()
        server.stop()  # type: ignore[no-untyped-call]  # granian

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _stop_with_parent() -> None:
    """Wait for the end of standard input, a pipe whose other end the parent holds.

    A pipe closes however the parent ends, also by SIGKILL, and on every system.
    """
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a data folder for this process; made, for its owner alone, when missing."""
    if found := _PATTERN.search(str(folder)):
        raise NotServed(
            child.DATA_FOLDER_UNUSABLE,
            f"The data folder {folder} has a {found.group()} in its path, which "
            "ClickHouse takes for a pattern. Choose another folder with --data.",
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / _LOCK).open("a+")
    except OSError as error:
        raise NotServed(
            child.DATA_FOLDER_UNUSABLE,
            f"The data folder {folder} cannot be used: {error.strerror}. "
            "Choose another folder with --data.",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise NotServed(
                child.DATA_FOLDER_IN_USE,
                f"The data folder {folder} is in use by process {holder}. "
                "Stop that process, or choose another folder with --data.",
            ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def _require_free(port: int) -> None:
    try:
        taken = listener(HOST, port)
    except OSError:
        taken = HOST
    if taken:
        text = f"Port {port} is in use by another program ({taken}). Choose another with --port."
        raise NotServed(child.PORT_IN_USE, text)
