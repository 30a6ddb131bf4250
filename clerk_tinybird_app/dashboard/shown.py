"""What each panel's rows are shown as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from clerk_tinybird_app.dashboard import charts, figures, questions, tables
from clerk_tinybird_app.dashboard.times import Times
from clerk_tinybird_app.dashboard.view import View

Rows = Sequence[dict[str, Any]]

ChartRow = dict[str, str | float | None]
"""A bucket: ``label`` on the axis, ``when`` in words, and a number for each series' label."""


@dataclass(frozen=True)
class ShownFigure:
    """One key figure, ready to be shown.

    Attributes:
        label: What it is called.
        value: With its unit.
        change: Against the period before, with its unit; ``NEW`` when that cannot be compared
            with, ``texts.NONE`` without a value in either.
        tone: ``good``, ``bad`` or ``neutral``: what the change means.
        trend: An SVG path in a box of ``TREND_WIDTH`` by ``TREND_HEIGHT``; "" without values.
    """

    label: str
    value: str
    change: str
    tone: str
    trend: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: What it says.
        href: Where a click leads; "" nowhere.
        tone: A ``Tone``; "" without one.
    """

    text: str
    href: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        key: What tells it from the table's other rows.
        cells: First what names it, or when it was; then one for each of the panel's columns.
        bar: The column with a bar, in per cent of the greatest; 0 without one.
        open_href: The page with its own panels; "" without one.
    """

    key: str
    cells: list[Cell]
    bar: int = 0
    open_href: str = ""


@dataclass(frozen=True)
class Share:
    """One value's part of a whole.

    Attributes:
        label: The value.
        value: Its part, with its unit.
        percent: Its part in per cent of all that is shown.
        href: The view of this value alone; "" where it cannot be had.
    """

    label: str
    value: str
    percent: int
    href: str = ""


class UnfitRowsError(Exception):
    """A pipe's rows are not what a panel shows, such as those of an older version of the pipe."""


def shown(
    panel: str,
    rows: Mapping[str, Rows],
    view: View,
    *,
    page: str,
    zone: tzinfo,
    now: float,
) -> dict[str, Any]:
    """Return what the page shows of one panel, by the names of the dashboard's vars.

    Args:
        panel: One of ``questions.PANELS``.
        rows: Panel -> the rows of its pipe, the panel's own among them.
        view: What they were asked for with.
        page: The path of the page that is open.
        zone: The viewer's.
        now: Seconds since the epoch.

    Raises:
        UnfitRowsError: The rows lack a column, or hold what the panel cannot show.
    """
    period = view.period(now)
    times = Times.of(period, zone, now)
    try:
        own = rows[panel]
        match panel:
            case questions.FIGURES:
                over_time = (
                    charts.since(rows.get(each, ()), period.start)
                    for each in (questions.TRAFFIC, questions.LATENCY)
                )
                return {"figures": figures.key_figures(own[0], *over_time, filters=view.filters)}
            case questions.TRAFFIC:
                own = charts.since(own, period.start)
                return {
                    "traffic": charts.traffic_rows(own, period.step, times),
                    "traffic_summary": charts.traffic_summary(
                        own, period.step, times, counts_errors=view.status_class is None
                    ),
                }
            case questions.LATENCY:
                own = charts.since(own, period.start)
                return {
                    "latency": charts.latency_rows(own, period.step, times),
                    "latency_summary": charts.latency_summary(own, period.step, times),
                }
            case questions.ROUTES:
                return {"top_routes": tables.route_rows(own, view)}
            case _:
                return {"recent": tables.recent_rows(own, view, times, page=page, now=now)}
    except KeyError as error:
        raise UnfitRowsError(f"its rows have no column {error}") from error
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise UnfitRowsError(f"its rows cannot be shown ({type(error).__name__})") from error


def is_empty(panel: str, rows: Rows) -> bool:
    """Tell whether there is nothing to show: no row, or buckets without a request."""
    if panel in (questions.TRAFFIC, questions.LATENCY):
        return not any(row.get("requests") for row in rows)
    return not rows


def says_nothing(panel: str, rows: Rows) -> bool:
    """Tell whether a panel's rows speak of no request at all, in its period and before."""
    if panel == questions.FIGURES:
        return not any(row.get(name) for row in rows for name in ("requests", "requests_before"))
    return is_empty(panel, rows)
