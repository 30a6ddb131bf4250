"""The key figures, each against the period before and with a small trend line."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts

GOOD: Final = "good"
BAD: Final = "bad"
NEUTRAL: Final = "neutral"

NEW: Final = "new"
"""Stands for a change when there is no period before to compare with."""

TREND_WIDTH: Final = 100
TREND_HEIGHT: Final = 30

_SHOWN: Final = 4
_HUNDRED: Final = 100


@dataclass(frozen=True)
class Figure:
    """One key figure, ready to be shown.

    Attributes:
        name: What it counts.
        value: With its unit.
        change: Against the period before, with its unit; ``NEW`` when that cannot be compared
            with, ``texts.NONE`` without a value in either.
        tone: ``good``, ``bad`` or ``neutral``: what the change means.
        trend: An SVG path in a box of ``TREND_WIDTH`` by ``TREND_HEIGHT``; "" without values.
    """

    name: str
    value: str
    change: str
    tone: str
    trend: str = ""


@dataclass(frozen=True)
class _Kind:
    """What one figure is made of.

    Attributes:
        name: What it counts.
        column: Of ``usage_summary``; the period before has ``<column>_before``.
        value: Writes it.
        change: Writes how it differs from the value before.
        of_bucket: Its value in a bucket of the charts, for the trend.
        less_is_better: True for what should be small; growth of the others means nothing.
        fixed_by: Filters that leave it one possible value when all of them are set.
        is_timed: True when its trend is drawn from ``latency_over_time``.
    """

    name: str
    column: str
    value: Callable[[float | None], str]
    change: Callable[[float, float], str]
    of_bucket: Callable[[Mapping[str, Any]], float | None]
    less_is_better: bool = False
    fixed_by: tuple[str, ...] = ()
    is_timed: bool = False


def key_figures(
    summary: Mapping[str, Any],
    traffic: Sequence[Mapping[str, Any]],
    latency: Sequence[Mapping[str, Any]],
    *,
    filters: Collection[str] = (),
) -> list[Figure]:
    """Return the first figures that say something, of ``usage_summary``'s one row.

    Args:
        summary: The row.
        traffic: The rows of ``requests_over_time``, for the trends; may be empty.
        latency: The rows of ``latency_over_time``, for the trends; may be empty.
        filters: The names of the filters that are set.
    """
    # The last bucket is still filling: it would make every trend end in a fall.
    traffic, latency = traffic[:-1], latency[:-1]
    telling = [
        kind for kind in _KINDS if not kind.fixed_by or not set(kind.fixed_by) <= set(filters)
    ]
    return [
        _figure(kind, summary, list(map(kind.of_bucket, latency if kind.is_timed else traffic)))
        for kind in telling[:_SHOWN]
    ]


def trend(values: Sequence[float | None]) -> str:
    """Return the path of a line through ``values`` above zero, with a gap for every None."""
    known = [value for value in values if value is not None]
    if not known or len(values) == 1:
        return ""
    most = max(known) or 1
    path, is_drawing = [], False
    for index, value in enumerate(values):
        if value is None:
            is_drawing = False
            continue
        x = index * TREND_WIDTH / (len(values) - 1)
        y = TREND_HEIGHT - 1 - value / most * (TREND_HEIGHT - 2)
        path.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}")
        is_drawing = True
    return "".join(path)


def _figure(kind: _Kind, row: Mapping[str, Any], values: Sequence[float | None]) -> Figure:
    now, before = row[kind.column], row[f"{kind.column}_before"]
    text, tone = texts.NONE, NEUTRAL
    if now is not None and not (row["before_is_whole"] and row["requests_before"]):
        text = NEW if row["requests"] else texts.NONE
    elif now is not None and before is not None:
        text = kind.change(now, before)
        # What rounds to nothing has no sign, and is neither good nor bad.
        if kind.less_is_better and not text[0].isdigit():
            tone = BAD if now > before else GOOD
    return Figure(kind.name, kind.value(now), text, tone, trend(values))


def _points(now: float, before: float) -> str:
    return f"{texts.signed(_HUNDRED * (now - before), 2)} pt"


def _slower(now: float, before: float) -> str:
    return f"{texts.signed(now - before, 0)} ms"


def _more(now: float, before: float) -> str:
    return texts.signed(now - before, 0)


def _error_share(row: Mapping[str, Any]) -> float | None:
    requests: int = row["requests"]
    return (row["status_4xx"] + row["status_5xx"]) / requests if requests else None


def _count(value: float | None) -> str:
    return texts.NONE if value is None else texts.count(value)


def _percentile(name: str) -> _Kind:
    column = f"{name}_ms"
    return _Kind(
        f"{name} latency",
        column,
        texts.milliseconds,
        _slower,
        itemgetter(column),
        less_is_better=True,
        is_timed=True,
    )


_KINDS: Final = (
    _Kind("Requests", "requests", _count, texts.growth, itemgetter("requests")),
    _Kind(
        "Error rate",
        "error_rate",
        texts.share,
        _points,
        _error_share,
        less_is_better=True,
        fixed_by=("status_class",),
    ),
    _percentile("p95"),
    _Kind(
        "Active routes",
        "active_routes",
        _count,
        _more,
        itemgetter("active_routes"),
        fixed_by=("method", "route"),
    ),
    _percentile("p99"),
    _percentile("p50"),
)
"""What can be shown, the most telling first."""
