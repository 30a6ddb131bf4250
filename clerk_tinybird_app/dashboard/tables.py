"""The rows of the two tables, with the addresses that a click on them leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from clerk_tinybird_app import routes
from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.times import Times
from clerk_tinybird_app.dashboard.view import View

_HUNDRED: Final = 100


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
        filter_href: The same dashboard with this route alone; "" when its name is too long for
            an address.
        href: The route's own view; "" likewise.
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
        region_href: The dashboard with its region alone. Each is "" when its address would be
            too long.
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
    """Return ``top_routes``'s rows, which the pipe ordered as ``view`` says."""
    most = max((row["requests"] for row in rows), default=1) or 1
    return [_route_row(row, view, most) for row in rows]


def recent_rows(
    rows: Sequence[Mapping[str, Any]], view: View, times: Times, *, page: str, now: float
) -> list[RecentRow]:
    """Return ``recent_requests``'s rows, newest first.

    Args:
        rows: The pipe's rows.
        view: The view that they were asked for with.
        times: How the view writes times.
        page: The path that clicks stay on.
        now: Seconds since the epoch.
    """
    today = datetime.fromtimestamp(now, UTC)
    return [_recent_row(row, view, times, page, today) for row in rows]


def _route_row(row: Mapping[str, Any], view: View, most: int) -> RouteRow:
    alone = view.changed(method=row["method"], route=row["route"])
    return RouteRow(
        method=texts.named(row["method"]),
        route=texts.named(row["route"]),
        requests=texts.count(row["requests"]),
        # Among requests of one class of status all are errors, or none is.
        errors=texts.share(None if view.status_class else row["error_rate"]),
        p95=texts.milliseconds(row["p95_ms"]),
        bar=round(_HUNDRED * row["requests"] / most),
        filter_href=alone.link(routes.DASHBOARD),
        href=alone.link(routes.ROUTE),
    )


def _recent_row(
    row: Mapping[str, Any], view: View, times: Times, page: str, today: datetime
) -> RecentRow:
    at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
    status_class = f"{row['status'] // _HUNDRED}xx"
    return RecentRow(
        request_id=row["request_id"],
        time=times.clock(at, now=today),
        status=row["status"],
        status_class=status_class,
        method=texts.named(row["method"]),
        route=texts.named(row["route"]),
        duration=texts.milliseconds(row["duration_ms"]),
        region=texts.named(row["region"]),
        route_href=view.changed(method=row["method"], route=row["route"]).link(page),
        status_href=view.changed(status_class=status_class).link(page),
        region_href=view.changed(region=row["region"]).link(page),
    )
