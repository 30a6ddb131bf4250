"""Fetches the SDK's files ahead of time: ``python -m clerk_tinybird_app.local.clerk.sdk``."""

import sys
from pathlib import Path

from clerk_tinybird_app.local.clerk.sdk import ClerkSdkUnavailable, ensure_sdk

_DEFAULT_FOLDER = Path(".local")


def main(arguments: list[str]) -> int:
    """Fetch into the folder named first, else ``.local``; return the exit status."""
    folder = Path(arguments[0]) if arguments else _DEFAULT_FOLDER
    try:
        ensure_sdk(folder, _say)
    except ClerkSdkUnavailable as error:
        _say(str(error))
        return 1
    return 0


def _say(sentence: str) -> None:
    """Write a line for the person who waits."""
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
