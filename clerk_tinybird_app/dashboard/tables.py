"""The rows of the two tables, with the addresses that a click on them leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from clerk_tinybird_app import routes
from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.view import View

_HUNDRED: Final = 100
_SORTED_BY: Final = {"requests": "requests", "errors": "error_rate", "p95": "p95_ms"}
"""Order -> column, the one that is shown under the heading."""


@dataclass(frozen=True)
class RouteRow:
    """One route in the table of routes.

    Attributes:
        method: Its HTTP method.
        route: Its path.
        requests: How many.
        errors: The share of errors, with its unit.
        p95: The 95th percentile of its latency, with its unit.
        bar: Its requests in per cent of the busiest route's.
        filter_href: The same dashboard with this route alone.
        href: The route's own view.
    """

    method: str
    route: str
    requests: str
    errors: str
    p95: str
    bar: int
    filter_href: str
    href: str


@dataclass(frozen=True)
class RecentRow:
    """One request in the live tail.

    Attributes:
        request_id: Its id.
        time: When, in the viewer's zone.
        status: Its HTTP status.
        status_class: Such as ``2xx``.
        method: Its HTTP method.
        route: Its path.
        duration: With its unit.
        region: Where.
        route_href: The dashboard with its route alone.
        status_href: The dashboard with its class of status alone.
        region_href: The dashboard with its region alone.
    """

    request_id: str
    time: str
    status: int
    status_class: str
    method: str
    route: str
    duration: str
    region: str
    route_href: str
    status_href: str
    region_href: str


def route_rows(rows: Sequence[Mapping[str, Any]], view: View) -> list[RouteRow]:
    """Return ``top_routes``'s rows, asked for with ``view``, in its order."""
    most = max((row["requests"] for row in rows), default=1) or 1
    column = _SORTED_BY[view.sort]
    ordered = sorted(rows, key=lambda row: row[column], reverse=True)
    return [_route_row(row, view, most) for row in ordered]


def recent_rows(
    rows: Sequence[Mapping[str, Any]], view: View, zone: tzinfo, *, page: str, now: float
) -> list[RecentRow]:
    """Return ``recent_requests``'s rows, newest first.

    Args:
        rows: The pipe's rows.
        view: The view that they were asked for with.
        zone: The viewer's zone.
        page: The path that clicks stay on.
        now: Seconds since the epoch.
    """
    today = datetime.fromtimestamp(now, UTC)
    return [_recent_row(row, view, zone, page, today) for row in rows]


def _route_row(row: Mapping[str, Any], view: View, most: int) -> RouteRow:
    alone = view.changed(method=row["method"], route=row["route"])
    return RouteRow(
        method=row["method"],
        route=row["route"],
        requests=texts.count(row["requests"]),
        errors=texts.share(row["error_rate"]),
        p95=texts.milliseconds(row["p95_ms"]),
        bar=round(_HUNDRED * row["requests"] / most),
        filter_href=alone.address(routes.DASHBOARD),
        href=alone.address(routes.ROUTE),
    )


def _recent_row(
    row: Mapping[str, Any], view: View, zone: tzinfo, page: str, today: datetime
) -> RecentRow:
    at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
    status_class = f"{row['status'] // _HUNDRED}xx"
    return RecentRow(
        request_id=row["request_id"],
        time=texts.clock(at, zone, now=today),
        status=row["status"],
        status_class=status_class,
        method=row["method"],
        route=row["route"],
        duration=texts.milliseconds(row["duration_ms"]),
        region=row["region"],
        route_href=view.changed(method=row["method"], route=row["route"]).address(page),
        status_href=view.changed(status_class=status_class).address(page),
        region_href=view.changed(region=row["region"]).address(page),
    )
