"""Programs that we are compared with: installed once, and run as commands."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


class MissingError(Exception):
    """A peer cannot be installed or run; the text says why."""


def run(command: Sequence[str], *, folder: Path, given: str = "", seconds: float = 180) -> str:
    """Run a command of a peer; return what it prints.

    Raises:
        MissingError: It cannot be run, failed, or took too long.
    """
    try:
        return subprocess.run(
            command, cwd=folder, input=given, capture_output=True, text=True, check=True,
            timeout=seconds,
        ).stdout  # fmt: skip
    except subprocess.CalledProcessError as error:
        lines = (error.stderr.strip() or "no message").splitlines()
        # bun ends with its own version, whatever went wrong.
        raise MissingError(next((x for x in lines if x.startswith("error:")), lines[-1])) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(type(error).__name__) from None


def install(requirement: str, folder: Path, *commands: Sequence[str]) -> None:
    """Run the commands that install a requirement into ``folder``, unless it is there already.

    Raises:
        MissingError: It cannot be installed.
    """
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == requirement:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        run(command, folder=folder)
    stamp.write_text(requirement)
