"""One at a time in the folder where Reflex builds: two would break each other's pages."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from clerk_tinybird_app.reflex_internals import as_built

HELD_VARIABLE: Final = "_CLERK_TINYBIRD_APP_HOLDS_WEB"
"""Set for a command whose parent holds the folder for it."""

_FOR_EVER: Final[list[TextIO]] = []


class FolderInUseError(Exception):
    """Another command builds or serves in the folder; the text says which, and what to do."""


def web_folder(app: Path) -> Path:
    """Return the folder where Reflex builds the app in ``app``."""
    return app / (os.environ.get(as_built.WEB_VARIABLE) or as_built.WEB)


@contextmanager
def held(web: Path, by: str) -> Iterator[None]:
    """Hold the folder for the block; it is free again with the process, however that ends.

    Args:
        web: The folder, which need not be there yet.
        by: The command, as others are told.

    Raises:
        FolderInUseError: Another command holds it.
    """
    with _taken(web, by):
        yield


def hold(web: Path, by: str) -> None:
    """Hold the folder until this process ends, unless it or its parent does so already.

    Raises:
        FolderInUseError: Another command holds it.
    """
    if HELD_VARIABLE not in os.environ and not _FOR_EVER:
        _FOR_EVER.append(_taken(web, by))


def _taken(web: Path, by: str) -> TextIO:
    # Beside it, because the folder itself is deleted and made anew.
    web.parent.mkdir(parents=True, exist_ok=True)
    file = web.with_name(f"{web.name}.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "another command"
        file.close()
        raise FolderInUseError(
            f"The folder {web.name} is in use by {holder}, and two at once break each other's "
            "pages. Stop that one first, or let this one build in a folder of its own: "
            f"{as_built.WEB_VARIABLE}={web.name}-2"
        ) from None
    file.truncate(0)
    file.write(f"`{by}` (process {os.getpid()})")
    file.flush()
    return file
