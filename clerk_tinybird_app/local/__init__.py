"""The embedded stand-ins that let the app run with no account; loopback only."""

from pathlib import Path
from typing import Final

LOCAL_FOLDER: Final = Path(".local")
"""Where they keep their data, from the working directory: accounts, keys, the Clerk SDK's files."""


class LocalDataError(Exception):
    """Something in the folder cannot be used; the text says what, and what to do."""
