"""Finds the mistakes of materialized pipes: against what they fill, and as ClickHouse's views."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_author
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.project import materialized
from clerk_tinybird_app.local.tinybird.project.materialized import View
from clerk_tinybird_app.local.tinybird.project.node_text import visible
from clerk_tinybird_app.local.tinybird.project.pipe_check import Found
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, Place, chain, line_of
from clerk_tinybird_app.local.tinybird.project.schema import Definition
from clerk_tinybird_app.local.tinybird.project.unfed import datasources_of
from clerk_tinybird_app.tinybird.project import MATERIALIZED, ProjectError

_STATE: Final = "AggregateFunction("
_WRAPPER: Final = re.compile(r"^(?:LowCardinality\(|SimpleAggregateFunction\(\w+, )(.*)\)$")
_TEXT: Final = re.compile(r"^(?:Nullable\()?(?:Fixed)?String\b")
_UNION: Final = re.compile(r"\bUNION\b")


def mistake_at(pipe: CompiledPipe, text: str, column: str = "") -> ProjectError:
    """Return a mistake of a materialized pipe, where it names the column or what it fills."""
    node = _place(pipe).node
    line = line_of(node, column) if column else node.lines.get("DATASOURCE", node.line)
    return ProjectError(pipe.pipe.path, line, text)


def check_views(
    session: ChdbSession,
    rehearsal: str,
    pipes: Mapping[str, CompiledPipe],
    definitions: Mapping[str, Definition],
) -> tuple[dict[str, View], Found]:
    """Make the view of each materialized pipe over the empty tables of the rehearsal.

    Returns:
        Those without a mistake, by their pipes, and what is wrong.
    """
    session.use(rehearsal)
    found = Found([], [])
    rehearsed = {}
    for name, pipe in pipes.items():
        if any(node.type == MATERIALIZED for node in pipe.pipe.nodes):
            try:
                view = rehearsed[name] = _rehearsed(session, rehearsal, pipe, definitions)
            except ProjectError as mistake:
                found.mistakes.append(mistake)
            else:
                found.mistakes.extend(_misfits(pipe, view, definitions[view.target]))
                found.doubts.extend(_cut(session, pipe, view, definitions[view.target]))
    good = {}
    for name, made in materialized.views(session, rehearsal).items():
        if made.source in definitions and made.source in pipes[name].datasources:
            good[name] = replace(rehearsed[name], query=made.query, source=made.source)
        else:
            text = "It would never run: what it selects from first must be a data source, not"
            found.mistakes.append(mistake_at(pipes[name], f"{text} '{made.source}'."))
    while circle := _circle(good):
        text = f"Circular reference: {' -> '.join(circle)}. An insert would never end."
        for name in [name for name, view in good.items() if view.target in circle]:
            found.mistakes.append(mistake_at(pipes[name], text))
            del good[name]
    return good, found


def _circle(views: Mapping[str, View]) -> list[str]:
    """Return data sources that are filled from each other, the first one twice."""
    try:
        materialized.in_order(views.values())
    except CycleError as error:
        return list(error.args[1])
    return []


def _place(pipe: CompiledPipe) -> Place:
    """Return the node of a pipe that fills a data source on every insert."""
    return Place(pipe, next(node for node in pipe.pipe.nodes if node.type == MATERIALIZED))


def _rehearsed(
    session: ChdbSession, rehearsal: str, pipe: CompiledPipe, definitions: Mapping[str, Definition]
) -> View:
    """Make the view of a pipe.

    Raises:
        ProjectError: It can have none.
    """
    place = _place(pipe)
    node = place.node
    if node.target not in definitions.keys() & pipe.datasources:
        text = "DATASOURCE must name what a materialized node fills, a data source of the project"
        raise mistake_at(pipe, f"{text}, not '{node.target}'.")
    if any(each.node.is_template for each in chain(place)):
        text = "A materialized pipe has no request, so no template. Remove the % and the {{ }}."
        raise mistake_at(pipe, text)
    query = pipe.query(node, lambda each: each.pipe.rendered(each.node, {}))
    if _UNION.search(visible(query).upper()):
        text = "Of a UNION, only rows of the first SELECT are sure to be seen. Write a materialized"
        raise mistake_at(pipe, f"{text} pipe for each SELECT, all into '{node.target}'.")
    columns: dict[str, str] = {}
    view = View(
        pipe=pipe.pipe.name,
        target=node.target,
        query=query,
        columns=columns,
        reads=datasources_of(place),
        keeps_rows=node.settings.get("DEPLOYMENT_METHOD", "").lower() == "alter",
    )
    try:
        described = session.query(f"DESCRIBE TABLE ({query}\n)", "JSONEachRow").splitlines()
        columns |= {row["name"]: row["type"] for row in map(json.loads, described)}
        materialized.create(session, rehearsal, view)
    except QueryFailed as failure:
        into = definitions[node.target].columns
        # ClickHouse names a column that is not there, and of states that differ only the types.
        for name, kind in columns.items():
            differs = kind != into.get(name, kind) and _STATE in kind + into[name]
            if differs or f"'{name}'" in failure.message:
                raise mistake_at(pipe, for_author(failure), name) from None
        raise mistake_at(pipe, for_author(failure, rehearsal)) from None
    return view


def _misfits(pipe: CompiledPipe, view: View, table: Definition) -> Iterator[ProjectError]:
    """Yield what ClickHouse takes, and then fills in, or fails on when some row comes."""
    for name, kind in table.columns.items():
        given, into = _bare(view.columns.get(name, kind)), _bare(kind)
        if name not in view.columns and name not in table.defaults:
            text = f"It does not select the column '{name}' of '{view.target}', which would be"
            yield mistake_at(pipe, f"{text} empty. Select it, or give it a DEFAULT there.")
        elif given.startswith("Nullable(") and not into.startswith("Nullable("):
            yield mistake_at(pipe, f"{_differs(view, table, name)} Use ifNull().", name)
        elif _TEXT.match(given) and not _TEXT.match(into):
            yield mistake_at(pipe, f"{_differs(view, table, name)} Convert it.", name)


def _cut(
    session: ChdbSession, pipe: CompiledPipe, view: View, table: Definition
) -> Iterator[ProjectError]:
    """Yield the columns whose values the target's type cannot all hold."""
    for name, kind in view.columns.items():
        given, into = _bare(kind), _bare(table.columns[name])
        if given != into and _STATE not in given and not _TEXT.match(into):
            values = (f"defaultValueOfTypeName({literal(each)})" for each in (given, into))
            common = f"SELECT toTypeName(if(materialize(1), {', '.join(values)}))"
            if session.query(common, "TSVRaw").decode().strip() != into:
                text = f"{_differs(view, table, name)} What does not fit is cut."
                yield mistake_at(pipe, text, name)


def _differs(view: View, table: Definition, name: str) -> str:
    given, into = view.columns[name], table.columns[name]
    return f"The column '{name}' is {given}, and in '{view.target}' it is {into}."


def _bare(kind: str) -> str:
    """Return a type without what changes none of its values."""
    while found := _WRAPPER.match(kind):
        kind = found[1]
    return kind
