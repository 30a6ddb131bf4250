"""The time zones that a viewer can choose."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, available_timezones

from clerk_tinybird_app.dashboard.times import UTC_NAME, offset_name, zone_named

_TABLE: Final = "zone.tab"
"""The file beside the zones that names each by the one name that is in use."""

_AREAS: Final = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


_QUARTER_SECONDS: Final = 900
"""No zone changes its distance from UTC but at a quarter of an hour."""


def is_zone(name: str) -> bool:
    """Tell whether a text is the name of a time zone that is known here."""
    return str(zone_named(name)) == name


@cache
def names() -> tuple[str, ...]:
    """Return the zones by area and city, each once, in the order of their names."""
    known = {
        name for name in available_timezones() if name.partition("/")[0] in _AREAS and "/" in name
    }
    # Without the table, older names of the same zones are offered too.
    return tuple(sorted(known & _in_table() or known))


def choices(now: float) -> list[list[str]]:
    """Return every zone that can be chosen with how far it is from UTC at ``now``."""
    return [list(each) for each in _choices(now // _QUARTER_SECONDS * _QUARTER_SECONDS)]


@lru_cache(maxsize=1)
def _choices(now: float) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, offset_name(datetime.fromtimestamp(now, zone_named(name))))
        for name in (UTC_NAME, *names())
    )


def _in_table() -> set[str]:
    for text in _tables():
        lines = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
        return {cells[2].strip() for cells in lines if len(cells) > 2}  # noqa: PLR2004
    return set()


def _tables() -> Iterator[str]:
    for file in (Path(folder) / _TABLE for folder in TZPATH):
        if file.is_file():
            yield file.read_text(encoding="utf-8")
    with suppress(ModuleNotFoundError, OSError):
        yield (resources.files("tzdata.zoneinfo") / _TABLE).read_text(encoding="utf-8")
