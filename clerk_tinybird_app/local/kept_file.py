"""Private files that are complete whenever they are there, also when two processes write one."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def keep_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the content of ``path``, written from ``make()`` on the first call.

    When two processes make it at the same time, both return the same content.
    """
    if path.exists():
        return path.read_bytes()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft(path)
    try:
        draft.write_bytes(make())
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()


def keep(path: Path, content: bytes) -> None:
    """Write ``path``, or put ``content`` in the place of what it has."""
    draft = _draft(path)
    draft.write_bytes(content)
    draft.replace(path)


def _draft(path: Path) -> Path:
    """Make a file beside ``path`` that only its owner can read."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    return draft


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links: of two processes the last wins, with a complete file.
        draft.replace(path)
