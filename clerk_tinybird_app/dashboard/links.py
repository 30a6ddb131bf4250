"""The links of a dashboard, each to another view of it, and what else follows from its address."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from urllib.parse import urlencode

from clerk_tinybird_app.dashboard import calendar_periods as calendar
from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.address import moment
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Dashboard,
    Page,
    Ranking,
    Records,
    TimeSeries,
)
from clerk_tinybird_app.dashboard.times import CUSTOM, LENGTHS, NAMES, Times, offset_name
from clerk_tinybird_app.dashboard.view import (
    BEFORE,
    COMPARISONS,
    View,
    moment_text,
    order_name,
    search_names,
)
from clerk_tinybird_app.frozen_value import FrozenValue

_FORM: Final = "%Y-%m-%dT%H:%M"
"""How a ``datetime-local`` input writes a moment."""

_MOST_NAMED: Final = 3
"""Values that a chip names; it says how many the others are."""

PLACE: Final = re.compile(r"\{(\w+)\}")
"""Where a page's title has a filter's value."""


@dataclass(frozen=True)
class Choice(FrozenValue):
    """A link to another view.

    Attributes:
        label: What it says.
        href: Where it leads.
        is_current: True when that view is shown.
    """

    label: str
    href: str
    is_current: bool = False


@dataclass(frozen=True)
class Chip(FrozenValue):
    """A filter that is set.

    Attributes:
        name: The filter's.
        label: What the filter is called.
        verb: ``is`` or ``is not``.
        chosen: What it is set to, in words.
        href: The view without it.
    """

    name: str
    label: str
    verb: str
    chosen: str
    href: str


def ranges(view: View, path: str) -> list[Choice]:
    """Return a link for every period that ends now."""
    return [
        Choice(
            f"{name[:-1]} {name[-1]}", view.changed(range=name).address(path), name == view.range
        )
        for name in LENGTHS
    ]


def periods(view: View, path: str) -> list[Choice]:
    """Return a link for every period by its whole name: those that end now, then the calendar's."""
    return [
        Choice(name.capitalize(), view.changed(range=key).address(path), key == view.range)
        for key, name in (NAMES | calendar.NAMES).items()
    ]


def comparisons(view: View, path: str) -> list[Choice]:
    """Return a link for every period that the one shown can be compared with, and for none.

    The period before may be a day or a week before, which is offered once then.
    """
    names: dict[str, str] = {}
    for compare in COMPARISONS:
        names.setdefault(view.name_of(compare), compare)
    return [
        Choice(
            name.capitalize() or "None",
            view.changed(compare=compare).address(path),
            name == view.name_before,
        )
        for name, compare in names.items()
    ]


def _against(view: View) -> str:
    """Return what key figures are compared with, as it stands in a sentence."""
    name = view.name_of(view.compare_figures)
    return f"the {name}" if name.endswith("before") else name


def chips(dashboard: Dashboard, view: View, path: str, *, fixed: Collection[str]) -> list[Chip]:
    """Return a chip for every filter that is set.

    Args:
        dashboard: What is declared.
        view: What is shown.
        path: The page.
        fixed: Filters that make the page what it is, and cannot be taken away on it.
    """
    labels = {each.name: each.label for each in dashboard.filters}
    return [
        Chip(
            name,
            labels[name],
            "is not" if chosen.is_excluded else "is",
            _listed(chosen.values),
            view.filtered({name: None}).address(path),
        )
        for name, chosen in view.filters.items()
        if name not in fixed or name not in view.only
    ]


def _listed(values: Sequence[str]) -> str:
    """Return the first values in words, and how many the others are."""
    # With one more than these, its name is as short as the number.
    most = _MOST_NAMED if len(values) > _MOST_NAMED + 1 else len(values)
    others = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(map(texts.named, values[:most])) + others


def without_filters(view: View, path: str, *, fixed: Collection[str]) -> str:
    """Return the address of the view without any filter but the ``fixed`` ones."""
    cleared = dict.fromkeys(name for name in view.choices if name not in fixed)
    return view.filtered(cleared).address(path)


def legend(panel: TimeSeries, view: View, path: str) -> list[Choice]:
    """Return a link for every series: to its value alone, or from a chosen one to the others."""
    if not panel.filter:
        return []
    return [
        Choice(
            each.label,
            view.toggled({panel.filter: each.label}).address(path),
            view.includes(panel.filter, each.label),
        )
        for each in panel.series
    ]


def sorts(dashboard: Dashboard, panel: Ranking, view: View, path: str) -> list[Choice]:
    """Return a link for every order of a ranking, labelled as the column that it orders by."""
    name = order_name(dashboard, panel)
    chosen = view.orders.get(name) or panel.sorts[0]
    return [
        Choice(
            column.heading,
            view.changed(
                orders={
                    **view.orders,
                    name: None if column.sort == panel.sorts[0] else column.sort,
                }
            ).address(path),
            column.sort == chosen,
        )
        for column in panel.columns
        if column.sort
    ]


def tabs(dashboard: Dashboard, panel: Breakdown, view: View, path: str) -> list[Choice]:
    """Return a link for every tab of a breakdown, labelled as its filter."""
    name = order_name(dashboard, panel)
    chosen = view.orders.get(name) or panel.tabs[0]
    return [
        Choice(
            found.label if (found := dashboard.filter_named(tab)) else tab,
            view.changed(
                orders={**view.orders, name: None if tab == panel.tabs[0] else tab}
            ).address(path),
            tab == chosen,
        )
        for tab in panel.tabs
    ]


def described(dashboard: Dashboard, view: View, page: str) -> dict[str, Any]:
    """Return what follows from the address alone, by the names of the dashboard's vars.

    Args:
        dashboard: What is declared.
        view: What the address says.
        page: The name of the page it is of, "" for the overview.
    """
    path = view.page(page)
    fixed = dashboard.pages[page].by if page else ()
    searched = search_names(dashboard)
    lists = [each for each in dashboard.all_panels if isinstance(each, Records)]
    found: dict[str, Any] = {
        # A search is its list's alone: the other panels are of the same view.
        "address": view.changed(searches={}).address(path),
        "searches": {each.key: view.searches.get(searched.get(each.key, ""), "") for each in lists},
        "is_live": view.is_live,
        "page_title": page_title(dashboard.pages[page], view) if page else dashboard.title,
        "ranges": ranges(view, path),
        "periods": periods(view, path),
        "calendar": calendar.NAMES.get(view.range, "").capitalize(),
        "figures_before": _against(view),
        "zone_name": view.zone_name,
        "own_zone": view.home,
        "comparisons": comparisons(view, path),
        "chips": chips(dashboard, view, path, fixed=fixed),
        "clear_href": without_filters(view, path, fixed=fixed),
        "back_href": view.filtered(dict.fromkeys(fixed)).address(view.page("")),
    }
    for panel in dashboard.panels_of(page):
        if isinstance(panel, TimeSeries):
            found[f"legend_{panel.key}"] = legend(panel, view, path)
        elif isinstance(panel, Ranking) and panel.sorts:
            found[f"sorts_{panel.key}"] = sorts(dashboard, panel, view, path)
        elif isinstance(panel, Breakdown) and panel.tabs:
            found[f"tabs_{panel.key}"] = tabs(dashboard, panel, view, path)
    return found


def page_title(page: Page, view: View) -> str:
    """Return a page's heading with the values of its filters, "" while one of them is not set."""
    if not view.only.keys() >= set(page.by):
        return ""
    values = {name: texts.named(value) for name, value in view.only.items()}
    return PLACE.sub(lambda found: values.get(found[1], ""), page.title).strip()


def timed(view: View, zone: tzinfo, now: float) -> dict[str, Any]:
    """Return what follows from the address and the time, by the names of the dashboard's vars.

    Args:
        view: What the address says.
        zone: The viewer's.
        now: Seconds since the epoch.
    """
    period = view.period(now)
    times = Times.of(period, zone, now)
    names = NAMES | calendar.NAMES
    dates = (
        f"{times.moment(period.start)} to now"
        if view.is_live
        else times.between(period.start, period.end)
    )
    is_over = view.is_of_calendar and not view.is_live
    has_seconds = view.range == CUSTOM and (period.start.second or period.end.second)
    form = f"{_FORM}:%S" if has_seconds else _FORM
    return {
        "subtitle": names.get(view.range) or times.between(period.start, period.end),
        "dates": dates,
        "period": names[view.range].capitalize() if view.is_of_calendar else dates,
        "zone": offset_name(times.local(period.end)),
        "custom_start": times.local(period.start).strftime(form),
        "custom_end": times.local(period.end).strftime(form),
        "frozen": frozen(view, now),
        "turns_at": calendar.next_turn(view.range, now, zone) if is_over else 0.0,
    }


def frozen(view: View, now: float) -> str:
    """Return the part of an address that always says the period shown at ``now``.

    It names the zone too: whoever opens it may be elsewhere.
    """
    period = view.period(now)
    found = {"range": CUSTOM, "start": moment_text(period.start), "end": moment_text(period.end)}
    same = calendar.same_comparison(view.range) if view.is_of_calendar else ""
    if same and view.compare == BEFORE:
        found["compare"] = same
    return urlencode({**found, "zone": view.zone_name}, safe="/:")


def typed_moment(text: object, zone: tzinfo) -> datetime | None:
    """Return, in UTC, what a viewer in ``zone`` typed into a ``datetime-local`` input."""
    read = moment(text) if isinstance(text, str) else None
    try:
        return read.replace(tzinfo=zone).astimezone(UTC) if read else None
    except OverflowError:
        return None
