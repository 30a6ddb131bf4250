"""The built app served by granian alone: neither ``reflex run`` nor bun at run time."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.running_app import RunningApp, answers, stop_group, wait_until

_GRANIAN: Final = Path(sys.executable).with_name("granian")
_APP: Final = "clerk_tinybird_app.clerk_tinybird_app:app"
_START_SECONDS: Final = 60.0
# Reflex reads these: the frontend is built, serve it and build nothing.
_BUILT: Final = {
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "1",
    "__REFLEX_SKIP_COMPILE": "1",
    "REFLEX_ENV_MODE": "prod",
}


class BuiltServer:
    """A context that serves what ``app`` has built, on the port of ``app``, which must be stopped.

    Raises:
        TimeoutError: It did not answer in a minute.
    """

    def __init__(self, app: RunningApp) -> None:
        self._app = app

    def __enter__(self) -> "BuiltServer":
        options = ["--interface", "asgi", "--factory", "--workers", "1", "--host", "127.0.0.1"]
        with self._app.log.open("ab") as log:
            self._process = subprocess.Popen(
                [_GRANIAN, *options, "--port", str(self._app.port), _APP],
                cwd=self._app.folder, env=self._app.env | _BUILT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            stop_group(self._process)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        stop_group(self._process)

    def _wait(self) -> None:
        urls = (self._app.origin, f"{self._app.origin}/api/health")
        wait_until(
            lambda: all(answers(url) for url in urls),
            seconds=_START_SECONDS,
            what="the built app did not answer",
        )
