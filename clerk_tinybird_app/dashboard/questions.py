"""What the dashboard asks Tinybird: one pipe for each of its panels."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from clerk_tinybird_app.dashboard.period import Period
from clerk_tinybird_app.dashboard.view import View

FIGURES: Final = "figures"
TRAFFIC: Final = "traffic"
LATENCY: Final = "latency"
ROUTES: Final = "routes"
RECENT: Final = "recent"

PANELS: Final = (FIGURES, TRAFFIC, LATENCY, ROUTES, RECENT)
"""The panels of the overview, in their order on the page."""

ROUTE_PANELS: Final = (FIGURES, TRAFFIC, LATENCY, RECENT)
"""The panels of one route's view."""

PIPES: Final = {
    FIGURES: "usage_summary",
    TRAFFIC: "requests_over_time",
    LATENCY: "latency_over_time",
    ROUTES: "top_routes",
    RECENT: "recent_requests",
}
"""The pipe that each panel shows."""

_LONG_AGO_DAYS: Final = 90
"""As long as the bundled project keeps a row."""

_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class Question:
    """One request for one panel.

    Attributes:
        panel: One of ``PANELS``.
        pipe: The pipe's name.
        parameters: Parameter name -> value.
    """

    panel: str
    pipe: str
    parameters: dict[str, str]


def questions(view: View, panels: tuple[str, ...], zone: tzinfo, now: float) -> list[Question]:
    """Return what fills ``panels`` with ``view``.

    Args:
        view: What the address says.
        panels: Some of ``PANELS``.
        zone: The viewer's, whose hours and days the panels over time count.
        now: Seconds since the epoch.
    """
    shared = {**_period(view.period(now)), **view.filters}
    own = {
        TRAFFIC: {"time_zone": str(zone)},
        LATENCY: {"time_zone": str(zone)},
        ROUTES: {"limit": "50", "sort": view.sort},
        RECENT: {"limit": "20"},
    }
    return [Question(panel, PIPES[panel], shared | own.get(panel, {})) for panel in panels]


def any_row(now: float) -> Question:
    """Return what finds out whether the tenant has any row at all."""
    start = datetime.fromtimestamp(now - _LONG_AGO_DAYS * _DAY_SECONDS, UTC)
    parameters = {"start": _utc(start), "limit": "1"}
    return Question(RECENT, PIPES[RECENT], parameters)


def least_seconds(rps: int) -> int:
    """Return the fewest seconds between two refreshes that leave half of a token's rate unused."""
    return math.ceil(2 * len(PANELS) / rps)


def _period(period: Period) -> dict[str, str]:
    return {"start": _utc(period.start), "end": _utc(period.end)}


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
