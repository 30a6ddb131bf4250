"""Fetches the SDK's files ahead of time: ``python -m clerk_tinybird_app.local.clerk.sdk``."""

import sys
from pathlib import Path

from clerk_tinybird_app.local import LOCAL_FOLDER
from clerk_tinybird_app.local.clerk.sdk import ClerkSdkUnavailable, ensure_sdk
from clerk_tinybird_app.settings import Settings, SettingsError


def main(arguments: list[str]) -> int:
    """Fetch the files and return the exit status.

    The first argument is the folder; the default is ``.local``. With a real Clerk nothing is
    fetched, because the files are not used.
    """
    folder = Path(arguments[0]) if arguments else LOCAL_FOLDER
    try:
        if not Settings.load().is_clerk_local:
            return 0
    except SettingsError as error:
        _say(f"Configuration error: {error}")
        return 1
    try:
        ensure_sdk(folder, _say)
    except ClerkSdkUnavailable as error:
        _say(str(error))
        return 1
    return 0


def _say(sentence: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
