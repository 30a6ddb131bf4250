"""What a declared dashboard says of itself that does not hold, whatever its project has."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from clerk_tinybird_app.dashboard.chosen import MANY, NOT
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Column,
    Dashboard,
    Figures,
    Page,
    Panel,
    Ranking,
    Records,
    TimeSeries,
)
from clerk_tinybird_app.dashboard.links import PLACE
from clerk_tinybird_app.dashboard.mistake import Mistake, unknown
from clerk_tinybird_app.dashboard.view import (
    PERIOD,
    SORT,
    record_names,
    search_names,
    with_options,
)
from clerk_tinybird_app.tinybird.pipe_request import PIPE

_WIDEST: Final = 12


def contradictions(dashboard: Dashboard) -> Iterator[Mistake]:
    """Yield names that are taken twice, that nothing has, or that cannot stand in an address."""
    yield from _of_names(dashboard)
    for name in ("", *dashboard.pages):
        yield from _of_page(dashboard, name)


def _of_names(dashboard: Dashboard) -> Iterator[Mistake]:
    """Yield names that are taken twice or cannot stand in an address."""
    lists = {*record_names(dashboard).values(), *search_names(dashboard).values()}
    taken = {*PERIOD, PIPE, SORT, *with_options(dashboard), *lists}
    own = Counter(each.name for each in dashboard.filters)
    # The names that filters with several values have beside their own, whichever comes first.
    taken |= {each.name + end for each in dashboard.filters if each.is_many for end in (NOT, *MANY)}
    for name, count in own.items():
        if name in taken or count > 1:
            yield Mistake(
                f"a filter cannot be named '{name}': another one is, or an address says "
                "something else by that name",
                (name,),
            )
    for name in dashboard.pages:
        if not name.replace("-", "_").isidentifier():
            yield Mistake(
                f"a page is named '{name}', which an address cannot say: use letters, digits and "
                "underscores",
                (name,),
            )
    first: dict[str, Panel] = {}
    for page in ("", *dashboard.pages):
        panels = dashboard.panels_of(page)
        for panel in panels:
            if first.setdefault(panel.key, panel) != panel or panels.count(panel) > 1:
                yield Mistake(
                    f"two panels are named '{panel.key}': give one of them a name of its own, "
                    "name=...",
                    (panel.name or panel.pipe, panel.title),
                )
            elif not panel.key.isidentifier():
                yield Mistake(
                    f"a panel is named '{panel.key}': use letters, digits and underscores",
                    (panel.key,),
                )


def _of_page(dashboard: Dashboard, name: str) -> Iterator[Mistake]:
    panels, page = dashboard.panels_of(name), dashboard.pages.get(name)
    if panels and panels[0].is_below:
        yield Mistake(
            f"the panel '{panels[0].key}' is the first, and there is none that it could be below",
            (panels[0].pipe, panels[0].title),
        )
    if page is not None:
        yield from _of_heading(dashboard, name, page)
    for panel in panels:
        where = f"the panel '{panel.key}'"
        yield from _of_filters_named(dashboard, panel, where)
        yield from _of_kind(dashboard, panel, where)
        for filter_ in set(page.by if page else ()) & set(panel.ignores):
            yield Mistake(
                f"{where} ignores the filter '{filter_}', which makes the page '{name}' what it is",
                (filter_, panel.pipe),
            )
        if isinstance(panel, Figures):
            yield from _of_trends(panel, panels, where)


def _of_heading(dashboard: Dashboard, name: str, page: Page) -> Iterator[Mistake]:
    names = [each.name for each in dashboard.filters]
    for filter_ in page.by:
        if filter_ not in names:
            yield unknown(
                f"the page '{name}'", "is by", filter_, names, "which is no filter of the dashboard"
            )
    for place in PLACE.findall(page.title):
        if place not in page.by:
            yield unknown(
                f"the page '{name}'",
                "is headed by",
                place,
                page.by,
                "which it is not by",
                page.title,
            )


def _of_filters_named(dashboard: Dashboard, panel: Panel, where: str) -> Iterator[Mistake]:
    names = [each.name for each in dashboard.filters]
    for name in dict.fromkeys(_filters_named(panel)):
        if name not in names:
            yield unknown(
                where,
                "names the filter",
                name,
                names,
                "which is none of the dashboard's filters",
                panel.pipe,
            )


def _filters_named(panel: Panel) -> Iterator[str]:
    match panel:
        case Figures():
            for figure in panel.figures:
                yield from (*figure.fixed_by, *figure.decided_by)
        case TimeSeries():
            yield from (panel.filter,) if panel.filter else ()
            yield from panel.limit.decided_by if panel.limit else ()
        case Breakdown():
            yield from panel.tabs or (panel.by,)
        case Ranking() | Records():
            yield from panel.by if isinstance(panel, Ranking) else panel.filters
            for column in panel.columns:
                yield from (*column.filters, *column.decided_by)


def _of_kind(dashboard: Dashboard, panel: Panel, where: str) -> Iterator[Mistake]:
    """Yield what a panel lacks, or says of itself that does not hold."""
    if not 0 < panel.width <= _WIDEST:
        yield Mistake(f"{where} is {panel.width} of {_WIDEST} columns wide", (panel.pipe,))
    for name in _lacks(panel):
        yield Mistake(f"{where} needs {name}=...", (panel.pipe, panel.title))
    if isinstance(panel, TimeSeries):
        yield from _of_series(dashboard, panel, where)
    if isinstance(panel, Breakdown):
        yield from _of_tabs(dashboard, panel, where)
    if isinstance(panel, Ranking) and panel.opens:
        page = dashboard.pages.get(panel.opens)
        if page is None:
            yield unknown(
                where, "opens the page", panel.opens, dashboard.pages,
                "which the dashboard does not have", panel.pipe,
            )  # fmt: skip
        elif not set(page.by) <= set(panel.by):
            yield Mistake(
                f"{where} opens the page '{panel.opens}', which is by {', '.join(page.by)}: "
                "by=... must name them all",
                (panel.opens, panel.pipe),
            )


def _of_tabs(dashboard: Dashboard, panel: Breakdown, where: str) -> Iterator[Mistake]:
    for name in panel.tabs:
        declared = dashboard.filter_named(name)
        source = declared.values_from if declared else None
        if declared and (source is None or source.pipe != panel.pipe or not source.count):
            yield Mistake(
                f"{where} has a tab of '{name}', whose values do not come with a count from the "
                f"pipe '{panel.pipe}'",
                (name, panel.pipe),
            )


def _of_series(dashboard: Dashboard, panel: TimeSeries, where: str) -> Iterator[Mistake]:
    labels = [each.label for each in panel.series]
    if panel.main and panel.main not in labels:
        yield unknown(where, "tells of", panel.main, labels, "which is no series of it", panel.pipe)
    columns = [each.column for each in panel.series]
    if panel.before and not panel.is_stacked and panel.before not in columns:
        yield unknown(
            where,
            "compares",
            panel.before,
            columns,
            "which is the column of no series of it",
            panel.pipe,
        )
    found = dashboard.filter_named(panel.filter)
    for label in labels:
        if found is not None and not found.allows(label):
            yield unknown(
                where,
                f"sets {panel.filter} to",
                label,
                found.values,
                "which the filter does not allow",
                panel.pipe,
            )


def _lacks(panel: Panel) -> Iterator[str]:
    match panel:
        case Figures(figures=()):
            yield "figures"
        case TimeSeries(series=()):
            yield "series"
        case Breakdown(tabs=()) if not (panel.by and panel.value):
            yield "by=... and value"
        case Ranking(by=()):
            yield "by"
        case Records(id=""):
            yield "id"
        case Ranking() | Records() if not panel.columns or not all(_has_any(panel.columns)):
            yield "columns"


def _has_any(columns: Iterable[Column]) -> Iterator[bool]:
    return (bool(each.of) for each in columns)


def _of_trends(panel: Figures, panels: Collection[Panel], where: str) -> Iterator[Mistake]:
    over_time = [each.pipe for each in panels if isinstance(each, TimeSeries)]
    for pipe, _ in filter(None, (each.trend for each in panel.figures)):
        if pipe not in over_time:
            yield unknown(
                where,
                "draws a trend of the pipe",
                pipe,
                over_time,
                "which no time series of the same page shows",
                panel.pipe,
            )
