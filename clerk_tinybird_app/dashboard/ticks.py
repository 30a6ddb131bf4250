"""The marks on a chart's axis of time: round hours and days of the viewer's zone.

Every tick has a rank, and those of a rank and above lie evenly: 1, 3, 6 and 12 hours, days,
Mondays. So whoever knows how wide the chart is shows the lowest rank that it has room for.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from clerk_tinybird_app.dashboard.times import Times, clock_text

_MOST: Final = 40
"""More have no room on any screen."""

_SECONDS: Final = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200)
"""Each divides the next and the day; a rank is a place in this list."""

_DAY_RANK: Final = len(_SECONDS)
_TWICE_A_WEEK: Final = _DAY_RANK + 1
_WEEK_RANK: Final = _DAY_RANK + 2
_FORTNIGHT: Final = _DAY_RANK + 3
_FOUR_WEEKS: Final = _DAY_RANK + 4
_MONTH: Final = _DAY_RANK + 5
_QUARTER: Final = _DAY_RANK + 6
_YEAR: Final = _DAY_RANK + 7

_DAY: Final = timedelta(days=1)
_LONGEST_WITH_HOURS: Final = 10 * _DAY
_LONGEST_WITH_DAYS: Final = _MOST * _DAY
_LONGEST_WITH_WEEKS: Final = 3 * _LONGEST_WITH_DAYS
_THURSDAY: Final = 3


class Mark(NamedTuple):
    """One mark.

    Attributes:
        at: Where it stands, in buckets from the chart's left edge.
        text: What it says.
        rank: The higher, the rounder.
        is_day: True for the beginning of something larger than what the other marks tell.
    """

    at: float
    text: str
    rank: int
    is_day: bool


def ticks(starts: Sequence[datetime], end: datetime, step: timedelta, times: Times) -> list[Mark]:
    """Return the marks of a chart.

    Args:
        starts: Where its buckets begin, in UTC, oldest first.
        end: Where the last one ends.
        step: How wide they are.
        times: How the view writes moments.
    """
    if not starts:
        return []
    edges, begun = [*starts, end], set(starts)
    found = []
    for at, text, rank, is_day in _marks(starts[0], end, times):
        # A bucket that is a day or more is marked in its middle: it is that day.
        shift = 0.5 if step >= _DAY and at in begun else 0.0
        if starts[0] <= at <= end and not (step >= _DAY and at == end):
            found.append(Mark(round(_place(edges, at) + shift, 3), text, rank, is_day))
    return found


def _marks(
    start: datetime, end: datetime, times: Times
) -> Iterator[tuple[datetime, str, int, bool]]:
    length = end - start
    if length > _LONGEST_WITH_HOURS:
        yield from _days(start, end, times)
        return
    rank = next(n for n, each in enumerate(_SECONDS) if length.total_seconds() / each <= _MOST)
    for at, wall in _wall_marks(start, end, timedelta(seconds=_SECONDS[rank]), times):
        seconds = (wall - datetime.combine(wall.date(), time())).seconds
        if seconds:
            own = max(n for n, each in enumerate(_SECONDS) if seconds % each == 0)
            yield at, clock_text(times.local(at), timedelta(seconds=_SECONDS[own])), own, False
        else:
            yield at, f"{wall:%a} {wall.day}", _day_rank(wall), True


def _days(
    start: datetime, end: datetime, times: Times
) -> Iterator[tuple[datetime, str, int, bool]]:
    length = end - start
    for at, wall in _wall_marks(start, end, _DAY, times):
        rank = _day_rank(wall)
        if length > _LONGEST_WITH_WEEKS:
            if wall.day == 1:
                rank = _YEAR if wall.month == 1 else _QUARTER if wall.month % 3 == 1 else _MONTH
                yield at, f"{wall:%b}" if wall.month > 1 else f"{wall.year}", rank, rank == _YEAR
        elif length <= _LONGEST_WITH_DAYS or rank > _DAY_RANK:
            yield at, times.date(wall), rank, rank >= _WEEK_RANK


def _day_rank(day: datetime) -> int:
    if day.weekday() == _THURSDAY:
        return _TWICE_A_WEEK
    if day.weekday():
        return _DAY_RANK
    weeks = day.toordinal() // 7
    return _WEEK_RANK if weeks % 2 else _FORTNIGHT if weeks % 4 else _FOUR_WEEKS


def _wall_marks(
    start: datetime, end: datetime, interval: timedelta, times: Times
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the moments at which a clock on the wall shows a multiple of ``interval``.

    A time of day that comes twice is two moments, but for a midnight; one that is left out is none,
    and a day whose midnight is left out begins with what the clock shows next.
    """
    first, last = (times.local(at).replace(tzinfo=None) for at in (start, end))
    # A clock that is put back shows times before the first one.
    first -= timedelta(hours=1)
    midnight = datetime.combine(first.date(), time())
    wall = midnight + (first - midnight) // interval * interval
    seen = None
    while wall <= last + timedelta(hours=1):
        for fold in (0, 1) if wall.time() != time() else (0,):
            at = wall.replace(tzinfo=times.zone, fold=fold).astimezone(UTC)
            is_shown = wall.time() == time() or times.local(at).replace(tzinfo=None) == wall
            if is_shown and at != seen:
                yield at, wall
                seen = at
        wall += interval


def _place(edges: Sequence[datetime], at: datetime) -> float:
    """Return where a moment is between the edges of buckets, in buckets."""
    before = min(bisect_right(edges, at), len(edges) - 1) - 1
    if before < 0:
        return 0.0
    return before + (at - edges[before]) / (edges[before + 1] - edges[before])
