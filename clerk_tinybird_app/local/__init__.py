"""The embedded services, with which the app runs without any account; loopback only."""

from pathlib import Path
from typing import Final

LOCAL_FOLDER: Final = Path(".local")
"""The folder of their data in the working directory: accounts, keys, files of Clerk's SDK."""


class LocalDataError(Exception):
    """Something in the folder cannot be used; the text says what it is and what to do."""
