"""Distributes the tests to workers that run side by side: ``pytest -n 3 --dist loadfile``.

A lane is a group of tests that one worker runs, so that what they share is made once. Each file is
a lane. The browser tests that share one app are two lanes, each with an app of its own; those of
any other app are a lane too.

Two of three workers begin with the two long lanes, the third with the files without a browser, and
whoever is free helps. What builds another app comes last, because a build makes everything beside
it slow, and the long lanes have tests of a few seconds. The longest of them is the first, so that
no worker waits long for the last one.
"""

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

_BROWSER: Final = "tests/e2e/"
_HALVES: Final = ("first", "second")
_SECOND_HALF: Final = f"{_BROWSER}test_dashboard_tabs"
"""The second half begins with this name. Both take about the same time."""

_DEVELOPMENT: Final = "development"
_OWN_APPS: Final = {
    # Which waits more than it computes.
    "several_backends": "several backends",
    # Both use the shared app too.
    "products": "products",
    "real_clerk": "products",
    "ways_to_run": _DEVELOPMENT,
    "declared_panels": "post office",
    "short_lives": "post office",
    "customers": "customers",
    "behind_tls": "behind tls",
    "anonymous": "anonymous",
}
"""File of browser tests -> its lane, the longest first. The other files share one app."""


class Lanes(LoadFileScheduling):  # type: ignore[misc] # it has no types
    """Gives each worker one lane at a time, by the names of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


def lane(nodeid: str) -> str:
    """Return the lane of a test: its file, or what it shares with other browser tests."""
    file, _, test = nodeid.partition("::")
    if not file.startswith(_BROWSER):
        return file
    if f"[{_DEVELOPMENT}" in test:
        return _DEVELOPMENT
    half = _HALVES[file >= _SECOND_HALF]
    return _OWN_APPS.get(file.removeprefix(f"{_BROWSER}test_").removesuffix(".py"), half)


def deal(items: list[pytest.Item]) -> None:
    """Sort the tests by lane; the order within a lane stays."""
    order = [*_HALVES, "", *dict.fromkeys(_OWN_APPS.values())]
    place = {name: number for number, name in enumerate(order)}
    items.sort(key=lambda item: place.get(lane(item.nodeid), place[""]))
