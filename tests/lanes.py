"""How the tests are dealt to workers that run side by side: ``pytest -n 2 --dist loadfile``.

A file is run by one worker, so that what its tests share is made once. The browser's tests at the
app that is built once are one lane across files, and the first: they take longest, and wait much.
Meanwhile the other worker takes one file after the other. What builds an app of its own comes last.
"""

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

_BROWSER: Final = "tests/e2e/"
_OWN_APPS: Final = tuple(
    f"{_BROWSER}test_{name}.py"
    for name in (
        *("anonymous", "customers", "declared_panels", "products", "real_clerk"),
        *("short_lives", "ways_to_run"),
    )
)
"""The files whose tests build apps of their own; all others in that folder share one."""


class Lanes(LoadFileScheduling):  # type: ignore[misc] # it has no types
    """Hands out one lane at a time; what it knows of a test is its name."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


def lane(nodeid: str) -> str:
    """Return the lane of a test: its file, or all of the browser's at the shared app."""
    file = nodeid.partition("::")[0]
    return _BROWSER if _is_shared(file) else file


def deal(items: list[pytest.Item]) -> None:
    """Put the lanes in order; a lane keeps its own."""
    items.sort(key=lambda item: _place(item.nodeid.partition("::")[0]))


def _place(file: str) -> int:
    if _is_shared(file):
        return 0
    return 2 if file in _OWN_APPS else 1


def _is_shared(file: str) -> bool:
    return file.startswith(_BROWSER) and file not in _OWN_APPS
