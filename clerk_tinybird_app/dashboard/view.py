"""One view of a dashboard, and the address that says it: a period, filters and orders."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from clerk_tinybird_app import routes
from clerk_tinybird_app.dashboard import calendar_periods as calendar
from clerk_tinybird_app.dashboard.chosen import MOST_VALUES, NOT, Chosen
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Dashboard,
    Panel,
    Ranking,
    Records,
)
from clerk_tinybird_app.dashboard.times import (
    CUSTOM,
    DEFAULT,
    LENGTHS,
    UTC_NAME,
    Period,
    step_name,
    zone_named,
)

SORT: Final = "sort"
"""The pipes' parameter for an order; in the address, that of the first ranking with orders."""

BY: Final = "by"
"""In the address, the tab of the first breakdown with tabs."""

RECORD: Final = "record"
"""In the address, the id of the record that is open, of the first list of records."""

SEARCH: Final = "search"
"""In the address, the text that the rows of the first list of records contain."""

BEFORE: Final = "before"
OFF: Final = "off"
COMPARISONS: Final = (BEFORE, "day", "week", OFF)
"""What a period is compared with: the one before it, the same a day or a week ago, or nothing."""

PERIOD: Final = ("range", "start", "end", "compare", "zone")
"""What an address says of its periods and times; no filter can have one of these names."""

_EARLIER: Final = {"day": timedelta(days=1), "week": timedelta(weeks=1)}

MOST_CHARACTERS: Final = 12_000
"""The longest query that is read: a value of 2,000 plain characters, percent signs included.

A page sends it three times in a frame of 64 kB at most.
"""

_KEPT_LINKS: Final = 8_192
_LONGEST_KEPT: Final = 500
"""The most characters of a view, and of the values in a link, that are kept in memory.

Data and addresses may have longer ones: a hundred megabytes of them, when anybody wants it.
"""

_MOST_OTHER_CHARACTERS: Final = 500
"""What a period, an order or one of a few values adds to a link that leads here."""


@dataclass(frozen=True, kw_only=True)
class View:
    """One view of the dashboard, all of it in the address.

    Attributes:
        range: A key of ``LENGTHS`` or of the calendar, or ``custom`` with ``start`` and ``end``.
        start: The first moment of a custom period, in UTC; None with another.
        end: The moment after a custom period, in UTC; None with another.
        compare: One of ``COMPARISONS``.
        zone: The time zone that was chosen, "" for the viewer's own.
        home: The viewer's own time zone, which is not in the address.
        overview: The path of the overview, below which all pages are.
        choices: Every filter in the declared order -> what it is set to, None for all.
        orders: Every order and tab by its name in the address -> its value, None for the default.
        searches: A search's name in the address -> its text, of those that are set.
    """

    range: str = DEFAULT
    start: datetime | None = None
    end: datetime | None = None
    compare: str = BEFORE
    zone: str = ""
    home: str = UTC_NAME
    overview: str = routes.DASHBOARD
    choices: Mapping[str, Chosen | None] = field(default_factory=dict)
    orders: Mapping[str, str | None] = field(default_factory=dict)
    searches: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.range, self.start, self.end, self.zone, self.overview, *self.filters))

    @classmethod
    def of(
        cls,
        dashboard: Dashboard,
        *,
        filters: Mapping[str, str | Chosen] | None = None,
        orders: Mapping[str, str] | None = None,
        **period: Any,
    ) -> "View":
        """Return a view of ``dashboard``; what is not said is all, and the default.

        Args:
            dashboard: What is declared.
            filters: Name -> its one value, or what it is set to.
            orders: Name in the address -> value.
            **period: ``range``, ``start``, ``end``, ``compare``, ``zone``, ``home``, ``searches``.
        """
        filters, orders = filters or {}, orders or {}
        return cls(
            **period,
            choices={each.name: _chosen(filters.get(each.name)) for each in dashboard.filters},
            orders={
                name: chosen if (chosen := orders.get(name)) != options_of(panel)[0] else None
                for name, panel in with_options(dashboard).items()
            },
        )

    @cached_property
    def _is_short(self) -> bool:
        return len(self.address("")) <= _LONGEST_KEPT

    @property
    def filters(self) -> dict[str, Chosen]:
        """The filters that are set, by name."""
        return {name: chosen for name, chosen in self.choices.items() if chosen is not None}

    @property
    def only(self) -> dict[str, str]:
        """The filters that leave a single value, by name, with that value."""
        return {
            name: chosen.only for name, chosen in self.filters.items() if chosen.only is not None
        }

    def includes(self, name: str, value: str) -> bool:
        """Tell whether a value is one that a filter is set to."""
        chosen = self.choices.get(name)
        return chosen is not None and not chosen.is_excluded and value in chosen.values

    def leaving_out(self, name: str, value: str) -> "View | None":
        """Return this view without one more value of a filter, None when that is too many."""
        chosen = self.choices.get(name)
        if self.includes(name, value) and chosen:
            return self.filtered({name: chosen.without(value)}) if chosen.only is None else None
        left_out = chosen.values if chosen and chosen.is_excluded else ()
        if len(left_out) >= MOST_VALUES:
            return None
        return self.filtered({name: Chosen((*left_out, value), is_excluded=True)})

    def toggled(self, values: Mapping[str, str]) -> "View":
        """Return the view of these values alone; where they are chosen already, without them.

        Args:
            values: Name of a filter -> one of its values.
        """
        if not all(self.includes(name, value) for name, value in values.items()):
            return self.filtered(values)
        if len(values) > 1:
            return self.filtered(dict.fromkeys(values))
        left = {
            name: chosen.without(values[name])
            for name, chosen in self.filters.items()
            if name in values
        }
        return self.filtered(left)

    @property
    def is_of_calendar(self) -> bool:
        """True for a day, week or month of the calendar."""
        return self.range in calendar.NAMES

    @property
    def compare_figures(self) -> str:
        """What key figures are compared with: as charts are, and never with nothing."""
        return BEFORE if self.compare == OFF else self.compare

    @property
    def asks_figures_twice(self) -> bool:
        """True when key figures are compared with another period than the one just before.

        That one has the same length, and their own pipe tells of it too.
        """
        return self.is_of_calendar or self.compare_figures != BEFORE

    @property
    def is_live(self) -> bool:
        """True when the period ends now."""
        return self.range != CUSTOM and not (self.is_of_calendar and calendar.is_over(self.range))

    @property
    def zone_name(self) -> str:
        """The name of the time zone that every time is written in."""
        return self.zone or self.home

    @property
    def time_zone(self) -> tzinfo:
        """The time zone that every time is written in."""
        return zone_named(self.zone_name)

    def period(self, now: float) -> Period:
        """Return the period shown at ``now``, seconds since the epoch."""
        if self.start is not None and self.end is not None:
            return Period(self.start, self.end)
        if self.is_of_calendar:
            return calendar.period(self.range, now, self.time_zone)
        return Period.ending_now(self.range, now)

    def period_before(self, now: float, compare: str = "") -> Period | None:
        """Return the period that the one at ``now`` is compared with, None for none.

        Args:
            now: Seconds since the epoch.
            compare: One of ``COMPARISONS``; by default the view's own.
        """
        compare = compare or self.compare
        if compare == OFF:
            return None
        earlier, period = _EARLIER.get(compare), self.period(now)
        if self.is_of_calendar:
            if earlier is None:
                return calendar.before(self.range, now, self.time_zone)
            moments = (period.start, period.end)
            return Period(*(calendar.moved(at, -earlier.days, self.time_zone) for at in moments))
        shift = earlier or period.end - period.start
        return Period(period.start - shift, period.end - shift)

    def counterpart(self, now: float) -> Callable[[datetime], datetime]:
        """Return what gives the moment of the period that one of the period before stands for."""
        period, before, zone = self.period(now), self.period_before(now), self.time_zone
        if before is None:
            return lambda at: at
        if self.is_of_calendar:
            days = calendar.days_between(before.start, period.start, zone)
            return lambda at: calendar.moved(at, days, zone)
        shift = period.start - before.start
        return lambda at: at + shift

    @property
    def name_before(self) -> str:
        """What the period that is compared with is called, "" for none: ``day before``."""
        return self.name_of(self.compare)

    def name_of(self, compare: str) -> str:
        """Return what a period is called that this one is compared with, "" for none.

        Args:
            compare: One of ``COMPARISONS``.
        """
        if compare == OFF:
            return ""
        if compare == BEFORE and self.is_of_calendar:
            return calendar.name_before(self.range)
        if compare == BEFORE and self.range == CUSTOM:
            return "period before"
        length = step_name(_EARLIER.get(compare) or LENGTHS[self.range])
        return f"{length.replace('minutes', 'min')} before"

    def page(self, name: str) -> str:
        """Return the path of a page, "" for the overview."""
        return routes.dashboard_page(name, self.overview)

    def changed(self, **changes: Any) -> "View":
        """Return this view with other values; another range leaves no custom period."""
        if changes.get("range", CUSTOM) != CUSTOM:
            changes |= {"start": None, "end": None}
        return replace(self, **changes)

    def filtered(self, changes: Mapping[str, str | Chosen | None]) -> "View":
        """Return this view with other values of some filters; None takes one away."""
        chosen = {name: _chosen(value) for name, value in changes.items()}
        return replace(self, choices={**self.choices, **chosen})

    def address(self, path: str) -> str:
        """Return a page's ``path`` with the query that says this view; defaults are left out."""
        given = [] if self.range == DEFAULT else [("range", self.range)]
        given += [
            (name, moment_text(at)) for name, at in (("start", self.start), ("end", self.end)) if at
        ]
        given += [] if self.compare == BEFORE else [("compare", self.compare)]
        given += [("zone", self.zone)] if self.zone else []
        for name, chosen in self.filters.items():
            given += [(name + NOT * chosen.is_excluded, value) for value in chosen.values]
        given += [(name, value) for name, value in self.orders.items() if value is not None]
        given += self.searches.items()
        return f"{path}?{_query(*given)}" if given else path

    def link(self, path: str) -> str:
        """Return the address for a value that came with the data, "" if it would be too long."""
        return _unless_long(self.address(path))

    def link_of(self, values: tuple[tuple[str, str], ...], path: str, toggles: bool) -> str:
        """Return the link to these values of filters alone, or as ``toggled`` gives it."""
        is_kept = self._is_short and sum(len(text) for _, text in values) <= _LONGEST_KEPT
        return (_kept_link if is_kept else _link)(self, values, path, toggles)

    def links_to(self, path: str, name: str, values: Iterable[str]) -> list[str]:
        """Return a link for each value of one more name in the address, which comes last."""
        address = self.address(path)
        begun = f"{address}{'&' if '?' in address else '?'}"
        return [_unless_long(begun + _query((name, value))) for value in values]


def _link(view: View, values: tuple[tuple[str, str], ...], path: str, toggles: bool) -> str:
    chosen = dict(values)
    return (view.toggled(chosen) if toggles else view.filtered(chosen)).link(path)


_kept_link: Final = lru_cache(_KEPT_LINKS)(_link)
"""Every refresh asks for the same ones."""


def chosen_by(dashboard: Dashboard, panel: Panel, view: View, page: str) -> tuple[str, ...]:
    """Return the filters that choose rows of a panel, when all are set to some of their values.

    The panel is asked without them, so that its other rows stay and can be chosen too.

    Args:
        dashboard: What is declared.
        panel: One of its panels.
        view: What is shown.
        page: The name of the page; what makes it what it is chooses no row on it.
    """
    names = panel.by if isinstance(panel, Ranking) else ()
    if isinstance(panel, Breakdown) and panel.by:
        names = (panel.by,)
    fixed = dashboard.pages[page].by if page else ()
    is_chosen = all(
        name not in fixed and (chosen := view.choices.get(name)) and not chosen.is_excluded
        for name in names
    )
    return names if is_chosen else ()


def options_of(panel: Panel) -> tuple[str, ...]:
    """Return the orders of a ranking or the tabs of a breakdown, the default first."""
    if isinstance(panel, Breakdown):
        return panel.tabs
    return panel.sorts if isinstance(panel, Ranking) else ()


def with_options(dashboard: Dashboard) -> dict[str, Panel]:
    """Return each order's or tab's name in the address -> the panel that it is of."""
    found: dict[str, Panel] = {}
    for panel in dashboard.all_panels:
        if options_of(panel):
            name = BY if isinstance(panel, Breakdown) else SORT
            found[f"{name}_{panel.key}" if name in found else name] = panel
    return found


def opened(dashboard: Dashboard, panel: Panel, view: View) -> Panel:
    """Return a panel as it is declared, a breakdown with tabs as that of the chosen one."""
    if not isinstance(panel, Breakdown) or not panel.tabs:
        return panel
    name = view.orders.get(order_name(dashboard, panel)) or panel.tabs[0]
    declared = dashboard.filter_named(name)
    source = declared.values_from if declared else None
    if source is None:
        return panel
    return replace(
        panel,
        by=name,
        column=source.column,
        value=source.count,
        tabs=(),
        parameters={**source.parameters, **panel.parameters},
    )


def record_names(dashboard: Dashboard) -> dict[str, str]:
    """Return each list of records' key -> the name of its open record in the address."""
    lists = [each.key for each in dashboard.all_panels if isinstance(each, Records)]
    return {key: f"{RECORD}_{key}" if n else RECORD for n, key in enumerate(lists)}


def search_names(dashboard: Dashboard) -> dict[str, str]:
    """Return the key of each list with a search -> the search's name in the address."""
    found = [each.key for each in dashboard.all_panels if isinstance(each, Records) and each.search]
    return {key: f"{SEARCH}_{key}" if n else SEARCH for n, key in enumerate(found)}


def order_name(dashboard: Dashboard, panel: Panel) -> str:
    """Return the name in the address of a panel's order or tab, "" for a panel without one."""
    found = with_options(dashboard)
    return next((name for name, each in found.items() if each.key == panel.key), "")


def _query(*pairs: tuple[str, str]) -> str:
    return urlencode(pairs, safe="/:", errors="replace")


def _unless_long(address: str) -> str:
    return address if len(address) <= MOST_CHARACTERS - _MOST_OTHER_CHARACTERS else ""


def _chosen(value: str | Chosen | None) -> Chosen | None:
    return Chosen((value,)) if isinstance(value, str) else value


def moment_text(at: datetime) -> str:
    """Return a moment as an address says it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").replace(":00Z", "Z")
