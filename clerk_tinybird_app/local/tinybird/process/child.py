"""The embedded Tinybird's process, as its parent holds it."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

_MODULE: Final = "clerk_tinybird_app.local.tinybird"
_STOP_SECONDS: Final = 10.0


class Child:
    """A running process; it ends when its standard input does, so never outlives its parent.

    Args:
        process: The process.
    """

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, *, project: Path, data: Path, port: int, arguments: tuple[str, ...]
    ) -> "Child":
        """Start the process; it writes to the parent's own standard error."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                _MODULE,
                "--ends-with-stdin",
                *("--project", str(project)),
                *("--data", str(data)),
                *("--port", str(port)),
                *arguments,
                stdin=PIPE,
            )
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.returncode

    async def ended(self) -> int:
        """Wait for its end and return the exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it: let it finish what it writes, for a while."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
