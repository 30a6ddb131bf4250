"""Finds a Chromium for the browser tests, or installs one: ``python -m tests.chromium``."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
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
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or next((path for path in MAC_PATHS if Path(path).exists()), None)


def install_chromium() -> str | None:
    """Install Chromium with apt, else with Playwright; return its path or None."""
    if shutil.which("apt-get") and _runs(["apt-get", "update"]):
        _runs(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"])
        if found := find_chromium():
            return found
    _runs([sys.executable, "-m", "playwright", "install", "chromium"])
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _runs(command: list[str]) -> bool:
    prefix = ["sudo", "-n"] if command[0] == "apt-get" and os.geteuid() else []
    done = subprocess.run([*prefix, *command], capture_output=True, check=False)
    return done.returncode == 0


def main() -> int:
    """Make sure that there is a Chromium; return the exit status."""
    if find_chromium():
        return 0
    sys.stderr.write("Installing a Chromium for the browser tests.\n")
    begun = time.monotonic()
    if install_chromium():
        sys.stderr.write(f"It is there after {time.monotonic() - begun:.0f} s.\n")
        return 0
    sys.stderr.write(ADVICE + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
