"""Copy pipes: what each copies, how and when, and the mistakes that are found before it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from cronsim import CronSim, CronSimError

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.tables import literal, quoted
from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.project.node_text import values_for
from clerk_tinybird_app.local.tinybird.project.pipe_check import Found
from clerk_tinybird_app.local.tinybird.project.pipe_sql import (
    CompiledPipe,
    Place,
    chain,
    datasources_of,
    line_of,
)
from clerk_tinybird_app.local.tinybird.project.schema import Definition, columns_of
from clerk_tinybird_app.local.tinybird.project.view_check import (
    cut,
    differs,
    misfits,
    mistake_at,
    require_target,
    unfilled,
)
from clerk_tinybird_app.tinybird.project import COPY, Node, ProjectError
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


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy pipe.

    Attributes:
        pipe: The pipe.
        node: Its node whose rows are copied.
        columns: Those of the data source that they are copied into: each one's type by its name.
        mode: What becomes of the rows that are there, unless the call says otherwise.
        cron: When it runs by itself, in UTC; "" for never.
    """

    pipe: CompiledPipe
    node: Node
    columns: Mapping[str, str] = field(repr=False)
    mode: str
    cron: str

    @property
    def reads_target(self) -> bool:
        """Tell whether what it copies is made of the rows that are there already."""
        return self.node.target in datasources_of(Place(self.pipe, self.node))

    def sql(self, values: Mapping[str, Any]) -> str:
        """Return the query of the rows to copy.

        Raises:
            TemplateError: A parameter is missing or of the wrong type.
            ApiError: 400, pipes or nodes read from each other in a circle.
        """
        return self.pipe.query(self.node, lambda each: each.pipe.rendered(each.node, values))

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
    session: ChdbSession,
    rehearsal: str,
    pipes: Mapping[str, CompiledPipe],
    definitions: Mapping[str, Definition],
) -> tuple[dict[str, Copy], Found]:
    """Check each copy pipe against the empty tables of the rehearsal; none is run.

    Returns:
        Those without a mistake, by their pipes, and what is wrong.
    """
    session.use(rehearsal)
    found, good = Found([], []), {}
    for name, pipe in pipes.items():
        node = pipe.pipe.filling
        if node is None or node.type != COPY:
            continue
        try:
            table = require_target(pipe, definitions)
            copy = Copy(
                pipe=pipe,
                node=node,
                columns=table.columns,
                mode=_mode(pipe, node),
                cron=_cron(pipe, node),
            )
            _require_defaults(copy)
        except ProjectError as mistake:
            found.mistakes.append(mistake)
            continue
        columns = _columns(session, copy)
        told = list(_unfit(session, copy, columns, table)) if columns else []
        # Another branch may select other columns.
        places = chain(Place(pipe, node))
        has_branches = any(each.is_template and _STATEMENT in each.sql for _, each in places)
        (found.doubts if has_branches else found.mistakes).extend(told)
        if columns and not told:
            doubts = [*cut(session, pipe, columns, table), *misfits(pipe, columns, table)]
            found.doubts.extend({doubt.line: doubt for doubt in doubts}.values())
        good[name] = copy
    return good, found


def _mode(pipe: CompiledPipe, node: Node) -> str:
    mode = node.settings.get("COPY_MODE", APPEND)
    if mode not in MODES:
        text = f"COPY_MODE must be {' or '.join(MODES)}, not '{mode}'."
        raise ProjectError(pipe.pipe.path, node.lines["COPY_MODE"], text)
    return mode


def _cron(pipe: CompiledPipe, node: Node) -> str:
    schedule = node.settings.get("COPY_SCHEDULE", _ON_DEMAND)
    cron = _NICKNAMES.get(schedule, schedule)
    try:
        if cron == _ON_DEMAND:
            return ""
        CronSim(cron, datetime.now(UTC))
        if len(cron.split()) == _FIELDS:
            return cron
        wrong = f"not {_FIELDS} fields"
    except CronSimError as error:
        wrong = str(error)
    text = (
        f"COPY_SCHEDULE must be {_ON_DEMAND} or a cron expression such as 0 * * * *, not "
        f"'{schedule}': {wrong}."
    )
    raise ProjectError(pipe.pipe.path, node.lines["COPY_SCHEDULE"], text)


def _require_defaults(copy: Copy) -> None:
    """Pass unless it runs by itself and a parameter needs a value, which nobody gives it then."""
    for pipe, node in chain(Place(copy.pipe, copy.node)) if copy.cron else ():
        for each in pipe.templates[node.name].parameters:
            if each.is_enforced and not each.has_default and each.name != RUN_AT:
                text = (
                    f"By a COPY_SCHEDULE, nobody gives it the parameter '{each.name}'. Give it a "
                    "default."
                )
                raise ProjectError(pipe.pipe.path, line_of(node, each.name), text)


def _columns(session: ChdbSession, copy: Copy) -> dict[str, str]:
    """Return the columns that it selects, none if only a call can tell."""
    places = chain(Place(copy.pipe, copy.node))
    parameters = [each for pipe, node in places for each in pipe.templates[node.name].parameters]
    try:
        sql = copy.sql(values_for(each for each in parameters if each.is_enforced))
        return columns_of(session, sql)
    except (TemplateError, ApiError, QueryFailed):
        return {}


def _unfit(
    session: ChdbSession, copy: Copy, columns: Mapping[str, str], table: Definition
) -> Iterator[ProjectError]:
    for name, kind in columns.items():
        if name not in table.columns:
            text = f"'{copy.node.target}' has no column '{name}'. Name it as one of its columns."
            yield mistake_at(copy.pipe, text, name)
            continue
        values = f"materialize(defaultValueOfTypeName({literal(kind)})) AS {quoted(name)}"
        try:
            columns_of(
                session, f"SELECT {casts({name: kind}, table.columns)} FROM (SELECT {values})"
            )
        except QueryFailed:
            text = f"{differs(copy.pipe, columns, table, name)} Convert it."
            yield mistake_at(copy.pipe, text, name)
    yield from unfilled(copy.pipe, columns, table)
