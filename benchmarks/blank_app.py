"""The peer of the pages: the blank app that Reflex makes for a newcomer, built for production."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from reflex_base.constants import Templates

from clerk_tinybird_app.bun import BUN
from tests.running_app import REFLEX, answers, free_port, stop_group, wait_until

_NAME: Final = "blank"
_OUR_OWN_PREFIX: Final = "REFLEX_"
_START_SECONDS: Final = 120.0
# As Reflex's own `rxconfig.py`, with the bun of the Python wheel.
_CONFIG: Final = """\
from pathlib import Path

import reflex as rx

config = rx.Config(
    app_name="{name}",
    backend_host="127.0.0.1",
    bun_path=Path({bun!r}),
    telemetry_enabled=False,
    plugins=[
        rx.plugins.SitemapPlugin(),
        rx.plugins.TailwindV4Plugin(),
        rx.plugins.RadixThemesPlugin(),
    ],
)
"""


class BlankApp:
    """A context that serves the blank app on one port of this machine.

    Args:
        folder: Where it goes; must not exist.

    Attributes:
        origin: The address of its one page.

    Raises:
        TimeoutError: It did not answer in time, or ended.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.origin = f"http://localhost:{self._port}"

    def __enter__(self) -> "BlankApp":
        shutil.copytree(Templates.Dirs.BASE / "apps" / _NAME / "code", self._folder / _NAME)
        (self._folder / "rxconfig.py").write_text(_CONFIG.format(name=_NAME, bun=str(BUN)))
        port = str(self._port)
        env = {k: v for k, v in os.environ.items() if not k.startswith(_OUR_OWN_PREFIX)}
        env |= {"REFLEX_FRONTEND_PORT": port, "REFLEX_BACKEND_PORT": port}
        with (self._folder / "app.log").open("wb") as log:
            self._process = subprocess.Popen(
                [REFLEX, "run", "--env", "prod"], cwd=self._folder, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            wait_until(
                self._answers,
                seconds=_START_SECONDS,
                what="the blank app did not answer",
            )
        except BaseException:
            stop_group(self._process)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        stop_group(self._process)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise TimeoutError("the blank app ended")
        return answers(self.origin)
