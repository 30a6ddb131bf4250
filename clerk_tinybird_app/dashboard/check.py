"""Holds a declared dashboard to the files of its Tinybird project, before anybody looks at it.

What cannot be judged, such as a pipe's columns behind ``SELECT *`` of a join, is not said to be
wrong.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from clerk_tinybird_app.dashboard.chosen import MANY
from clerk_tinybird_app.dashboard.contradictions import contradictions
from clerk_tinybird_app.dashboard.declaration import (
    Dashboard,
    Figures,
    Filter,
    Panel,
    Ranking,
    Records,
)
from clerk_tinybird_app.dashboard.mistake import Mistake, unknown
from clerk_tinybird_app.dashboard.questions import LIMIT
from clerk_tinybird_app.dashboard.view import SORT
from clerk_tinybird_app.tinybird.lint.columns import columns_of, reading_of
from clerk_tinybird_app.tinybird.lint.reading import Reading
from clerk_tinybird_app.tinybird.pipe_request import Field, fields_of
from clerk_tinybird_app.tinybird.project import Project
from clerk_tinybird_app.tinybird.template import TemplateError


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

    @cached_property
    def _reading(self) -> Reading:
        return reading_of(self.project)

    def parameters(self, pipe: str) -> dict[str, Field] | None:
        """Return what a request to a pipe may set, None when that cannot be told."""
        return self._parameters.get(pipe)

    def columns(self, pipe: str) -> frozenset[str] | None:
        """Return the columns that a pipe answers, None when they cannot be told."""
        found = self.project.pipes.get(pipe)
        columns = columns_of(self._reading, found) if found else None
        return None if columns is None else frozenset(columns)

    def _parameters_of(self, pipe: str) -> dict[str, Field] | None:
        try:
            found = fields_of(self.project, pipe, without=self.fixed.get(pipe, ()))
        except TemplateError:
            return None
        return {each.name: each for each in found}


def mistakes(dashboard: Dashboard, files: Files) -> list[Mistake]:
    """Return everything in a declaration that its project does not have, each once."""
    found = chain(
        contradictions(dashboard),
        _of_pipes(dashboard, files),
        *(_of_values(dashboard, each, files) for each in dashboard.filters),
        *(_of_panel(dashboard, each, files) for each in dashboard.all_panels),
    )
    return list(dict.fromkeys(found))


def _of_pipes(dashboard: Dashboard, files: Files) -> Iterator[Mistake]:
    """Yield what is wrong with the pipes that are asked, each once, with the first who asks."""
    asked = chain(
        ((panel.pipe, f"the panel '{panel.key}'") for panel in dashboard.all_panels),
        (
            (each.values_from.pipe, f"the filter '{each.name}'")
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
        yield unknown(where, "asks the pipe", pipe, pipes, "which the project does not have")
    elif not pipes[pipe].is_endpoint:
        yield Mistake(f"{where} asks the pipe '{pipe}', which is no endpoint", (pipe,))
    elif pipe not in files.fixed:
        yield unknown(
            where, "asks the pipe", pipe, files.fixed, "which the policy lets no session read"
        )


def _of_values(dashboard: Dashboard, declared: Filter, files: Files) -> Iterator[Mistake]:
    """Yield what is wrong with where a filter's values come from."""
    found = declared.values_from
    if found is None:
        return
    where = f"the filter '{declared.name}'"
    yield from _of_columns(found.pipe, {found.column, found.count} - {""}, where, files)
    own: dict[str, tuple[str, ...]] = {name: (value,) for name, value in found.parameters.items()}
    own |= {found.search: ()} if found.search else {}
    # It is asked with every filter but its own.
    filters = {each.name: each for each in dashboard.filters if each.name != declared.name}
    asked = {dashboard.start: (), dashboard.end: (), **_asked_by(filters.values())}
    yield from _of_parameters_asked(dashboard, found.pipe, {**asked, **own}, where, files)


def _of_panel(dashboard: Dashboard, panel: Panel, files: Files) -> Iterator[Mistake]:
    where = f"the panel '{panel.key}'"
    yield from _of_columns(panel.pipe, panel.columns_used - {""}, where, files)
    yield from _of_parameters(dashboard, panel, where, files)
    if isinstance(panel, Figures):
        for pipe, column in filter(None, (each.trend for each in panel.figures)):
            yield from _of_columns(pipe, [column], f"a trend in {where}", files)


def _of_columns(pipe: str, columns: Iterable[str], where: str, files: Files) -> Iterator[Mistake]:
    known = files.columns(pipe)
    if known is None:
        return
    lacking = set(columns) - known
    for column in sorted(lacking):
        if column.removesuffix("_before") in lacking - {column}:
            continue
        yield unknown(
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
    if files.parameters(panel.pipe) is None:
        return
    sorts = panel.sorts if isinstance(panel, Ranking) else ()
    others = {dashboard.start: (), dashboard.end: (), **({SORT: sorts} if sorts else {})}
    own = {name: (value,) for name, value in panel.parameters.items()}
    filters = [each for each in dashboard.filters if each.name not in panel.ignores]
    asked = {
        **{name: values for name, values in others.items() if name not in panel.ignores},
        **_asked_by(filters),
        **own,
    }
    yield from _of_parameters_asked(dashboard, panel.pipe, asked, where, files)
    if isinstance(panel, Records):
        yield from _of_records(panel, where, files)
    names = {*others, *(each.name for each in dashboard.filters)}
    for name in set(panel.ignores) - names:
        yield unknown(
            where, "ignores", name, names, "which is no filter of the dashboard", panel.pipe
        )


def _of_records(panel: Records, where: str, files: Files) -> Iterator[Mistake]:
    """Yield the parameters for older rows and for a search that a list's pipe does not take."""
    known = files.parameters(panel.pipe) or {}
    for name in (*panel.cursor, LIMIT) if panel.cursor else ():
        if name not in known:
            yield unknown(
                where,
                "asks for older rows with the parameter",
                name,
                known,
                f"which the pipe '{panel.pipe}' does not take (cursor=None leaves them out)",
                panel.pipe,
            )
    if panel.search and panel.search not in known:
        yield unknown(
            where,
            "searches by the parameter",
            panel.search,
            known,
            f"which the pipe '{panel.pipe}' does not take",
            panel.pipe,
        )


def _asked_by(filters: Iterable[Filter]) -> dict[str, tuple[str, ...]]:
    """Return the parameters that filters are asked by, each with the values that it may have."""
    found: dict[str, tuple[str, ...]] = {}
    for each in filters:
        found |= {each.name: tuple(each.values)}
        found |= {each.name + suffix: () for suffix in MANY if each.is_many}
    return found


def _of_parameters_asked(
    dashboard: Dashboard,
    pipe: str,
    asked: Mapping[str, tuple[str, ...]],
    where: str,
    files: Files,
) -> Iterator[Mistake]:
    """Yield the parameters that a pipe does not take, and the values that it does not know."""
    known = files.parameters(pipe)
    if known is None:
        return
    of_many = {each.name + suffix: each.name for each in dashboard.filters for suffix in MANY}
    for name, values in asked.items():
        if name not in known:
            remedy = "ignores=... leaves a filter out"
            if name in (dashboard.start, dashboard.end):
                remedy = (
                    "every pipe takes the period, by the names in Dashboard(start=..., end=...)"
                )
            elif name in of_many:
                remedy = f"Filter(name='{of_many[name]}', is_many=True) needs it; {remedy}"
            yield unknown(
                where,
                "asks with the parameter",
                name,
                known,
                f"which the pipe '{pipe}' does not take ({remedy})",
                of_many.get(name, name),
                pipe,
            )
            continue
        options = known[name].options
        for value in values:
            if options and value not in options:
                yield unknown(
                    where,
                    f"asks with {name} =",
                    value,
                    options,
                    f"which the pipe '{pipe}' does not know",
                    pipe,
                )
