"""What each panel's rows are shown as."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from clerk_tinybird_app.dashboard import charts, figures, questions, tables
from clerk_tinybird_app.dashboard.times import Times
from clerk_tinybird_app.dashboard.view import View

Rows = Sequence[dict[str, Any]]


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
