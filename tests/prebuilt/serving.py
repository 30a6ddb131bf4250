"""A server of a tiny app, in processes of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx

from tests.running_app import ROOT, answers, free_port, wait_until

_SERVING = """
import sys
from pathlib import Path
from clerk_tinybird_app.logs.told import tell
from clerk_tinybird_app.prebuilt import server, supervisor
from clerk_tinybird_app.settings import Settings
server._APP = "tiny:app"
server.workers = lambda _: int(sys.argv[1])
server.changed_since = lambda *_: Path("changed").read_text()
supervisor.STOP_SECONDS = float(sys.argv[2])
supervisor._MEMORY_SECONDS = supervisor._AGAIN_SECONDS = 0.1
start = supervisor.asyncio.create_subprocess_exec

async def start_one(*command, **options):
    if Path("none").exists():
        raise BlockingIOError("none is to be had")
    return await start(*command, **options)

supervisor.asyncio.create_subprocess_exec = start_one
server.serve(Settings.load(), Path("pages"), tell)
"""
_TINY = """
import gc, os, time
from pathlib import Path
from clerk_tinybird_app.logs.lines import write_lines
from clerk_tinybird_app.logs.log_budget import LogBudget
from clerk_tinybird_app.prebuilt import http_protocol
from clerk_tinybird_app.telemetry import metrics, refusals

http_protocol.REQUEST_SECONDS = float(os.environ.get("REQUEST_SECONDS", "30"))
http_protocol.FIRST_SECONDS = float(os.environ.get("FIRST_SECONDS", "0.5"))
if lines := os.environ.get("LINES_PER_MINUTE"):
    refusals._LOG._budgets.default_factory = lambda: LogBudget(per_minute=int(lines))

HEADERS = []

def app():
    assert not Path("broken").exists(), "it is broken"
    write_lines("json")
    while Path("waits").exists():
        time.sleep(0.05)

    async def answer(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            if Path("hangs").exists():
                time.sleep(60)
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            while (await receive()).get("more_body"):
                pass
            HEADERS[:] = [(b"x-collected-after", str(gc.get_threshold()[0]).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            counts = scope["path"] == "/metrics"
            body = metrics.exposition() if counts else str(os.getpid()).encode()
            await send({"type": "http.response.body", "body": body})
        elif scope["path"] == "/closed":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await receive()
            await send({"type": "websocket.accept"})
            while (heard := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": str(len(heard["text"]))})
    return answer
"""


class Serving:
    """The server, with files by which a test says what it does.

    Attributes:
        folder: Where it runs. ``changed`` is what has changed since the pages were built; with
            ``broken`` no worker starts, with ``none`` the system gives it no process, with
            ``waits`` it starts later, and with ``hangs`` none ends.
        log: What it says.
    """

    def __init__(self, folder: Path, *, workers: int = 1, stop: float = 8, **env: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.log = folder / "log"
        (folder / "tiny.py").write_text(_TINY)
        (folder / "changed").write_text("")
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder))),
            "REFLEX_FRONTEND_PORT": str(self.port),
        } | env
        self._arguments = (str(workers), str(stop))
        self.process: subprocess.Popen[bytes]

    def begin(self, *around: str, stdin: int = subprocess.DEVNULL) -> Self:
        """Start it, and do not wait."""
        command = [*around, sys.executable, "-c", _SERVING, *self._arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.env, stdin=stdin, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        return self

    def start(self, *around: str, stdin: int = subprocess.DEVNULL) -> Self:
        """Start it, and wait until it serves."""
        self.begin(*around, stdin=stdin)
        wait_until(lambda: answers(self.url), seconds=30, what=f"it does not begin: {self.log}")
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def worker(self) -> int:
        """Return the process that answers."""
        return int(httpx.get(self.url, timeout=20).text)

    def workers(self) -> set[int]:
        """Return the processes that the main one has started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(map(int, path.read_text().split()))

    def has_said(self, text: str) -> bool:
        return text in self.log.read_text()

    def end(self) -> None:
        """End what has not ended."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


def has_ended(pid: int) -> bool:
    """Tell whether a process is no more, or has left only its status."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"
