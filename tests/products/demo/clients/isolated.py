"""A virtual environment for the real clients, whose own pins clash with the app's: made once."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[4]
FOLDER: Final = ROOT / ".local" / "clients-venv"
PINS: Final = Path(__file__).with_name("requirements.txt")
TOO_NEW: Final = (3, 14)
"""The first Python that the pinned ``tinybird`` does not install on."""
OLDER: Final = ("python3.13", "python3.12", "python3.11")
ADVICE: Final = "Install Python 3.11, 3.12 or 3.13: Tinybird's own clients run on no other."
STEP_SECONDS: Final = 300.0


class NotMadeError(RuntimeError):
    """The environment could not be made; says which step failed and what it wrote."""


def find_python() -> str | None:
    """Return a Python that the clients install on: this one if it is; None: there is none."""
    if sys.version_info < TOO_NEW:
        return sys.executable
    return next((path for name in OLDER if (path := shutil.which(name)) and _starts(path)), None)


def _starts(python: str) -> bool:
    """Tell a Python from a version manager's stand-in for one that is not installed."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def environment(python: str, folder: Path = FOLDER, pins: Path = PINS, *options: str) -> Path:
    """Return the folder of the environment's programs; pip gets the ``options``.

    The environment is made when it is missing, or was made with other pins, by another Python or in
    another place; one process makes it, others wait.

    Raises:
        NotMadeError: A step failed or took longer than five minutes.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    stamp = folder / "made-of.txt"
    wanted = f"{python}\n{folder}\n{pins.read_text(encoding='utf-8')}"
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_whole = stamp.exists() and (folder / "bin" / "python").exists()
        if not is_whole or stamp.read_text(encoding="utf-8") != wanted:
            _make(python, folder, pins, *options)
            stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def _make(python: str, folder: Path, pins: Path, *options: str) -> None:
    install = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    _run(python, "-m", "venv", "--clear", str(folder))
    _run(str(folder / "bin" / "python"), *install, *options, "-r", str(pins))


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=STEP_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise _not_made(command, f"It took longer than {STEP_SECONDS:.0f} s.") from None
    if done.returncode:
        raise _not_made(command, done.stdout + done.stderr)


def _not_made(command: tuple[str, ...], said: str) -> NotMadeError:
    return NotMadeError(
        "The environment of the real Tinybird clients could not be made. It needs Python's venv "
        f"and pip, and a package index that pip can reach. Failed: {' '.join(command)}\n{said}"
    )
