"""The periods of the calendar: days, weeks from Monday and months, of one time zone.

They move as the others do, but at midnight: tomorrow, today is another day.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from clerk_tinybird_app.dashboard.times import Period

_DAY: Final = timedelta(days=1)


def _day(of: date) -> date:
    return of


def _monday(of: date) -> date:
    return of - of.weekday() * _DAY


def _first(of: date) -> date:
    return of.replace(day=1)


@dataclass(frozen=True)
class _Kind:
    """One of the calendar's periods.

    Attributes:
        begin: Gives the first day of the day, week or month that a day is in.
        is_whole: True when it is the one before, which is over; else it ends now.
        before: What the period is called that it is compared with.
        same: The comparison of a period without a name that compares with the same, "" for none.
    """

    begin: Callable[[date], date]
    is_whole: bool
    before: str
    same: str


_KINDS: Final = {
    "today": _Kind(_day, is_whole=False, before="yesterday", same="day"),
    "yesterday": _Kind(_day, is_whole=True, before="day before", same="day"),
    "this-week": _Kind(_monday, is_whole=False, before="last week", same="week"),
    "last-week": _Kind(_monday, is_whole=True, before="week before", same="week"),
    "this-month": _Kind(_first, is_whole=False, before="last month", same=""),
    "last-month": _Kind(_first, is_whole=True, before="month before", same=""),
}

NAMES: Final = {name: name.replace("-", " ") for name in _KINDS}
"""The periods by their names in the address -> what they are called."""


def is_over(name: str) -> bool:
    """Tell whether a period has ended."""
    return _KINDS[name].is_whole


def period(name: str, now: float, zone: tzinfo) -> Period:
    """Return the period ``name``, which ends with this very second if it is not over.

    Args:
        name: A key of ``NAMES``.
        now: Seconds since the epoch.
        zone: Whose days, weeks and months they are.
    """
    kind, end = _KINDS[name], _until(now)
    begin = kind.begin(_today(now, zone))
    if kind.is_whole:
        return Period(_midnight(_earlier(kind, begin), zone), _midnight(begin, zone))
    return Period(_midnight(begin, zone), end)


def before(name: str, now: float, zone: tzinfo) -> Period:
    """Return what a period is compared with: the one before it, as far as this one has come.

    The time of day is that of the clock on the wall. A month that is shorter ends where it ends.
    """
    kind = _KINDS[name]
    begin = kind.begin(_today(now, zone))
    earlier = _earlier(kind, begin)
    if kind.is_whole:
        return Period(_midnight(_earlier(kind, earlier), zone), _midnight(earlier, zone))
    passed = _wall(_until(now), zone) - datetime.combine(begin, time())
    reached = _moment(datetime.combine(earlier, time()) + passed, zone)
    return Period(_midnight(earlier, zone), min(reached, _midnight(begin, zone)))


def name_before(name: str) -> str:
    """Return what the period is called that a period is compared with."""
    return _KINDS[name].before


def same_comparison(name: str) -> str:
    """Return the comparison by which a period of fixed dates keeps what it is compared with."""
    return _KINDS[name].same


def next_turn(name: str, now: float, zone: tzinfo) -> float:
    """Return when a period that is over becomes another one, in seconds since the epoch."""
    begin = _KINDS[name].begin(_today(now, zone))
    # No month has more days than this; from there it is one day at most to the next beginning.
    later = begin + _DAY
    while _KINDS[name].begin(later) == begin:
        later += _DAY
    return _midnight(later, zone).timestamp()


def moved(at: datetime, days: int, zone: tzinfo) -> datetime:
    """Return the moment so many days later at the same time of day, in UTC."""
    return _moment(_wall(at, zone) + days * _DAY, zone)


def days_between(earlier: datetime, later: datetime, zone: tzinfo) -> int:
    """Return how many days of the calendar lie between two moments."""
    return (later.astimezone(zone).date() - earlier.astimezone(zone).date()).days


def _earlier(kind: _Kind, begin: date) -> date:
    return kind.begin(begin - _DAY)


def _until(now: float) -> datetime:
    return datetime.fromtimestamp(math.floor(now) + 1, UTC)


def _today(now: float, zone: tzinfo) -> date:
    return datetime.fromtimestamp(now, zone).date()


def _midnight(day: date, zone: tzinfo) -> datetime:
    return _moment(datetime.combine(day, time()), zone)


def _wall(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _moment(wall: datetime, zone: tzinfo) -> datetime:
    # A time that comes twice is the first; one that is left out is where the clock was put on.
    return wall.replace(tzinfo=zone).astimezone(UTC)
