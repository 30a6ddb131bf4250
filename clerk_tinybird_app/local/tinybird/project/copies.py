"""Copy pipes: what each copies, how and when, and the mistakes that are found before it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

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
    parameters_of,
)
from clerk_tinybird_app.local.tinybird.project.schema import Definition, columns_of
from clerk_tinybird_app.local.tinybird.project.view_check import Selected, require_target
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
            mode, cron = _mode(place), _cron(place)
            good[name] = Copy(
                pipe=pipe, node=place.node, columns=table.columns, mode=mode, cron=cron
            )
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
        return columns_of(session, place.sql(values_for(required)))
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
            columns_of(session, f"SELECT {casts({name: kind}, into)} FROM (SELECT {value})")
        except QueryFailed:
            yield selected.differs(name, "Convert it.")
    if selected.columns:
        yield from selected.unfilled()
