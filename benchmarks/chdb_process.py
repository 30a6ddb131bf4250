"""Holds the process that works on chDB alone, see `benchmarks.chdb_direct`."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.running_app import ROOT

_JOB_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0


class ChdbProcess:
    """A context in which chDB works on a data folder of its own.

    Args:
        folder: chDB's data folder; no other process may have it open.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chdb_direct", str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def do(self, job: str, **arguments: Any) -> dict[str, Any]:
        """Have a job done and return what it answers.

        Raises:
            RuntimeError: The process ended, or the job took longer than a minute.
        """
        assert self._process.stdin  # noqa: S101 - both are pipes, see above
        assert self._process.stdout  # noqa: S101
        watchdog = threading.Timer(_JOB_SECONDS, self._process.kill)
        watchdog.start()
        try:
            self._process.stdin.write(json.dumps({"do": job, **arguments}) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not answer:
            raise RuntimeError(f"chDB's process ended while it did '{job}'")
        found: dict[str, Any] = json.loads(answer)
        return found
