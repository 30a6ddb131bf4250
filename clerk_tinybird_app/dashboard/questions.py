"""What the dashboard asks Tinybird: one pipe for each of its panels."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
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

_LIMITS: Final = {ROUTES: "50", RECENT: "20"}
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


def questions(view: View, panels: tuple[str, ...], now: float) -> list[Question]:
    """Return what fills ``panels`` with ``view`` at ``now``, seconds since the epoch."""
    return [question(view, panel, now) for panel in panels]


def question(view: View, panel: str, now: float) -> Question:
    """Return what fills one panel with ``view`` at ``now``, seconds since the epoch."""
    parameters = {**_period(view.period(now)), **view.filters}
    if panel in _LIMITS:
        parameters["limit"] = _LIMITS[panel]
    return Question(panel, PIPES[panel], parameters)


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
