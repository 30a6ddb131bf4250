"""A private file that is made once and then only read, also when two processes start at once."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def keep_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the content of ``path``, written from ``make()`` on the first call.

    Only its owner can read the file. It is always complete when it is there. When two processes
    make it at the same time, both return the same content.
    """
    if path.exists():
        return path.read_bytes()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    try:
        draft.write_bytes(make())
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links: of two processes the last wins, with a complete file.
        draft.replace(path)
