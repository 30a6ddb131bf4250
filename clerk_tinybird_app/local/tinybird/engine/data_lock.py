"""One process per data folder."""

import fcntl
import os
import re
from pathlib import Path
from typing import IO, Final, Self

_FILE: Final = "lock"
_PATTERN: Final = re.compile(r"[*?{]")
"""ClickHouse would write to a part of such a path, or read other files too."""


class DataFolderInUse(Exception):  # noqa: N818 - it says what is the case
    """Another process has the data folder open."""


class DataFolderUnusable(Exception):  # noqa: N818 - it says what is the case
    """Nothing can be kept in the data folder."""


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
            DataFolderUnusable: It cannot be made, or has a path that ClickHouse misreads.
        """
        file = self._opened()
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

    def _opened(self) -> IO[str]:
        if found := _PATTERN.search(str(self._folder)):
            raise DataFolderUnusable(
                f"The data folder {self._folder} has a {found.group()} in its path, which "
                "ClickHouse takes for a pattern. Choose another folder with --data."
            )
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return (self._folder / _FILE).open("a+")
        except OSError as error:
            raise DataFolderUnusable(
                f"The data folder {self._folder} cannot be used: {error.strerror}. "
                "Choose another folder with --data."
            ) from error

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
