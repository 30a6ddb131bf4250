"""The four key figures, each against the period before and with a small trend line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts

GOOD: Final = "good"
BAD: Final = "bad"
NEUTRAL: Final = "neutral"

TREND_WIDTH: Final = 100
TREND_HEIGHT: Final = 30

_HUNDRED: Final = 100


@dataclass(frozen=True)
class Figure:
    """One key figure, ready to be shown.

    Attributes:
        name: What it counts.
        value: With its unit.
        change: Against the period before, with its unit; ``texts.NONE`` without one.
        tone: ``good``, ``bad`` or ``neutral``: what the change means.
        trend: An SVG path in a box of ``TREND_WIDTH`` by ``TREND_HEIGHT``; "" without values.
    """

    name: str
    value: str
    change: str
    tone: str
    trend: str = ""


def key_figures(
    summary: Mapping[str, Any],
    traffic: Sequence[Mapping[str, Any]],
    latency: Sequence[Mapping[str, Any]],
) -> list[Figure]:
    """Return the figures of ``usage_summary``'s one row.

    Args:
        summary: The row.
        traffic: The rows of ``requests_over_time``, for the trends; may be empty.
        latency: The rows of ``latency_over_time``, for the trends; may be empty.
    """
    # The last bucket is still filling: it would make every trend end in a fall.
    traffic, latency = traffic[:-1], latency[:-1]
    return [
        _requests(summary, [row["requests"] for row in traffic]),
        _error_rate(summary, [_error_share(row) for row in traffic]),
        _p95(summary, [row["p95_ms"] for row in latency]),
        _routes(summary, [row.get("active_routes") for row in traffic]),
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


def _requests(row: Mapping[str, Any], values: Sequence[float | None]) -> Figure:
    now, before = row["requests"], row["requests_before"]
    change = _HUNDRED * (now - before) / before if before else None
    text = texts.NONE if change is None else f"{texts.signed(change, 1)} %"
    tone = GOOD if change is not None and change > 0 else NEUTRAL
    return Figure("Requests", texts.count(now), text, tone, trend(values))


def _error_rate(row: Mapping[str, Any], values: Sequence[float | None]) -> Figure:
    now, before = row["error_rate"], row["error_rate_before"]
    change = _difference(now, before, _HUNDRED)
    text = texts.NONE if change is None else f"{texts.signed(change, 2)} pt"
    return Figure("Error rate", texts.share(now), text, _less_is_better(change), trend(values))


def _p95(row: Mapping[str, Any], values: Sequence[float | None]) -> Figure:
    now, before = row["p95_ms"], row["p95_ms_before"]
    change = _difference(now, before)
    text = texts.NONE if change is None else f"{texts.signed(change, 0)} ms"
    tone = _less_is_better(change)
    return Figure("p95 latency", texts.milliseconds(now), text, tone, trend(values))


def _routes(row: Mapping[str, Any], values: Sequence[float | None]) -> Figure:
    now, before = row["active_routes"], row["active_routes_before"]
    text = texts.signed(now - before, 0)
    return Figure("Active routes", texts.count(now), text, NEUTRAL, trend(values))


def _difference(now: float | None, before: float | None, times: float = 1) -> float | None:
    return None if now is None or before is None else (now - before) * times


def _less_is_better(change: float | None) -> str:
    if not change:
        return NEUTRAL
    return BAD if change > 0 else GOOD


def _error_share(row: Mapping[str, Any]) -> float | None:
    requests: int = row["requests"]
    return (row["status_4xx"] + row["status_5xx"]) / requests if requests else None
