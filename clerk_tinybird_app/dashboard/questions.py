"""What the dashboard asks Tinybird: one pipe for each of its panels."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from clerk_tinybird_app.dashboard.declaration import (
    Dashboard,
    Figures,
    Panel,
    Ranking,
    Records,
    TimeSeries,
)
from clerk_tinybird_app.dashboard.times import Period, Tick
from clerk_tinybird_app.dashboard.view import (
    BEFORE,
    OFF,
    SORT,
    View,
    chosen_by,
    opened,
    order_name,
    search_names,
)

LIMIT: Final = "limit"
_DAY_SECONDS: Final = 86_400

Takes = Mapping[str, Collection[str]]
"""Pipe -> the parameters that a request may set, as far as they are known."""


class Pace(NamedTuple):
    """How often a page is refreshed.

    Attributes:
        queries: How many one refresh makes, of a period that ends now.
        least: The fewest seconds between two that leave half of a token's rate unused.
        usual: The seconds between two, unless a viewer chooses others.
    """

    queries: int
    least: int
    usual: int


@dataclass(frozen=True)
class Question:
    """One request for one panel.

    Attributes:
        panel: The panel's key.
        pipe: The pipe's name.
        parameters: Parameter name -> value.
        tick: When it is asked. A period that ends now ends with the tick's first second.
        is_before: True when it asks for the period that the panel's own is compared with.
    """

    panel: str
    pipe: str
    parameters: dict[str, str]
    tick: Tick
    is_before: bool = False


def questions(
    dashboard: Dashboard,
    view: View,
    panels: Iterable[Panel],
    *,
    zone: tzinfo,
    tick: Tick,
    takes: Takes,
    page: str = "",
    is_before: bool = False,
) -> list[Question]:
    """Return what fills ``panels`` with ``view``.

    Args:
        dashboard: What is declared.
        view: What the address says.
        panels: Some of the dashboard's.
        zone: The viewer's, whose hours and days the panels over time count.
        tick: When it is asked.
        takes: Without a pipe's parameters it is asked with all; Tinybird leaves out the others.
        page: The name of the page, "" for the overview.
        is_before: True for the period that the view's own is compared with, if there is one.
    """

    def shared(panel: Panel) -> dict[str, str]:
        period: Period | None = view.period(tick.start)
        if is_before:
            compare = view.compare_figures if isinstance(panel, Figures) else view.compare
            period = view.period_before(tick.start, compare)
        return dated(dashboard, period, zone) if period else {}

    return [
        Question(
            panel.key,
            panel.pipe,
            taken(panel.pipe, when, takes) | _own(dashboard, panel, view, page),
            tick,
            is_before,
        )
        for panel in (opened(dashboard, each, view) for each in panels)
        if (when := shared(panel))
    ]


def filtered(view: View, without: Collection[str] = ()) -> dict[str, str]:
    """Return the parameters for a view's filters, but for some of them."""
    found: dict[str, str] = {}
    for name, chosen in view.filters.items():
        found |= {} if name in without else chosen.asked(name)
    return found


def compared(
    panels: Iterable[Panel], rps: int, *, figures_too: bool = False, compare: str = BEFORE
) -> list[Panel]:
    """Return the panels that are asked for the period before too.

    These are charts, and key figures when they are compared with another period than the one of
    the same length just before, of which their pipes tell too.

    The charts alone, or none, where all of a page's queries together are more than a token allows
    in a second: the period itself would wait for the one before.

    Args:
        panels: All that are shown.
        rps: How many queries a second a token allows.
        figures_too: ``View.asks_figures_twice``.
        compare: What charts are compared with.
    """
    shown = list(panels)
    are_compared = compare != OFF
    charts: list[Panel] = [
        each for each in shown if isinstance(each, TimeSeries) and each.before and are_compared
    ]
    figures = [each for each in shown if isinstance(each, Figures) and figures_too]
    for found in ([*charts, *figures], charts):
        if len(shown) + len(found) <= rps:
            return found
    return []


def any_row(dashboard: Dashboard, tick: Tick, takes: Takes) -> Question:
    """Return what finds out whether the tenant has any row at all."""
    start = datetime.fromtimestamp(tick.start - dashboard.kept_days * _DAY_SECONDS, UTC)
    parameters = {dashboard.start: _utc(start), LIMIT: "1"}
    return Question("", dashboard.newest, taken(dashboard.newest, parameters, takes), tick)


def one_record(
    dashboard: Dashboard, panel: Records, record: str, now: float, takes: Takes
) -> dict[str, str] | None:
    """Return what a panel's pipe is asked with for one row, of whatever age and filters.

    Returns:
        The parameters; None for a pipe that cannot find a row by its id.
    """
    if panel.id not in takes.get(panel.pipe, (panel.id,)):
        return None
    start = datetime.fromtimestamp(now - dashboard.kept_days * _DAY_SECONDS, UTC)
    shared = taken(panel.pipe, {dashboard.start: _utc(start)}, takes)
    return {**shared, **panel.parameters, panel.id: record}


def older(panel: Records, asked: Question, last: Mapping[str, Any], count: int) -> dict[str, str]:
    """Return what a panel's pipe is asked with for the rows before one that it answered.

    Args:
        panel: A list with a cursor.
        asked: What was asked for its newest rows.
        last: The oldest row that is known.
        count: How many are asked for.
    """
    at, row_id = panel.cursor or ("", "")
    place = {at: str(last[panel.at]), row_id: str(last[panel.id])}
    return {**asked.parameters, **place, LIMIT: str(count)}


def pace(panels: Collection[Panel], refresh_seconds: int, rps: int) -> Pace:
    """Return how often a page is refreshed.

    Args:
        panels: All that are declared for the page.
        refresh_seconds: How often it should be.
        rps: How many queries a second a token allows.
    """
    queries = len(panels) + len(compared(panels, rps))
    most = len(panels) + len(compared(panels, rps, figures_too=True))
    least = math.ceil(2 * most / rps)
    return Pace(queries, least, max(refresh_seconds, least))


def _own(dashboard: Dashboard, panel: Panel, view: View, page: str) -> dict[str, str]:
    """Return what one panel is asked with beside the period; what it declares itself wins."""
    own = filtered(view, {*panel.ignores, *chosen_by(dashboard, panel, view, page)})
    if isinstance(panel, Ranking) and panel.sorts:
        own[SORT] = view.orders.get(order_name(dashboard, panel)) or panel.sorts[0]
    if isinstance(panel, Records) and panel.search:
        text = view.searches.get(search_names(dashboard)[panel.key], "")
        own |= {panel.search: text} if text else {}
    return {**own, **panel.parameters}


def dated(dashboard: Dashboard, period: Period, zone: tzinfo) -> dict[str, str]:
    """Return the parameters for a period and the viewer's zone."""
    return {
        dashboard.start: _utc(period.start),
        dashboard.end: _utc(period.end),
        dashboard.time_zone: str(zone),
    }


def taken(pipe: str, parameters: Mapping[str, str], takes: Takes) -> dict[str, str]:
    """Return those of the parameters that a pipe takes, as far as that is known."""
    known = takes.get(pipe, parameters)
    return {name: value for name, value in parameters.items() if name in known}


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
