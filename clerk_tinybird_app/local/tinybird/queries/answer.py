"""Answers queries: a pipe with parameters, SQL on top of a pipe, or SQL over what one may read."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_caller
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX, quoted
from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, sealed
from clerk_tinybird_app.local.tinybird.project.unfed import require_fed
from clerk_tinybird_app.local.tinybird.queries import modifiers, statement
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace, Served

PIPE_ITSELF: Final = "_"
"""What SQL on top of a pipe calls it."""

_STATUSES: Final = {159: 408, 160: 408, 158: 413, 396: 413}
"""By ClickHouse's number: out of time, too slow, too many rows, too large an answer."""


@dataclass(frozen=True)
class Format:
    """A way to write an answer, by ClickHouse's name, and its ``Content-Type``."""

    name: str
    media_type: str


_CSV: Final = Format("CSVWithNames", "text/csv; charset=utf-8; header=present")
_JSON: Final = Format("JSON", "application/json; charset=utf-8")
_TSV: Final = Format("TabSeparated", "text/tab-separated-values; charset=utf-8")

BY_ENDING: Final = {
    "json": _JSON,
    "csv": _CSV,
    "csvwithnames": _CSV,
    "ndjson": Format("JSONEachRow", "application/x-ndjson; charset=utf-8"),
    "parquet": Format("Parquet", "application/vnd.apache.parquet"),
    "prometheus": Format("Prometheus", "text/plain; version=0.0.4; charset=utf-8"),
}
"""The formats of an answer by the ending of the address."""

_MEDIA_TYPES: Final = {
    "CSV": "text/csv; charset=utf-8",
    **{each.name: each.media_type for each in (*BY_ENDING.values(), _TSV)},
    **dict.fromkeys(("JSONCompact", "JSONStrings"), _JSON.media_type),
    **dict.fromkeys(("TSV", "TSVWithNames", "TabSeparatedWithNames"), _TSV.media_type),
}


@dataclass(frozen=True)
class Answer:
    """The rows that a query has.

    Attributes:
        body: As they are sent.
        output: How they are written.
        warning: Why they may not be what Tinybird would answer; "" for nothing.
    """

    body: bytes
    output: Format
    warning: str = ""


def refusal(failure: QueryFailed, *, own: str = "", hidden: str = "") -> ApiError:
    """Return what the API answers when ClickHouse refuses a query, see `for_caller`."""
    text = f"[Error] {for_caller(failure, own=own, hidden=hidden)} ({failure.name or 'UNKNOWN'})"
    return ApiError(_STATUSES.get(failure.code, 400), text)


def pipe(
    session: ChdbSession,
    workspace: LocalWorkspace,
    caller: Caller,
    found: CompiledPipe,
    values: Mapping[str, Any],
    *,
    output: Format,
    on_top: str | None,
) -> Answer:
    """Return a pipe's rows, or what SQL ``on_top`` of it has, which calls it ``_``.

    The caller may read it; the parameters that its token fixes win over the ``values``.

    Raises:
        TemplateError: A parameter is missing or of the wrong type.
        ApiError: The query is refused, by ClickHouse or before.
    """
    name = found.pipe.name
    fixed = caller.fixed_params(name, workspace.resource_id("pipe", name))
    query = found.sql({**values, **fixed})
    # Once: it may be replaced meanwhile.
    served = workspace.served
    unfed = served.reads_unfed.get(name, ())
    warning = require_fed(session, workspace.database, served.unfed, unfed)
    asked, whole = "", query
    if on_top is not None:
        asked, _ = statement.without_format(statement.canonical(session, on_top))
        statement.require_readable(
            statement.names(session, asked),
            asked,
            allowed={PIPE_ITSELF},
            existing=_existing(session, workspace),
            databases=_databases(session),
        )
        whole = statement.reading(asked, {PIPE_ITSELF: sealed(query)})
    own, hidden = _written(values, asked), _hidden(caller, query)
    return Answer(_body(session, whole, output, own=own, hidden=hidden), output, warning)


def sql(
    session: ChdbSession,
    workspace: LocalWorkspace,
    caller: Caller,
    text: str,
    values: Mapping[str, Any],
) -> Answer:
    """Return the rows of a caller's own SQL, in the format that it asks for.

    The ``values`` are parameters of the pipes that it reads.

    Raises:
        TemplateError: It reads a pipe whose parameter is missing.
        ApiError: It is not one SELECT or DESCRIBE, reads what the caller may not, or ClickHouse
            refuses it.
    """
    asked, name = statement.without_format(statement.canonical(session, text))
    # Of a format that is none, ClickHouse knows.
    output = Format(name, _MEDIA_TYPES.get(name, "text/plain; charset=utf-8")) if name else _TSV
    # Once: it may be replaced meanwhile.
    served = workspace.served
    filters = _filters(workspace, served, caller)
    existing = _existing(session, workspace)
    filtered = [each for each, condition in filters.items() if condition]
    rewritten = modifiers.without_modifiers(asked, filtered, existing)
    asked = rewritten.text
    used = statement.names(session, asked)
    mentioned = used.tables | used.sets
    readable = _readable(workspace, served, caller, filters)
    readable |= {
        new: _filtered(workspace, source, filters[source], " FINAL")
        for new, source in rewritten.finals.items()
    }
    pipes = _pipe_queries(workspace, served, caller, mentioned, values)
    statement.require_readable(
        used,
        asked,
        allowed=readable.keys() | pipes.keys() | _qualified(workspace, caller, mentioned),
        existing=existing,
        databases=_databases(session),
    )
    queries = {n: q for n, q in {**readable, **pipes}.items() if q and n in mentioned}
    query = statement.reading(asked, {name: sealed(each) for name, each in queries.items()})
    columns = (each.name for name in filters for each in served.datasources[name].columns)
    own = _written(values, asked, *columns) if not caller.is_admin else ""
    hidden = _hidden(caller, *queries.values())
    unfed = {name for each in pipes for name in served.reads_unfed.get(each, ())}
    unfed |= {*mentioned, *rewritten.finals.values()} & readable.keys() & served.unfed.keys()
    warning = require_fed(session, workspace.database, served.unfed, unfed)
    return Answer(_body(session, query, output, own=own, hidden=hidden), output, warning)


def _body(session: ChdbSession, query: str, output: Format, *, own: str, hidden: str) -> bytes:
    try:
        return session.query(query, output.name)
    except QueryFailed as failure:
        raise refusal(failure, own=own, hidden=hidden) from None


def _written(values: Mapping[str, Any], *texts: str) -> str:
    """Return all that a caller wrote, or may know as if it had."""
    return " ".join((*texts, *map(str, values.values())))


def _hidden(caller: Caller, *queries: str) -> str:
    """Return what was added to a caller's words and is not its to read."""
    return "" if caller.is_admin else " ".join(queries)


def _databases(session: ChdbSession) -> set[str]:
    return {*schema.databases(session), "information_schema", "INFORMATION_SCHEMA", "system"}


def _existing(session: ChdbSession, workspace: LocalWorkspace) -> set[str]:
    """Return every table and pipe of the workspace, tables the project has no more among them."""
    return {*schema.tables_of(session, workspace.database), *workspace.served.pipes}


def _readable(
    workspace: LocalWorkspace, served: Served, caller: Caller, filters: Mapping[str, str]
) -> dict[str, str]:
    """Return the tables a caller may read, each with the query that stands for it, "" for none."""
    sources = served.datasources
    if caller.is_admin:
        return dict.fromkeys([*sources, *(name + QUARANTINE_SUFFIX for name in sources)], "")
    return {
        name: _filtered(workspace, name, condition) if condition else ""
        for name, condition in filters.items()
    }


def _filtered(workspace: LocalWorkspace, name: str, condition: str, modifier: str = "") -> str:
    """Return the query of a data source's rows that a filter lets through."""
    whole = f"SELECT * FROM {workspace.database}.{quoted(name)}{modifier}"
    return f"{whole} WHERE ({condition}\n)"


def _filters(workspace: LocalWorkspace, served: Served, caller: Caller) -> dict[str, str]:
    """Return the data sources that a token names, each with its filter, "" for none."""
    filters = {}
    for name in served.datasources:
        keys = (name, workspace.resource_id("datasource", name))
        found = [caller.datasources[key] for key in keys if key in caller.datasources]
        # Named twice, by its name and by its id: which filter is meant?
        if len(found) == 1:
            filters[name] = found[0]
    return filters


def _qualified(workspace: LocalWorkspace, caller: Caller, used: Iterable[str]) -> set[str]:
    """Return the qualified names an admin may use: its own database's and ClickHouse's own."""
    if not caller.is_admin:
        return set()
    own = (f"{workspace.database}.", "system.", "information_schema.", "INFORMATION_SCHEMA.")
    return {name for name in used if name.startswith(own)}


def _pipe_queries(
    workspace: LocalWorkspace,
    served: Served,
    caller: Caller,
    used: frozenset[str],
    values: Mapping[str, Any],
) -> dict[str, str]:
    """Return the queries of the pipes that SQL names and the caller may read."""
    queries = {}
    for name in (*sorted(used & served.unserved.keys()), *served.pipes):
        pipe_id = workspace.resource_id("pipe", name)
        if name in used and caller.may_read(name, pipe_id):
            served.require(name)
            given = {**values, **caller.fixed_params(name, pipe_id)}
            queries[name] = served.pipes[name].sql(given)
    return queries
