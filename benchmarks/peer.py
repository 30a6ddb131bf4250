"""The peer, Clerk's own Python SDK, in a virtual environment of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from tests.running_app import ROOT

REQUIREMENT: Final = "clerk-backend-api==7.0.0"
_FOLDER: Final = ROOT / ".local" / "bench-venv"
_SCRIPT: Final = Path(__file__).with_name("peer_verify.py")
_INSTALL_SECONDS: Final = 120
_RUN_SECONDS: Final = 60


class PeerMissingError(Exception):
    """The peer cannot be installed or run; the text says why."""


@dataclass(frozen=True)
class Peer:
    """Clerk's Python SDK, installed.

    Attributes:
        python: The interpreter of its environment.
    """

    python: Path

    @classmethod
    def ready(cls) -> Self:
        """Return the peer, installed on the first call.

        Raises:
            PeerMissingError: pip could not install it.
        """
        python = _FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        stamp = _FOLDER / "installed"
        if not (stamp.exists() and stamp.read_text() == REQUIREMENT):
            _run([sys.executable, "-m", "venv", "--clear", str(_FOLDER)])
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, REQUIREMENT])
            stamp.write_text(REQUIREMENT)
        return cls(python)

    def verify(
        self, token: str, key: str, authorized_parties: Sequence[str], calls: int
    ) -> tuple[dict[str, str], list[int]]:
        """Verify ``token`` ``calls`` times with the PEM text ``key``.

        Returns:
            The versions of what it stands on, and the nanoseconds of each call.

        Raises:
            PeerMissingError: It ended with an error, such as a refused token.
        """
        job = {
            "token": token,
            "key": key,
            "authorized_parties": list(authorized_parties),
            "calls": calls,
        }
        # -I: the folder of the script stays out of the import path. The token goes by the
        # input because a command line is readable by everybody on the machine.
        answer: dict[str, Any] = json.loads(
            _run(
                [str(self.python), "-I", str(_SCRIPT)], given=json.dumps(job), seconds=_RUN_SECONDS
            )
        )
        return answer["versions"], answer["nanoseconds"]


def _run(command: list[str], *, given: str = "", seconds: float = _INSTALL_SECONDS) -> str:
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=True, timeout=seconds
        )
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr.strip() or "no message").splitlines()[-1]
        raise PeerMissingError(last_line) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissingError(type(error).__name__) from None
    return done.stdout
