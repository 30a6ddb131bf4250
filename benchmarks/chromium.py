"""A Chromium of its own for programs that drive it by its debugging port."""

import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.chromium import FLAGS
from tests.running_app import wait_until

_START_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 10.0


class DebuggedChromium:
    """A context that keeps a headless Chromium open; its debugging port is on loopback alone.

    Args:
        path: The program.

    Attributes:
        port: The debugging port, from the beginning of the context.

    Raises:
        TimeoutError: It named no port in time.
    """

    port = 0

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> "DebuggedChromium":
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = [
            *FLAGS,
            "--headless=new",
            "--remote-debugging-port=0",
            f"--user-data-dir={self._profile.name}",
        ]
        self._process = subprocess.Popen(
            [self._path, *options, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        chosen = Path(self._profile.name) / "DevToolsActivePort"
        try:
            wait_until(
                lambda: chosen.exists() and chosen.read_text().count("\n") > 0,
                seconds=_START_SECONDS,
                what="Chromium named no debugging port",
            )
            self.port = int(chosen.read_text().split("\n", 1)[0])
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()
