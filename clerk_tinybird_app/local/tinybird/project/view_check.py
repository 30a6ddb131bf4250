"""Finds the mistakes of materialized pipes: against what they fill, and as ClickHouse's views."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_author
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.project import (
    materialized,
    schema,
    service_datasources,
    statement,
)
from clerk_tinybird_app.local.tinybird.project.materialized import View
from clerk_tinybird_app.local.tinybird.project.node_text import visible
from clerk_tinybird_app.local.tinybird.project.pipe_check import Found
from clerk_tinybird_app.local.tinybird.project.pipe_sql import (
    CompiledPipe,
    Place,
    chain,
    datasources_of,
)
from clerk_tinybird_app.local.tinybird.project.schema import Definition
from clerk_tinybird_app.tinybird.project import MATERIALIZED, TARGETS, ProjectError

_STATE: Final = "AggregateFunction("
_WRAPPER: Final = re.compile(r"^(?:LowCardinality\(|SimpleAggregateFunction\(\w+, )(.*)\)$")
_TEXT: Final = re.compile(r"^(?:Nullable\()?(?:Fixed)?String\b")
_UNION: Final = re.compile(r"\bUNION\b")


@dataclass(frozen=True)
class Selected:
    """What a node selects, against the data source that it fills.

    Attributes:
        place: The node.
        columns: Those that it selects, each one's type by its name.
        table: What it fills.
    """

    place: Place
    columns: Mapping[str, str]
    table: Definition

    def unfilled(self) -> Iterator[ProjectError]:
        """Yield the columns of the table that it does not select and that have no default."""
        for name in self.table.columns:
            if name not in self.columns and name not in self.table.defaults:
                text = f"It does not select the column '{name}' of '{self.place.node.target}', "
                advice = "which would be empty. Select it, or give it a DEFAULT there."
                yield self.place.mistake(f"{text}{advice}")

    def misfits(self) -> Iterator[ProjectError]:
        """Yield the columns whose type ClickHouse takes, and then fails on when some row comes."""
        for name, given, into in self._bare_types():
            if given.startswith("Nullable(") and not into.startswith("Nullable("):
                yield self.differs(name, "Use ifNull().")
            elif _TEXT.match(given) and not _TEXT.match(into):
                yield self.differs(name, "Convert it.")

    def cut(self, session: ChdbSession) -> Iterator[ProjectError]:
        """Yield the columns whose values the target's type cannot all hold."""
        for name, given, into in self._bare_types():
            if given != into and _STATE not in given and not _TEXT.match(into):
                values = (f"defaultValueOfTypeName({literal(each)})" for each in (given, into))
                common = f"SELECT toTypeName(if(materialize(1), {', '.join(values)}))"
                if session.query(common, "TSVRaw").decode().strip() != into:
                    yield self.differs(name, "What does not fit is cut.")

    def differs(self, name: str, advice: str) -> ProjectError:
        """Return the mistake of a column of another type than its target's."""
        given, into = self.columns[name], self.table.columns[name]
        text = f"The column '{name}' is {given}, and in '{self.place.node.target}' it is {into}."
        return self.place.mistake(f"{text} {advice}", name)

    def _bare_types(self) -> Iterator[tuple[str, str, str]]:
        """Yield each column with its types, here and there, without what changes no value."""
        for name, kind in self.columns.items():
            yield name, _bare(kind), _bare(self.table.columns[name])


def require_target(place: Place, definitions: Mapping[str, Definition]) -> Definition:
    """Return the table that a node fills.

    Raises:
        ProjectError: There is none.
    """
    node = place.node
    if node.target not in definitions.keys() & place.pipe.datasources:
        text = f"{TARGETS[node.type]} must name what a {node.type} node fills, a data source of the"
        raise place.mistake(f"{text} project, not '{node.target}'.")
    return definitions[node.target]


def check_views(
    session: ChdbSession,
    reading: ChdbSession,
    rehearsal: str,
    pipes: Mapping[str, CompiledPipe],
    definitions: Mapping[str, Definition],
    *,
    found: Found,
) -> dict[str, View]:
    """Make the view of each materialized pipe over the empty tables of the rehearsal.

    What each selects is looked at first, by a connection for ``reading`` that may only do that.

    Returns:
        Those without a mistake, by their pipes; what is wrong is added to ``found``.
    """
    session.use(rehearsal)
    rehearsed = {}
    readable = {*schema.tables_of(reading, rehearsal), *pipes}
    for name, pipe in pipes.items():
        if pipe.filling.node.type != MATERIALIZED:
            continue
        try:
            into = require_target(pipe.filling, definitions).columns
            view = _view(reading, pipe.filling, readable)
            _make(session, rehearsal, pipe.filling, view, into)
        except ProjectError as mistake:
            found.mistakes.append(mistake)
        else:
            rehearsed[name] = view
            selected = Selected(pipe.filling, view.columns, definitions[view.target])
            found.mistakes.extend((*selected.unfilled(), *selected.misfits()))
            found.doubts.extend(selected.cut(session))
    good = {}
    for name, made in materialized.views(session, rehearsal).items():
        if made.source in definitions and made.source in pipes[name].datasources:
            good[name] = replace(rehearsed[name], query=made.query, source=made.source)
        else:
            text = "It would never run: what it selects from first must be a data source, not"
            found.mistakes.append(pipes[name].filling.mistake(f"{text} '{made.source}'."))
    while circle := _circle(good):
        text = f"Circular reference: {' -> '.join(circle)}. An insert would never end."
        for name in [name for name, view in good.items() if view.target in circle]:
            found.mistakes.append(pipes[name].filling.mistake(text))
            del good[name]
    return good


def _circle(views: Mapping[str, View]) -> list[str]:
    """Return data sources that are filled from each other, the first one twice."""
    try:
        materialized.in_order(views.values())
    except CycleError as error:
        return list(error.args[1])
    return []


def _view(reading: ChdbSession, place: Place, readable: Collection[str]) -> View:
    """Return the view that a pipe is to have, which reads nothing but data sources.

    Raises:
        ProjectError: It can have none.
    """
    places, node = chain(place), place.node
    if any(each.node.is_template for each in places):
        text = "A materialized pipe has no request, so no template. Remove the % and the {{ }}."
        raise place.mistake(text)
    query = place.sql({})
    if service := next(service_datasources.named_in(visible(query)), None):
        text = "cannot be read by a materialized pipe, as at Tinybird. Read it in an endpoint."
        raise place.mistake(f"The service data source '{service}' {text}")
    if _UNION.search(visible(query).upper()):
        text = "Of a UNION, only rows of the first SELECT are sure to be seen. Write a materialized"
        raise place.mistake(f"{text} pipe for each SELECT, all into '{node.target}'.")
    allowed = {*readable, *(each.node.name for each in places)}
    try:
        asked = statement.canonical(reading, query)
        used = statement.names(reading, asked)
        statement.require_readable(reading, used, asked, allowed=allowed, is_authors=True)
    except ApiError as refusal:
        _, name, *_ = f"{refusal.message}''".split("'")
        own = (each for each in places if each.pipe is place.pipe and name in each.node.sql)
        text = f"A materialized pipe reads data sources alone. {refusal.message}."
        raise next(own, place).mistake(text, name) from None
    try:
        columns = schema.columns_of(reading, query)
    except QueryFailed as failure:
        raise place.mistake(for_author(failure)) from None
    return View(
        pipe=place.pipe.pipe.name,
        target=node.target,
        query=query,
        columns=columns,
        reads=datasources_of(place),
        keeps_rows=node.settings.get("DEPLOYMENT_METHOD", "").lower() == "alter",
    )


def _make(
    session: ChdbSession, rehearsal: str, place: Place, view: View, into: Mapping[str, str]
) -> None:
    """Make the view of a pipe.

    Raises:
        ProjectError: ClickHouse refuses it.
    """
    try:
        materialized.create(session, rehearsal, view)
    except QueryFailed as failure:
        # ClickHouse names a column that is not there, and of states that differ only the types.
        for name, kind in view.columns.items():
            differs = kind != into.get(name, kind) and _STATE in kind + into[name]
            if differs or f"'{name}'" in failure.message:
                raise place.mistake(for_author(failure), name) from None
        raise place.mistake(for_author(failure)) from None


def _bare(kind: str) -> str:
    """Return a type without what changes none of its values."""
    while found := _WRAPPER.match(kind):
        kind = found[1]
    return kind
