"""What pipes fill: materialized pipes and copy pipes, and the mistakes found before they run."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from graphlib import CycleError
from typing import Final

from cronsim import CronSim, CronSimError

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_author
from clerk_tinybird_app.local.tinybird.engine.tables import literal, quoted
from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.project import materialized, schema, service_datasources
from clerk_tinybird_app.local.tinybird.project.materialized import View
from clerk_tinybird_app.local.tinybird.project.node_text import values_for, visible
from clerk_tinybird_app.local.tinybird.project.pipe_check import Found
from clerk_tinybird_app.local.tinybird.project.pipe_sql import (
    CompiledPipe,
    Place,
    chain,
    datasources_of,
    parameters_of,
)
from clerk_tinybird_app.local.tinybird.project.schema import Definition
from clerk_tinybird_app.local.tinybird.project.statement import canonical, names, require_readable
from clerk_tinybird_app.tinybird.project import COPY, MATERIALIZED, TARGETS, ProjectError
from clerk_tinybird_app.tinybird.template import TemplateError

APPEND: Final = "append"
REPLACE: Final = "replace"
MODES: Final = (APPEND, REPLACE)
RUN_AT: Final = "job_timestamp"
"""The parameter that has the time of the run, unless the call gives it."""

_ON_DEMAND: Final = "@on-demand"
_NICKNAMES: Final = {
    **dict.fromkeys(("@yearly", "@annually"), "0 0 1 1 *"),
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    **dict.fromkeys(("@daily", "@midnight"), "0 0 * * *"),
    "@hourly": "0 * * * *",
}
_FIELDS: Final = 5
_STATEMENT: Final = "{%"

_STATE: Final = "AggregateFunction("
_WRAPPER: Final = re.compile(r"^(?:LowCardinality\(|SimpleAggregateFunction\(\w+, )(.*)\)$")
_TEXT: Final = re.compile(r"^(?:Nullable\()?(?:Fixed)?String\b")
_UNION: Final = re.compile(r"\bUNION\b")


@dataclass(frozen=True)
class Selected:
    """What a node selects, by name each column's type, against the table that it fills."""

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

    def named_in(self, failure: QueryFailed) -> str:
        """Return the column that a failure is about; "" if it is about none."""
        # ClickHouse names a column that is not there, and of states that differ only the types.
        for name, kind in self.columns.items():
            into = self.table.columns.get(name, kind)
            if (kind != into and _STATE in kind + into) or f"'{name}'" in failure.message:
                return name
        return ""

    def differs(self, name: str, advice: str) -> ProjectError:
        """Return the mistake of a column of another type than its target's."""
        given, into = self.columns[name], self.table.columns[name]
        text = f"The column '{name}' is {given}, and in '{self.place.node.target}' it is {into}."
        return self.place.mistake(f"{text} {advice}", name)

    def _bare_types(self) -> Iterator[tuple[str, str, str]]:
        """Yield each column with its types, here and there, without what changes no value."""
        for name, kind in self.columns.items():
            # Twice, as one can be within the other.
            given, into = (
                _WRAPPER.sub(r"\1", _WRAPPER.sub(r"\1", each))
                for each in (kind, self.table.columns[name])
            )
            yield name, given, into


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
        place = pipe.filling
        if place.node.type != MATERIALIZED:
            continue
        try:
            table = require_target(place, definitions)
            view = _view(reading, place, readable)
            materialized.create(session, rehearsal, view)
        except ProjectError as mistake:
            found.mistakes.append(mistake)
        except QueryFailed as failure:
            named = Selected(place, view.columns, table).named_in(failure)
            found.mistakes.append(place.mistake(for_author(failure), named))
        else:
            rehearsed[name] = view
            selected = Selected(place, view.columns, table)
            found.mistakes.extend((*selected.unfilled(), *selected.misfits()))
            found.doubts.extend(selected.cut(session))
    good = {}
    for name, made in materialized.views(session, rehearsal).items():
        if made.source in definitions and made.source in pipes[name].datasources:
            good[name] = replace(rehearsed[name], query=made.query, source=made.source)
        else:
            text = "It would never run: what it selects from first must be a data source, not"
            found.mistakes.append(pipes[name].filling.mistake(f"{text} '{made.source}'."))
    while True:
        try:
            materialized.in_order(good.values())
        except CycleError as error:
            circle = error.args[1]
        else:
            return good
        text = f"Circular reference: {' -> '.join(circle)}. An insert would never end."
        for name in [name for name, view in good.items() if view.target in circle]:
            found.mistakes.append(pipes[name].filling.mistake(text))
            del good[name]


def _view(reading: ChdbSession, place: Place, readable: Collection[str]) -> View:
    """Return the view that a pipe is to have, which reads nothing but data sources."""
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
        asked = canonical(reading, query)
        require_readable(reading, names(reading, asked), asked, allowed=allowed, is_authors=True)
        columns = schema.columns_of(reading, query)
    except QueryFailed as failure:
        raise place.mistake(for_author(failure)) from None
    except ApiError as refusal:
        _, name, *_ = f"{refusal.message}''".split("'")
        own = (each for each in places if each.pipe is place.pipe and name in each.node.sql)
        text = f"A materialized pipe reads data sources alone. {refusal.message}."
        raise next(own, place).mistake(text, name) from None
    return View(
        pipe=place.pipe.pipe.name,
        target=node.target,
        query=query,
        columns=columns,
        reads=datasources_of(place),
        keeps_rows=node.settings.get("DEPLOYMENT_METHOD", "").lower() == "alter",
    )


@dataclass(frozen=True)
class Copy:
    """A copy pipe, what it fills and with which columns and types, and how it runs by itself.

    The ``mode`` is for a call that says nothing else; ``cron`` is in UTC, "" for never.
    """

    pipe: CompiledPipe
    target: str
    columns: Mapping[str, str] = field(repr=False)
    mode: str
    cron: str

    def is_due(self, since: float, until: float) -> bool:
        """Tell whether it is to run by itself after ``since``, and not after ``until``."""
        begin = datetime.fromtimestamp(since, UTC)
        found = next(CronSim(self.cron, begin), None) if self.cron else None
        return found is not None and found.timestamp() <= until


def casts(given: Mapping[str, str], into: Mapping[str, str]) -> str:
    """Return the expressions for a query's columns as their target's types."""
    return ", ".join(
        quoted(name)
        if kind == into[name]
        else f"CAST({quoted(name)}, {literal(into[name])}) AS {quoted(name)}"
        for name, kind in given.items()
    )


def check_copies(
    reading: ChdbSession,
    pipes: Mapping[str, CompiledPipe],
    definitions: Mapping[str, Definition],
    found: Found,
) -> dict[str, Copy]:
    """Check each copy pipe against the empty tables of the rehearsal; none is run.

    Returns:
        Those without a mistake, by their pipes; what is wrong is added to ``found``.
    """
    good = {}
    for name, pipe in pipes.items():
        place = pipe.filling
        if place.node.type != COPY:
            continue
        try:
            table = require_target(place, definitions)
            good[name] = Copy(pipe, place.node.target, table.columns, _mode(place), _cron(place))
        except ProjectError as mistake:
            found.mistakes.append(mistake)
            continue
        selected = Selected(place, _columns(reading, place), table)
        if told := list(_unfit(reading, selected)):
            # Another branch may select other columns.
            has_branches = any(n.is_template and _STATEMENT in n.sql for _, n in chain(place))
            (found.doubts if has_branches else found.mistakes).extend(told)
        else:
            doubts = [*selected.cut(reading), *selected.misfits()]
            found.doubts.extend({doubt.line: doubt for doubt in doubts}.values())
    return good


def _mode(place: Place) -> str:
    mode = place.node.settings.get("COPY_MODE", APPEND)
    if mode not in MODES:
        text = f"COPY_MODE must be {' or '.join(MODES)}, not '{mode}'."
        raise ProjectError(place.pipe.pipe.path, place.node.lines["COPY_MODE"], text)
    return mode


def _cron(place: Place) -> str:
    schedule = place.node.settings.get("COPY_SCHEDULE", _ON_DEMAND)
    cron = _NICKNAMES.get(schedule, schedule)
    if cron == _ON_DEMAND:
        return ""
    try:
        CronSim(cron, datetime.now(UTC))
        wrong = "" if len(cron.split()) == _FIELDS else f"not {_FIELDS} fields"
    except CronSimError as error:
        wrong = str(error)
    if wrong:
        text = (
            f"COPY_SCHEDULE must be {_ON_DEMAND} or a cron expression such as 0 * * * *, not "
            f"'{schedule}': {wrong}."
        )
        raise ProjectError(place.pipe.pipe.path, place.node.lines["COPY_SCHEDULE"], text)
    for each in chain(place):
        for parameter in parameters_of([each]):
            is_required = parameter.is_enforced and not parameter.has_default
            if is_required and parameter.name != RUN_AT:
                text = (
                    f"By a COPY_SCHEDULE, nobody gives it the parameter '{parameter.name}'. Give "
                    "it a default."
                )
                raise each.mistake(text, parameter.name)
    return cron


def _columns(session: ChdbSession, place: Place) -> dict[str, str]:
    """Return the columns that a node selects, none if only a call can tell."""
    required = (each for each in parameters_of(chain(place)) if each.is_enforced)
    try:
        return schema.columns_of(session, place.sql(values_for(required)))
    except (TemplateError, ApiError, QueryFailed):
        return {}


def _unfit(session: ChdbSession, selected: Selected) -> Iterator[ProjectError]:
    into, place = selected.table.columns, selected.place
    for name, kind in selected.columns.items():
        if name not in into:
            text = f"'{place.node.target}' has no column '{name}'. Name it as one of its columns."
            yield place.mistake(text, name)
            continue
        value = f"materialize(defaultValueOfTypeName({literal(kind)})) AS {quoted(name)}"
        try:
            schema.columns_of(session, f"SELECT {casts({name: kind}, into)} FROM (SELECT {value})")
        except QueryFailed:
            yield selected.differs(name, "Convert it.")
    if selected.columns:
        yield from selected.unfilled()
