"""How the tests are dealt to workers that run side by side: ``pytest -n 2 --dist loadgroup``.

A file is run by one worker, so that what its tests share is made once. The browser's tests at the
app that is built once are one lane across files, and the first: they take longest, and wait much.
Meanwhile the other worker takes one file after the other. What builds an app for a few tests alone
comes last.
"""

from typing import Final

import pytest

SHARED_APP: Final = pytest.mark.xdist_group("the app that is built once")
DEVELOPMENT: Final = pytest.mark.xdist_group("the app with hot reload")

_BROWSER: Final = "e2e"


def deal(items: list[pytest.Item]) -> None:
    """Mark each test with its lane, and put the lanes in order; a lane keeps its own."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            is_shared = item.path.parent.name == _BROWSER and "app" in _fixtures(item)
            item.add_marker(SHARED_APP if is_shared else pytest.mark.xdist_group(str(item.path)))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if item.get_closest_marker("xdist_group") == SHARED_APP.mark:
        return 0
    return 2 if item.path.parent.name == _BROWSER else 1


def _fixtures(item: pytest.Item) -> list[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else []
