"""The rows of the charts, and each chart in a sentence."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.times import Times
from clerk_tinybird_app.dashboard.view import STATUS_CLASSES

PERCENTILES: Final = ("p50", "p95", "p99")
LABEL: Final = "label"
"""The key of what stands on the axis."""

WHEN: Final = "when"
"""The key of the whole bucket in words."""

ChartRow = dict[str, str | float | None]


def since(rows: Sequence[dict[str, Any]], start: datetime) -> Sequence[dict[str, Any]]:
    """Return the rows without a first bucket that began before the period and so counts a part."""
    return rows[1:] if rows and _bucket(rows[0]) < start else rows


def traffic_rows(
    rows: Sequence[Mapping[str, Any]], step: timedelta, times: Times
) -> list[ChartRow]:
    """Return ``requests_over_time``'s rows with one number for each class of status."""
    return [
        _when(row, step, times) | {name: row[f"status_{name}"] for name in STATUS_CLASSES}
        for row in rows
    ]


def latency_rows(
    rows: Sequence[Mapping[str, Any]], step: timedelta, times: Times
) -> list[ChartRow]:
    """Return ``latency_over_time``'s rows with one number, in ms, for each percentile."""
    return [
        _when(row, step, times) | {name: row[f"{name}_ms"] for name in PERCENTILES} for row in rows
    ]


def traffic_summary(
    rows: Sequence[Mapping[str, Any]], step: timedelta, times: Times, *, counts_errors: bool = True
) -> str:
    """Return what the chart of requests shows, in a sentence.

    Args:
        rows: Those of ``requests_over_time``.
        step: The width of a bucket.
        times: How the view writes times.
        counts_errors: False when all of the requests are errors, or none can be.
    """
    if not rows:
        return "No requests."
    peak = max(rows, key=lambda row: row["requests"])
    total = sum(row["requests"] for row in rows)
    errors = sum(row["status_4xx"] + row["status_5xx"] for row in rows)
    of_them = f", {texts.count(errors)} of them errors" if counts_errors else ""
    return (
        f"{texts.count(total)} requests{of_them}; the most, "
        f"{texts.count(peak['requests'])}, on {times.span(_bucket(peak), step)}."
    )


def latency_summary(rows: Sequence[Mapping[str, Any]], step: timedelta, times: Times) -> str:
    """Return what the chart of latency shows, in a sentence."""
    measured = [row for row in rows if row["p95_ms"] is not None]
    if not measured:
        return "No requests."
    worst = max(measured, key=lambda row: row["p95_ms"])
    last = measured[-1]
    return (
        f"p95 is {texts.milliseconds(last['p95_ms'])} at the end; the highest, "
        f"{texts.milliseconds(worst['p95_ms'])}, on {times.span(_bucket(worst), step)}."
    )


def _when(row: Mapping[str, Any], step: timedelta, times: Times) -> ChartRow:
    start = _bucket(row)
    return {LABEL: times.tick(start, step), WHEN: times.span(start, step)}


def _bucket(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["bucket"]).replace(tzinfo=UTC)
