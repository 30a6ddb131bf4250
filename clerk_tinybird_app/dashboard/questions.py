"""What the dashboard asks Tinybird: one pipe for each of its panels."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from clerk_tinybird_app.dashboard.declaration import Dashboard, Panel, Ranking
from clerk_tinybird_app.dashboard.view import SORT, View, order_name

LIMIT: Final = "limit"
_DAY_SECONDS: Final = 86_400

Takes = Mapping[str, Collection[str]]
"""Pipe -> the parameters that a request may set, as far as they are known."""


@dataclass(frozen=True)
class Question:
    """One request for one panel.

    Attributes:
        panel: The panel's key.
        pipe: The pipe's name.
        parameters: Parameter name -> value.
    """

    panel: str
    pipe: str
    parameters: dict[str, str]


def questions(
    dashboard: Dashboard,
    view: View,
    panels: Iterable[Panel],
    *,
    zone: tzinfo,
    now: float,
    takes: Takes,
) -> list[Question]:
    """Return what fills ``panels`` with ``view``.

    Args:
        dashboard: What is declared.
        view: What the address says.
        panels: Some of the dashboard's.
        zone: The viewer's, whose hours and days the panels over time count.
        now: Seconds since the epoch.
        takes: Without a pipe's parameters it is asked with all; Tinybird leaves out the others.
    """
    period = view.period(now)
    shared = {
        dashboard.start: _utc(period.start),
        dashboard.end: _utc(period.end),
        dashboard.time_zone: str(zone),
    }
    return [
        Question(
            panel.key,
            panel.pipe,
            _taken(panel.pipe, shared, takes) | _own(dashboard, panel, view),
        )
        for panel in panels
    ]


def any_row(dashboard: Dashboard, now: float, takes: Takes) -> Question:
    """Return what finds out whether the tenant has any row at all."""
    start = datetime.fromtimestamp(now - dashboard.kept_days * _DAY_SECONDS, UTC)
    parameters = {dashboard.start: _utc(start), LIMIT: "1"}
    return Question("", dashboard.newest, _taken(dashboard.newest, parameters, takes))


def least_seconds(queries: int, rps: int) -> int:
    """Return the fewest seconds between two refreshes that leave half of a token's rate unused.

    Args:
        queries: How many a refresh makes.
        rps: How many a second the token allows.
    """
    return math.ceil(2 * queries / rps)


def _own(dashboard: Dashboard, panel: Panel, view: View) -> dict[str, str]:
    """Return what one panel is asked with beside the period; what it declares itself wins."""
    own = {name: value for name, value in view.filters.items() if name not in panel.ignores}
    if isinstance(panel, Ranking) and panel.sorts:
        own[SORT] = view.orders.get(order_name(dashboard, panel)) or panel.sorts[0]
    return {**own, **panel.parameters}


def _taken(pipe: str, parameters: Mapping[str, str], takes: Takes) -> dict[str, str]:
    known = takes.get(pipe, parameters)
    return {name: value for name, value in parameters.items() if name in known}


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
