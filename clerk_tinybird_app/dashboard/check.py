"""Holds a declared dashboard to the files of its Tinybird project, before anybody looks at it.

What cannot be judged, such as a pipe's columns behind ``SELECT *`` of a join, is not said to be
wrong.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final

from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Column,
    Dashboard,
    Figures,
    Filter,
    Page,
    Panel,
    Ranking,
    Records,
    TimeSeries,
)
from clerk_tinybird_app.dashboard.links import PLACE
from clerk_tinybird_app.dashboard.view import PERIOD, SORT, sortable_rankings
from clerk_tinybird_app.tinybird.lint.columns import columns_of
from clerk_tinybird_app.tinybird.nearest import did_you_mean
from clerk_tinybird_app.tinybird.pipe_request import PIPE, Field, fields_of
from clerk_tinybird_app.tinybird.project import Project
from clerk_tinybird_app.tinybird.template import TemplateError

_WIDEST: Final = 12


@dataclass(frozen=True)
class Mistake:
    """Something declared that is not there.

    Attributes:
        text: What is wrong, with the nearest name that exists.
        names: What the declaration says, the wrong name first: where to look for it.
    """

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """What a project's files say to a dashboard.

    Attributes:
        project: The project.
        fixed: Pipe -> the parameters that tokens fix; of every pipe that any session may read.
        told: Pipes that are not there, which somebody else tells.
    """

    project: Project
    fixed: Mapping[str, Collection[str]]
    told: Collection[str] = ()

    @cached_property
    def _parameters(self) -> dict[str, dict[str, Field] | None]:
        return {pipe: self._parameters_of(pipe) for pipe in self.project.pipes}

    def parameters(self, pipe: str) -> dict[str, Field] | None:
        """Return what a request to a pipe may set, None when that cannot be told."""
        return self._parameters.get(pipe)

    def columns(self, pipe: str) -> frozenset[str] | None:
        """Return the columns that a pipe answers, None when they cannot be told."""
        found = self.project.pipes.get(pipe)
        columns = columns_of(self.project, found) if found else None
        return None if columns is None else frozenset(columns)

    def _parameters_of(self, pipe: str) -> dict[str, Field] | None:
        try:
            found = fields_of(self.project.pipes[pipe], without=self.fixed.get(pipe, ()))
        except TemplateError:
            return None
        return {each.name: each for each in found}


def mistakes(dashboard: Dashboard, files: Files) -> list[Mistake]:
    """Return everything in a declaration that its project does not have, each once."""
    found = chain(
        _of_names(dashboard),
        _of_pipes(dashboard, files),
        *(_of_filter(each, files) for each in dashboard.filters),
        *(_of_page(dashboard, name, files) for name in ("", *dashboard.pages)),
    )
    return list(dict.fromkeys(found))


def line_of(mistake: Mistake, source: str) -> int:
    """Return the line of a declaration's source that a mistake is on, 1 when it is not found.

    It is the wrong name, within the smallest call that has the other names of the mistake too.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for wrong in mistake.names:
        others = set(mistake.names) - {wrong}
        places = [
            (
                -len(others & texts.keys()),
                # A panel's own pipe, not that of a trend in another one.
                not any(_is_text(each.value, wrong) for each in call.keywords),
                (call.end_lineno or 0) - call.lineno,
                texts[wrong],
            )
            for call in calls
            for texts in (_texts(call),)
            if wrong in texts
        ]
        if places:
            return min(places)[-1]
    return 1


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _texts(call: ast.Call) -> dict[str, int]:
    """Return every text in a call and the first line that it is on."""
    found: dict[str, int] = {}
    for node in ast.walk(call):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found[node.value] = min(node.lineno, found.get(node.value, node.lineno))
    return found


def _of_names(dashboard: Dashboard) -> Iterator[Mistake]:
    """Yield names that are taken twice or cannot stand in an address."""
    taken = {*PERIOD, PIPE, SORT, *sortable_rankings(dashboard)}
    for each in dashboard.filters:
        if each.name in taken:
            yield Mistake(
                f"a filter cannot be named '{each.name}': another one is, or an address says "
                "something else by that name",
                (each.name,),
            )
        taken.add(each.name)
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


def _of_pipes(dashboard: Dashboard, files: Files) -> Iterator[Mistake]:
    """Yield what is wrong with the pipes that are asked, each once, with the first who asks."""
    asked = chain(
        ((panel.pipe, f"the panel '{panel.key}'") for panel in dashboard.all_panels),
        (
            (each.values_from[0], f"the filter '{each.name}'")
            for each in dashboard.filters
            if each.values_from
        ),
        ((dashboard.newest, "newest"),),
    )
    first: dict[str, str] = {}
    for pipe, where in asked:
        first.setdefault(pipe, where)
    for pipe, where in first.items():
        yield from _of_pipe(pipe, where, files)


def _of_pipe(pipe: str, where: str, files: Files) -> Iterator[Mistake]:
    """Yield that a pipe is not there, cannot be asked, or that nobody may read it."""
    pipes, told = files.project.pipes, {*files.project.unreadable, *files.told}
    if pipe in told or not (pipes or files.project.datasources):
        return
    if pipe not in pipes:
        yield _unknown(where, "asks the pipe", pipe, pipes, "which the project does not have")
    elif not pipes[pipe].is_endpoint:
        yield Mistake(f"{where} asks the pipe '{pipe}', which is no endpoint", (pipe,))
    elif pipe not in files.fixed:
        yield _unknown(
            where, "asks the pipe", pipe, files.fixed, "which the policy lets no session read"
        )


def _of_filter(declared: Filter, files: Files) -> Iterator[Mistake]:
    if declared.values_from is not None:
        pipe, column = declared.values_from
        where = f"the filter '{declared.name}'"
        yield from _of_columns(pipe, [column], where, files)


def _of_page(dashboard: Dashboard, name: str, files: Files) -> Iterator[Mistake]:
    panels = dashboard.panels_of(name)
    page = dashboard.pages.get(name)
    if page is not None:
        yield from _of_heading(dashboard, name, page)
    for panel in panels:
        where = f"the panel '{panel.key}'"
        yield from _of_columns(panel.pipe, panel.columns_used - {""}, where, files)
        yield from _of_parameters(dashboard, panel, where, files)
        yield from _of_filters_named(dashboard, panel, where)
        yield from _of_kind(dashboard, panel, where)
        for filter_ in set(page.by if page else ()) & set(panel.ignores):
            yield Mistake(
                f"{where} ignores the filter '{filter_}', which makes the page '{name}' what it is",
                (filter_, panel.pipe),
            )
        if isinstance(panel, Figures):
            yield from _of_trends(panel, panels, where, files)


def _of_heading(dashboard: Dashboard, name: str, page: Page) -> Iterator[Mistake]:
    names = [each.name for each in dashboard.filters]
    for filter_ in page.by:
        if filter_ not in names:
            yield _unknown(
                f"the page '{name}'", "is by", filter_, names, "which is no filter of the dashboard"
            )
    for place in PLACE.findall(page.title):
        if place not in page.by:
            yield _unknown(
                f"the page '{name}'",
                "is headed by",
                place,
                page.by,
                "which it is not by",
                page.title,
            )


def _of_columns(pipe: str, columns: Iterable[str], where: str, files: Files) -> Iterator[Mistake]:
    known = files.columns(pipe)
    if known is None:
        return
    unknown = set(columns) - known
    for column in sorted(unknown):
        if column.removesuffix("_before") in unknown - {column}:
            continue
        yield _unknown(
            where,
            "shows the column",
            column,
            known,
            f"which the pipe '{pipe}' does not answer",
            # The column of the period before is seldom written down.
            column.removesuffix("_before"),
            pipe,
        )


def _of_parameters(
    dashboard: Dashboard, panel: Panel, where: str, files: Files
) -> Iterator[Mistake]:
    known = files.parameters(panel.pipe)
    if known is None:
        return
    filters = {each.name: tuple(each.values) for each in dashboard.filters}
    own = {name: (value,) for name, value in panel.parameters.items()}
    sorts = panel.sorts if isinstance(panel, Ranking) else ()
    asked: dict[str, tuple[str, ...]] = {
        dashboard.start: (),
        dashboard.end: (),
        **filters,
        **({SORT: sorts} if sorts else {}),
    }
    for name, values in chain(
        ((name, values) for name, values in asked.items() if name not in panel.ignores),
        own.items(),
    ):
        if name not in known:
            remedy = (
                "every pipe takes the period, by the names in Dashboard(start=..., end=...)"
                if name in (dashboard.start, dashboard.end)
                else "ignores=... leaves a filter out"
            )
            yield _unknown(
                where,
                "asks with the parameter",
                name,
                known,
                f"which the pipe '{panel.pipe}' does not take ({remedy})",
                panel.pipe,
            )
            continue
        options = known[name].options
        for value in values:
            if options and value not in options:
                yield _unknown(
                    where,
                    f"asks with {name} =",
                    value,
                    options,
                    f"which the pipe '{panel.pipe}' does not know",
                    panel.pipe,
                )
    for name in set(panel.ignores) - asked.keys():
        yield _unknown(
            where, "ignores", name, asked, "which is no filter of the dashboard", panel.pipe
        )


def _of_filters_named(dashboard: Dashboard, panel: Panel, where: str) -> Iterator[Mistake]:
    names = [each.name for each in dashboard.filters]
    for name in dict.fromkeys(_filters_named(panel)):
        if name not in names:
            yield _unknown(
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
            yield from chain.from_iterable(each.fixed_by for each in panel.figures)
        case TimeSeries(filter=name) if name:
            yield name
        case Breakdown():
            yield panel.by
        case Ranking() | Records():
            yield from panel.by if isinstance(panel, Ranking) else ()
            for column in panel.columns:
                yield from (*column.filters, *column.fixed_by)


def _of_kind(dashboard: Dashboard, panel: Panel, where: str) -> Iterator[Mistake]:
    """Yield what a panel lacks, or says of itself that does not hold."""
    if not 0 < panel.width <= _WIDEST:
        yield Mistake(f"{where} is {panel.width} of {_WIDEST} columns wide", (panel.pipe,))
    for name in _lacks(panel):
        yield Mistake(f"{where} needs {name}=...", (panel.pipe, panel.title))
    if isinstance(panel, TimeSeries):
        yield from _of_series(dashboard, panel, where)
    if isinstance(panel, Ranking) and panel.opens:
        page = dashboard.pages.get(panel.opens)
        if page is None:
            yield _unknown(
                where, "opens the page", panel.opens, dashboard.pages,
                "which the dashboard does not have", panel.pipe,
            )  # fmt: skip
        elif not set(page.by) <= set(panel.by):
            yield Mistake(
                f"{where} opens the page '{panel.opens}', which is by {', '.join(page.by)}: "
                "by=... must name them all",
                (panel.opens, panel.pipe),
            )


def _of_series(dashboard: Dashboard, panel: TimeSeries, where: str) -> Iterator[Mistake]:
    labels = [each.label for each in panel.series]
    if panel.main and panel.main not in labels:
        yield _unknown(
            where, "tells of", panel.main, labels, "which is no series of it", panel.pipe
        )
    found = dashboard.filter_named(panel.filter)
    for label in labels:
        if found is not None and not found.allows(label):
            yield _unknown(
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
        case Breakdown() if not (panel.by and panel.value):
            yield "by=... and value"
        case Ranking(by=()):
            yield "by"
        case Records(id=""):
            yield "id"
        case Ranking() | Records() if not panel.columns or not all(_has_any(panel.columns)):
            yield "columns"


def _has_any(columns: Iterable[Column]) -> Iterator[bool]:
    return (bool(each.of) for each in columns)


def _of_trends(
    panel: Figures, panels: Collection[Panel], where: str, files: Files
) -> Iterator[Mistake]:
    over_time = [each.pipe for each in panels if isinstance(each, TimeSeries)]
    for pipe, column in filter(None, (each.trend for each in panel.figures)):
        if pipe not in over_time:
            yield _unknown(
                where,
                "draws a trend of the pipe",
                pipe,
                over_time,
                "which no time series of the same page shows",
                panel.pipe,
            )
        else:
            yield from _of_columns(pipe, [column], f"a trend in {where}", files)


def _unknown(
    where: str, does: str, name: str, known: Iterable[str], why: str, *others: str
) -> Mistake:
    hint = did_you_mean(name, known)
    return Mistake(f"{where} {does} '{name}', {why}.{hint}", (name, *others))
