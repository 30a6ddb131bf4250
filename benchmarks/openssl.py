"""The limit: how fast openssl's own command verifies an RSA-2048 signature."""

import shutil
import subprocess
from typing import Final

_COMMAND: Final = ("openssl", "speed", "-seconds", "1", "rsa2048")
_SECONDS: Final = 30
_MICROSECONDS: Final = 1_000_000


def verify_microseconds() -> float | None:
    """Return the time of one verification in microseconds; None without a usable openssl."""
    if shutil.which(_COMMAND[0]) is None:
        return None
    try:
        done = subprocess.run(
            _COMMAND, capture_output=True, text=True, check=True, timeout=_SECONDS
        )
        # The last column of the last line: verifications per second.
        return _MICROSECONDS / float(done.stdout.split()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError):
        return None
