"""Distributes the tests to workers that run side by side: ``pytest -n 3 --dist loadfile``.

A lane is a group of tests that one worker runs, so that what they share is made once. Each file is
a lane. The browser tests that share one app are two lanes, each with an app of its own. The first
begins at once, because it is the longest, while the other worker runs the files without a browser.
Then come the second and the tests that build other apps.
"""

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

_BROWSER: Final = "tests/e2e/"
_OWN_APPS: Final = tuple(
    f"{_BROWSER}test_{name}.py"
    for name in (
        *("anonymous", "customers", "declared_panels", "prebuilt", "products", "real_clerk"),
        *("short_lives", "ways_to_run"),
    )
)
"""The browser tests that build an app of their own. The others share one."""

_SECOND_HALF: Final = f"{_BROWSER}test_e"
"""The second lane begins with this name. Both take about the same time."""


class Lanes(LoadFileScheduling):  # type: ignore[misc] # it has no types
    """Gives each worker one lane at a time, by the names of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


def lane(nodeid: str) -> str:
    """Return the lane of a test: its file, or one of the two halves of the browser tests."""
    file = nodeid.partition("::")[0]
    if not _is_shared(file):
        return file
    return f"{_BROWSER}{'first' if file < _SECOND_HALF else 'second'}"


def deal(items: list[pytest.Item]) -> None:
    """Sort the tests by lane; the order within a lane stays."""
    items.sort(key=lambda item: _place(item.nodeid.partition("::")[0]))


def _place(file: str) -> int:
    if _is_shared(file):
        return 0 if file < _SECOND_HALF else 2
    return 3 if file in _OWN_APPS else 1


def _is_shared(file: str) -> bool:
    return file.startswith(_BROWSER) and file not in _OWN_APPS
