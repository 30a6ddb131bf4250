"""One process per data folder."""

import fcntl
import os
from pathlib import Path
from typing import IO, Final, Self

_FILE: Final = "lock"


class DataFolderInUse(Exception):  # noqa: N818 - it says what is the case
    """Another process has the data folder open."""


class DataLock:
    """Holds a data folder for this process until it ends.

    Args:
        folder: The data folder; made, for its owner alone, when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the folder.

        Raises:
            DataFolderInUse: Another process has it; the text says which.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (self._folder / _FILE).open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise DataFolderInUse(
                f"The data folder {self._folder} is in use by process {holder}. "
                "Stop that process, or choose another folder with --data."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
