"""A private file made once and read ever after, also when two processes start together."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def keep_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the content of ``path``, written from ``make()`` on the first call.

    The file is readable by its owner alone, appears whole or not at all, and of two processes
    that make it at the same time both return the same content.
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
        # A file system without hard links: the last of two that race wins, whole all the same.
        draft.replace(path)
