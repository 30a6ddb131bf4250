"""Finds a Chromium for the browser tests, or installs one: ``python -m tests.chromium``."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

SHELL: Final = "chromium-headless-shell"
"""Chromium without what only a window needs. The same tests take a third less of the processor."""

NAMES: Final = (
    *(SHELL, "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "chrome"),
)
MAC_PATHS: Final = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS: Final = (
    "--no-sandbox",  # a root user in a container has no sandbox to use
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Keep Chromium quiet on a closed network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE: Final = (
    "No Chromium was found for the browser tests. Install one (on Debian: apt-get install "
    "chromium) or name one with the variable CHROMIUM."
)


def find_chromium() -> str | None:
    """Return the Chromium that ``CHROMIUM`` names, else one on this machine, else None."""
    if named := os.environ.get("CHROMIUM"):
        return named
    found = (path for name in NAMES if (path := shutil.which(name)))
    return next(found, None) or next(filter(os.path.exists, (*MAC_PATHS, _of_playwright())), None)


def install_chromium(names: Sequence[str]) -> str | None:
    """Install a Chromium with apt, else with Playwright; return the path of the best, or None."""
    if shutil.which("apt-get") and _runs(["apt-get", "update"]):
        install = ["apt-get", "install", "--yes", "--no-install-recommends"]
        any(_runs([*install, name]) for name in names)
    if find_chromium() is None:
        _runs([sys.executable, "-m", "playwright", "install", "chromium"])
    return find_chromium()


def _of_playwright() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _runs(command: list[str]) -> bool:
    prefix = ["sudo", "-n"] if command[0] == "apt-get" and os.geteuid() else []
    done = subprocess.run([*prefix, *command], capture_output=True, check=False)
    return done.returncode == 0


def _could_be_faster(found: str) -> bool:
    """Say whether the shell can be had here, on a machine that is ours: in a container."""
    named = "CHROMIUM" in os.environ or Path(found).name == SHELL
    is_ours = not named and os.geteuid() == 0 and shutil.which("apt-cache") is not None
    return is_ours and _runs(["apt-cache", "show", SHELL])


def main() -> int:
    """Make sure that there is a Chromium; return the exit status."""
    found = find_chromium()
    if found and not _could_be_faster(found):
        return 0
    sys.stderr.write("Installing a Chromium for the browser tests.\n")
    begun = time.monotonic()
    if install_chromium([SHELL] if found else [SHELL, "chromium"]):
        sys.stderr.write(f"It is there after {time.monotonic() - begun:.0f} s.\n")
        return 0
    sys.stderr.write(ADVICE + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
