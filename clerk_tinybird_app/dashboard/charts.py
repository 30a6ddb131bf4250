"""What a panel over time shows: its buckets, their values, and those of the period before."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.declaration import ChartLimit, Figures, Panel, TimeSeries, Unit
from clerk_tinybird_app.dashboard.ticks import Mark, ticks
from clerk_tinybird_app.dashboard.times import Period, Times, step_name

SO_FAR: Final = "so far"
IN_PART: Final = "in part"

_FOLDS: Final = (1, 2, 4)
"""How many buckets a narrow chart draws as one; the same as in ``chart_scales.jsx``."""

_KEPT_AXES: Final = 128
_KEPT_MOMENTS: Final = 16_384
"""The same buckets come at every refresh, and for every viewer of a zone."""

Rows = Sequence[Mapping[str, Any]]
"""A pipe's rows, as they came."""


@dataclass(frozen=True)
class Axis:
    """When a chart's buckets were. It stays the same until another bucket begins.

    Attributes:
        starts: Where each begins, in seconds since the epoch.
        end: Where the last one ends.
        seconds: How wide they are.
        steps: That in words: of one bucket, of two and of four.
        words: Each in words.
        ticks: The marks below it.
        open: The first bucket that is not whole; -1 without any.
        open_note: What is said of it; "" without any.
    """

    starts: list[int] = field(default_factory=list)
    end: int = 0
    seconds: int = 0
    steps: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    ticks: list[Mark] = field(default_factory=list)
    open: int = -1
    open_note: str = ""


@dataclass(frozen=True)
class Chart:
    """The values of a chart, None where there is none.

    Attributes:
        values: Of each series, one for each bucket.
        totals: Of each series, for the whole period.
        before: One for each bucket, of the period before; empty without it.
        before_total: That of the whole period before.
        before_name: What the period before is called.
        before_note: What is said of it when the data does not reach back to its beginning.
        has_limit: True when there is a limit that says something.
        above: The buckets that are above it.
        summary: What it shows, in a sentence.
    """

    values: list[list[float | None]] = field(default_factory=list)
    totals: list[float | None] = field(default_factory=list)
    before: list[float | None] = field(default_factory=list)
    before_total: float | None = None
    before_name: str = ""
    before_note: str = ""
    has_limit: bool = False
    above: list[int] = field(default_factory=list)
    summary: str = ""


def axis_of(
    starts: Sequence[datetime], step: timedelta, period: Period, times: Times, open_note: str
) -> Axis:
    """Return when the buckets were that begin at ``starts``.

    Args:
        starts: In UTC, oldest first.
        step: How wide they are.
        period: The one that is shown, as far as it has passed.
        times: How the view writes moments.
        open_note: What is said of a bucket that is not whole.
    """
    if not starts:
        return Axis()
    axis, ends = _whole_axis(tuple(starts), step, times)
    part = bisect_right(ends, period.end)
    return axis if part == len(ends) else replace(axis, open=part, open_note=open_note)


@lru_cache(_KEPT_AXES)
def _whole_axis(
    starts: tuple[datetime, ...], step: timedelta, times: Times
) -> tuple[Axis, Sequence[datetime]]:
    """Return the axis of buckets that are all whole, and where each ends."""
    end = times.end(starts[-1], step)
    axis = Axis(
        starts=[int(each.timestamp()) for each in starts],
        end=int(end.timestamp()),
        seconds=int(step.total_seconds()),
        steps=[step_name(step * each) for each in _FOLDS],
        words=[times.span(each, step) for each in starts],
        ticks=ticks(starts, end, step, times),
    )
    return axis, (*starts[1:], end)


def beside(
    axis: Axis,
    rows: Rows,
    *,
    at: str,
    column: str,
    counterpart: Callable[[datetime], datetime],
) -> list[float | None]:
    """Return the values of the period before, each at the bucket that it stands for.

    The clocks of the two need not go alike, so that is the nearest within half a bucket.

    Args:
        axis: That of the period itself.
        rows: Those of the period before, oldest first.
        at: The column with a bucket's beginning.
        column: The one with the value.
        counterpart: Gives the moment of the period that one of the period before stands for.
    """
    starts = [int(counterpart(moment(row[at])).timestamp()) for row in rows]
    values: dict[int | None, Any] = {
        start: row[column] for start, row in zip(starts, rows, strict=True)
    }
    nearest = _nearest_of_each(tuple(starts), tuple(axis.starts), axis.seconds / 2)
    return [number(values.get(each)) for each in nearest]


@lru_cache(_KEPT_AXES)
def _nearest_of_each(
    starts: tuple[int, ...], wanted: tuple[int, ...], most: float
) -> list[int | None]:
    return [_nearest(starts, each, most) for each in wanted]


def _nearest(starts: Sequence[int], start: int, most: float) -> int | None:
    """Return which of ``starts``, in order, is the nearest within so many seconds."""
    place = bisect_left(starts, start)
    near = starts[max(place - 1, 0) : place + 1]
    best = min(near, key=lambda each: abs(each - start), default=None)
    return best if best is not None and abs(best - start) <= most else None


def totals_of(
    panel: TimeSeries, rows: Rows, panels: Iterable[Panel], others: Mapping[str, Rows]
) -> list[float | None]:
    """Return each series' value of the whole period.

    That of parts is their sum. Other measures, such as percentiles, cannot be summed up: theirs is
    that of the key figure whose trend it is, None without.

    Args:
        panel: The chart's.
        rows: All of its rows, also of a first bucket that is not drawn.
        panels: Those of the page.
        others: Key of a panel -> the rows of its pipe.
    """
    if panel.is_stacked:
        return [_sum(row[each.column] for row in rows) for each in panel.series]
    return [_figure(panel, each.column, panels, others) for each in panel.series]


def total_before(
    panel: TimeSeries, rows: Rows, panels: Iterable[Panel], others: Mapping[str, Rows]
) -> float | None:
    """Return the value of the whole period before; the arguments are those of ``totals_of``."""
    if panel.is_stacked:
        return _sum(row[panel.before] for row in rows) if rows else None
    return _figure(panel, panel.before, panels, others, is_before=True)


def without_leading_zeros(values: Iterable[float | None]) -> list[float | None]:
    """Return values of which the first zeros are none: there was nothing yet to be counted."""
    has_begun = False
    return [value if (has_begun := has_begun or bool(value)) else None for value in values]


def above(limit: ChartLimit, panel: TimeSeries, rows: Rows) -> list[int]:
    """Return the places of the rows that are above a limit.

    A single event of a few makes a great share, so a share must be above it with one less too.
    """
    is_share = (limit.unit or panel.unit) is Unit.PERCENT and bool(panel.count)
    found = []
    for place, row in enumerate(rows):
        value = number(row[limit.column])
        if value is None or value <= limit.above:
            continue
        whole = (number(row[panel.count]) or 0) if is_share else 0
        if not is_share or value * whole - 1 > limit.above * whole:
            found.append(place)
    return found


def summary(panel: TimeSeries, rows: Rows, words: Sequence[str]) -> str:
    """Return what a chart shows, in a sentence; ``words`` says when each row was."""
    told = _told_as_a_whole if panel.is_stacked else _told_by_its_main
    return told(panel, rows, words) or f"No {panel.noun}."


def number(value: Any) -> float | None:
    """Return a number that came with the data.

    Raises:
        TypeError: It is none.
    """
    if value is None or isinstance(value, int | float):
        return value
    raise TypeError(f"{value!r} is no number")


@lru_cache(_KEPT_MOMENTS)
def moment(text: str) -> datetime:
    """Return a moment that came with the data."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _told_as_a_whole(panel: TimeSeries, rows: Rows, words: Sequence[str]) -> str:
    columns = [panel.count] if panel.count else [each.column for each in panel.series]
    wholes = [sum(row[name] or 0 for name in columns) for row in rows]
    total = sum(wholes)
    if not total:
        return ""
    sums = {each.label: sum(row[each.column] or 0 for row in rows) for each in panel.series}
    parts = [f"{label} {texts.written(part, panel.unit)}" for label, part in sums.items() if part]
    of_them = f" ({', '.join(parts)})" if len(parts) > 1 else ""
    noun = f" {panel.noun}" if panel.unit is Unit.COUNT else ""
    peak = wholes.index(max(wholes))
    return (
        f"{texts.written(total, panel.unit)}{noun}{of_them}; the most, "
        f"{texts.written(wholes[peak], panel.unit)}, on {words[peak]}."
    )


def _told_by_its_main(panel: TimeSeries, rows: Rows, words: Sequence[str]) -> str:
    main = next((each for each in panel.series if each.label == panel.main), panel.series[0])
    measured = {n: value for n, row in enumerate(rows) if (value := row[main.column]) is not None}
    if not measured:
        return ""
    worst = max(measured, key=measured.__getitem__)
    return (
        f"{main.label} is {texts.written(measured[max(measured)], panel.unit)} at the end; "
        f"the highest, {texts.written(measured[worst], panel.unit)}, on {words[worst]}."
    )


def _sum(values: Iterable[Any]) -> float:
    return sum(number(value) or 0 for value in values)


def _figure(
    panel: TimeSeries,
    column: str,
    panels: Iterable[Panel],
    others: Mapping[str, Rows],
    *,
    is_before: bool = False,
) -> float | None:
    """Return the key figure whose trend is this column, asked for the same; None without one."""
    for each in panels:
        if not isinstance(each, Figures) or _asks(each) != _asks(panel):
            continue
        found = next((one for one in each.figures if one.trend == (panel.pipe, column)), None)
        rows = others.get(each.key, ())
        if found and rows:
            value = rows[0].get(found.before_column if is_before else found.column)
            # What is wrong with the key figures' rows is theirs to say.
            return value if isinstance(value, int | float) else None
    return None


def _asks(panel: Panel) -> tuple[Mapping[str, str], set[str]]:
    """Return what a panel asks with beside the period and the filters that all share."""
    return panel.parameters, set(panel.ignores)
