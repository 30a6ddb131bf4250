"""Finds the mistakes of materialized pipes: against what they fill, and as ClickHouse's views."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_author
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.project import materialized, service_datasources
from clerk_tinybird_app.local.tinybird.project.materialized import View
from clerk_tinybird_app.local.tinybird.project.node_text import visible
from clerk_tinybird_app.local.tinybird.project.pipe_check import Found
from clerk_tinybird_app.local.tinybird.project.pipe_sql import (
    CompiledPipe,
    Place,
    chain,
    datasources_of,
    line_of,
)
from clerk_tinybird_app.local.tinybird.project.schema import Definition, columns_of
from clerk_tinybird_app.tinybird.project import MATERIALIZED, TARGETS, Node, ProjectError

_STATE: Final = "AggregateFunction("
_WRAPPER: Final = re.compile(r"^(?:LowCardinality\(|SimpleAggregateFunction\(\w+, )(.*)\)$")
_TEXT: Final = re.compile(r"^(?:Nullable\()?(?:Fixed)?String\b")
_UNION: Final = re.compile(r"\bUNION\b")


def mistake_at(pipe: CompiledPipe, text: str, column: str = "") -> ProjectError:
    """Return a mistake of a pipe that fills, where it names the column or what it fills."""
    node = _filling(pipe)
    line = line_of(node, column) if column else node.lines.get(TARGETS[node.type], node.line)
    return ProjectError(pipe.pipe.path, line, text)


def require_target(pipe: CompiledPipe, definitions: Mapping[str, Definition]) -> Definition:
    """Return the table that a pipe fills.

    Raises:
        ProjectError: There is none.
    """
    node = _filling(pipe)
    if node.target not in definitions.keys() & pipe.datasources:
        text = f"{TARGETS[node.type]} must name what a {node.type} node fills, a data source of the"
        raise mistake_at(pipe, f"{text} project, not '{node.target}'.")
    return definitions[node.target]


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
                of_columns = view.columns, definitions[view.target]
                found.mistakes.extend(unfilled(pipe, *of_columns))
                found.mistakes.extend(misfits(pipe, *of_columns))
                found.doubts.extend(cut(session, pipe, *of_columns))
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


def _filling(pipe: CompiledPipe) -> Node:
    """Return the node that fills a data source, of a pipe that has one."""
    return pipe.pipe.filling or pipe.pipe.endpoint


def _rehearsed(
    session: ChdbSession, rehearsal: str, pipe: CompiledPipe, definitions: Mapping[str, Definition]
) -> View:
    """Make the view of a pipe.

    Raises:
        ProjectError: It can have none.
    """
    node = _filling(pipe)
    place, into = Place(pipe, node), require_target(pipe, definitions).columns
    if any(each.node.is_template for each in chain(place)):
        text = "A materialized pipe has no request, so no template. Remove the % and the {{ }}."
        raise mistake_at(pipe, text)
    query = pipe.query(node, lambda each: each.pipe.rendered(each.node, {}))
    if service := next(service_datasources.named_in(visible(query)), None):
        text = "cannot be read by a materialized pipe, as at Tinybird. Read it in an endpoint."
        raise mistake_at(pipe, f"The service data source '{service}' {text}")
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
        columns |= columns_of(session, query)
        materialized.create(session, rehearsal, view)
    except QueryFailed as failure:
        # ClickHouse names a column that is not there, and of states that differ only the types.
        for name, kind in columns.items():
            differs = kind != into.get(name, kind) and _STATE in kind + into[name]
            if differs or f"'{name}'" in failure.message:
                raise mistake_at(pipe, for_author(failure), name) from None
        raise mistake_at(pipe, for_author(failure, rehearsal)) from None
    return view


def unfilled(
    pipe: CompiledPipe, columns: Mapping[str, str], table: Definition
) -> Iterator[ProjectError]:
    """Yield the columns of the table that a pipe does not select and that have no default.

    The ``columns`` are those that it selects, each one's type by its name.
    """
    for name in table.columns:
        if name not in columns and name not in table.defaults:
            text = f"It does not select the column '{name}' of '{_filling(pipe).target}', which"
            yield mistake_at(pipe, f"{text} would be empty. Select it, or give it a DEFAULT there.")


def misfits(
    pipe: CompiledPipe, columns: Mapping[str, str], table: Definition
) -> Iterator[ProjectError]:
    """Yield the columns whose type ClickHouse takes, and then fails on when some row comes."""
    for name, kind in columns.items():
        given, into = _bare(kind), _bare(table.columns[name])
        if given.startswith("Nullable(") and not into.startswith("Nullable("):
            yield mistake_at(pipe, f"{differs(pipe, columns, table, name)} Use ifNull().", name)
        elif _TEXT.match(given) and not _TEXT.match(into):
            yield mistake_at(pipe, f"{differs(pipe, columns, table, name)} Convert it.", name)


def cut(
    session: ChdbSession, pipe: CompiledPipe, columns: Mapping[str, str], table: Definition
) -> Iterator[ProjectError]:
    """Yield the columns whose values the target's type cannot all hold."""
    for name, kind in columns.items():
        given, into = _bare(kind), _bare(table.columns[name])
        if given != into and _STATE not in given and not _TEXT.match(into):
            values = (f"defaultValueOfTypeName({literal(each)})" for each in (given, into))
            common = f"SELECT toTypeName(if(materialize(1), {', '.join(values)}))"
            if session.query(common, "TSVRaw").decode().strip() != into:
                text = f"{differs(pipe, columns, table, name)} What does not fit is cut."
                yield mistake_at(pipe, text, name)


def differs(pipe: CompiledPipe, columns: Mapping[str, str], table: Definition, name: str) -> str:
    """Return what is to be told of a column of another type than its target's."""
    given, into = columns[name], table.columns[name]
    return f"The column '{name}' is {given}, and in '{_filling(pipe).target}' it is {into}."


def _bare(kind: str) -> str:
    """Return a type without what changes none of its values."""
    while found := _WRAPPER.match(kind):
        kind = found[1]
    return kind
