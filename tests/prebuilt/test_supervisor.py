"""A server ends with its terminal, and renews its workers without mixing releases."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running_app import ROOT, answers, free_port, wait_until

_SERVING = """
from pathlib import Path
from clerk_tinybird_app.logs.told import tell
from clerk_tinybird_app.prebuilt import server
from clerk_tinybird_app.settings import Settings
server._WORKER = "tiny:app"
server.changed_since = lambda *_: Path("changed").read_text()
server._DEFAULTS |= {"respawn_interval": 0.1}
server.serve(Settings.load(), Path("pages"), tell)
"""
_TINY = """
import os

def app():
    async def answer(scope, receive, send):
        if scope["type"] == "http":
            head = {"type": "http.response.start", "status": 200, "headers": []}
            await send(head)
            await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
    return answer
"""


class Serving:
    """A server of a tiny app."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.log = folder / "log"
        (folder / "tiny.py").write_text(_TINY)
        (folder / "changed").write_text("")
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder))),
            "REFLEX_FRONTEND_PORT": str(self.port),
        }
        self.process: subprocess.Popen[bytes]

    def start(self, *around: str, stdin: int = subprocess.DEVNULL) -> None:
        command = [*around, sys.executable, "-c", _SERVING]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.env, stdin=stdin, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: answers(self.url), seconds=20, what=f"it does not begin: {self.log}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def worker(self) -> int:
        return int(httpx.get(self.url).text)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    made = Serving(tmp_path)
    yield made
    if made.process.poll() is None:
        os.killpg(made.process.pid, signal.SIGKILL)
        made.process.wait(10)


def has_ended(pid: int) -> bool:
    """Tell whether a process is no more, or has left only its status."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


# A session of its own that takes the terminal on its standard input, as a login does.
_IN_TERMINAL = (
    sys.executable, "-c",
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])",
)  # fmt: skip


def test_a_server_ends_with_its_terminal(serving: Serving) -> None:
    window, terminal = pty.openpty()
    serving.start(*_IN_TERMINAL, stdin=terminal)
    os.close(terminal)

    os.close(window)

    assert serving.process.wait(20) == 0
    assert not answers(serving.url)


def test_a_ctrl_c_is_no_fault_even_where_the_worker_ends_first(serving: Serving) -> None:
    serving.start()
    worker = serving.worker()
    # The main process is late, as on a busy machine.
    serving.process.send_signal(signal.SIGSTOP)
    os.killpg(serving.process.pid, signal.SIGINT)
    wait_until(lambda: has_ended(worker), seconds=20, what="the worker has not ended")

    serving.process.send_signal(signal.SIGCONT)

    assert serving.process.wait(20) == 0


def test_one_that_nohup_has_started_renews_its_workers_instead(serving: Serving) -> None:
    window, terminal = pty.openpty()
    serving.start(*_IN_TERMINAL, "nohup", stdin=terminal)
    os.close(terminal)
    before = serving.worker()

    os.close(window)

    wait_until(lambda: serving.worker() != before, seconds=20, what="it has not got the signal")


def test_without_a_terminal_a_hup_renews_the_workers(serving: Serving) -> None:
    serving.start()
    before = serving.worker()

    serving.process.send_signal(signal.SIGHUP)

    wait_until(lambda: serving.worker() != before, seconds=20, what="it is the same worker")


def test_no_worker_is_renewed_with_another_release(serving: Serving) -> None:
    serving.start()
    before = serving.worker()
    (serving.folder / "changed").write_text("clerk_tinybird_app/routes.py")

    serving.process.send_signal(signal.SIGHUP)

    wait_until(lambda: "not renewed" in serving.log.read_text(), seconds=20, what="nothing is told")
    assert "clerk_tinybird_app/routes.py" in serving.log.read_text()
    assert serving.worker() == before


def test_a_worker_that_has_ended_is_replaced_all_the_same_and_that_is_told(
    serving: Serving,
) -> None:
    serving.start()
    before = serving.worker()
    (serving.folder / "changed").write_text("clerk_tinybird_app/routes.py")

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: answers(serving.url), seconds=20, what="no worker has begun")
    assert serving.worker() != before
    assert "one of another release" in serving.log.read_text()
