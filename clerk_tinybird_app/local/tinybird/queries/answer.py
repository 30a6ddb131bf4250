"""Answers queries: a pipe with parameters, SQL on top of a pipe, or SQL over what one may read."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed, Read
from clerk_tinybird_app.local.tinybird.engine.error_text import for_caller
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX, literal, quoted
from clerk_tinybird_app.local.tinybird.errors import ApiError, bad_request
from clerk_tinybird_app.local.tinybird.project import schema, service_datasources, statement
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, sealed
from clerk_tinybird_app.local.tinybird.queries import modifiers
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.template import QueryContext, Template

PIPE_ITSELF: Final = "_"
"""What SQL on top of a pipe calls it."""

_TEMPLATE: Final = "%"
_LONGEST_TEMPLATE: Final = 4_000
"""Compiling one takes up to a quarter of a second, in which nothing else is answered."""

_STATUSES: Final = {159: 408, 160: 408, 158: 413, 396: 413}
"""By ClickHouse's number: out of time, too slow, too many rows, too large an answer."""


BY_ENDING: Final = {
    "json": "JSON",
    **dict.fromkeys(("csv", "csvwithnames"), "CSVWithNames"),
    "ndjson": "JSONEachRow",
    "parquet": "Parquet",
    "prometheus": "Prometheus",
}
"""ClickHouse's formats of an answer by the ending of the address."""

_TSV: Final = "TabSeparated"
_TEXT: Final = "text/plain; charset=utf-8"
_MEDIA_TYPES: Final = {
    "CSV": "text/csv; charset=utf-8",
    "CSVWithNames": "text/csv; charset=utf-8; header=present",
    "JSONEachRow": "application/x-ndjson; charset=utf-8",
    "Parquet": "application/vnd.apache.parquet",
    "Prometheus": "text/plain; version=0.0.4; charset=utf-8",
    **dict.fromkeys(("JSON", "JSONCompact", "JSONStrings"), "application/json; charset=utf-8"),
    **dict.fromkeys(
        ("TSV", "TSVWithNames", _TSV, "TabSeparatedWithNames"),
        "text/tab-separated-values; charset=utf-8",
    ),
}


@dataclass(frozen=True)
class Answer:
    """The rows that a query has.

    The ``output`` is how they are written, by ClickHouse's name; ``read`` is what it took to
    answer, None where a service data source was read, which is not counted.
    """

    body: bytes
    output: str
    read: Read | None

    @property
    def media_type(self) -> str:
        """Return the answer's ``Content-Type``."""
        # Of a format that is none, ClickHouse knows.
        return _MEDIA_TYPES.get(self.output, _TEXT)


def refusal(failure: QueryFailed, *, own: str = "", hidden: str = "") -> ApiError:
    """Return what the API answers when ClickHouse refuses a query, see `for_caller`."""
    text = f"[Error] {for_caller(failure, own=own, hidden=hidden)} ({failure.name or 'UNKNOWN'})"
    return ApiError(_STATUSES.get(failure.code, 400), text)


class Query:
    """What a caller asks of a workspace, with a read-only connection on its database.

    It is asked of what the workspace serves now, whatever replaces that meanwhile. Before it reads
    a service data source, what happened until then is stored.
    """

    def __init__(
        self,
        session: ChdbSession,
        workspace: LocalWorkspace,
        caller: Caller,
        store: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._store = store
        self._database = workspace.database
        self._served = workspace.served
        self._caller = caller

    def pipe(
        self, found: CompiledPipe, values: Mapping[str, Any], *, output: str, on_top: str | None
    ) -> Answer:
        """Return a pipe's rows, or what SQL ``on_top`` of it has, which calls it ``_``.

        The caller may read it; the parameters that its token fixes win over the ``values``.

        Raises:
            TemplateError: A parameter is missing or of the wrong type.
            ApiError: The query is refused, by ClickHouse or before.
        """
        query = self._pipe_query(found, values)
        asked, whole = "", query
        if on_top is not None:
            asked, _ = statement.without_format(statement.canonical(self._session, on_top))
            self._require_readable(asked, {PIPE_ITSELF})
            whole = statement.reading(asked, {PIPE_ITSELF: sealed(query)})
        return self._answer(whole, output, own=(asked, *values.values()), hidden=(query,))

    def sql(
        self, text: str, values: Mapping[str, Any], *, pipeline: CompiledPipe | None = None
    ) -> Answer:
        """Return the rows of a caller's own SQL, in the format that it asks for.

        The ``values`` are parameters of the pipes that it reads, and its own if it is a template.
        It may read its ``pipeline``, and calls it ``_``.

        Raises:
            TemplateError: A parameter of its own, or of a pipe that it reads, is missing.
            ApiError: It is not one SELECT or DESCRIBE, reads what the caller may not, or
                ClickHouse refuses it.
        """
        text = self._rendered(text, values)
        asked, output = statement.without_format(statement.canonical(self._session, text))
        existing, filters = self._existing(), self._filters()
        filtered = [each for each, condition in filters.items() if condition]
        asked, finals = modifiers.without_modifiers(asked, filtered, existing)
        used = statement.names(self._session, asked)
        mentioned = used.tables | used.sets
        # The query that stands for each name; "" where the table itself is read.
        readable = {name: self._filtered(name, condition) for name, condition in filters.items()}
        for new, source in finals.items():
            readable[new] = self._filtered(source, filters[source], " FINAL")
        pipes = self._pipe_queries(mentioned, values, pipeline)
        allowed = readable.keys() | pipes.keys() | self._qualified(mentioned)
        statement.require_readable(self._session, used, asked, allowed=allowed, existing=existing)
        queries = {n: q for n, q in {**readable, **pipes}.items() if q and n in mentioned}
        query = statement.reading(asked, {name: sealed(each) for name, each in queries.items()})
        sources = self._served.datasources
        columns = (
            c.name for name in filters.keys() & sources.keys() for c in sources[name].columns
        )
        own = (asked, *columns, *values.values())
        return self._answer(query, output or _TSV, own=own, hidden=queries.values())

    def sizes(self) -> dict[str, tuple[int, int, str]]:
        """Return how many rows and bytes each table has, and its engine, by the table's name."""
        answer = self._session.query(
            "SELECT name, ifNull(total_rows, 0), ifNull(total_bytes, 0), "
            "splitByString(' SETTINGS ', engine_full)[1] "
            f"FROM system.tables WHERE database = {literal(self._database)}",
            "JSONCompactEachRow",
        )
        # Numbers of 64 bits, which ClickHouse may write as texts.
        return {
            name: (int(rows), int(size), engine)
            for name, rows, size, engine in map(json.loads, answer.splitlines())
        }

    def matching(self, name: str, condition: str) -> int:
        """Return how many rows of a data source meet a condition, whoever may remove them.

        Raises:
            ApiError: It is no condition, or reads anything but data sources, or fails.
        """
        asked = self.of_datasources(f"SELECT count() FROM {quoted(name)} WHERE ({condition}\n)")
        try:
            return int(self._answer(asked, _TSV).body)
        except ValueError:
            raise bad_request("[Error] The delete_condition is not one condition") from None

    def of_datasources(self, text: str, ctes: Collection[str] = ()) -> str:
        """Return SQL in ClickHouse's spelling, which reads data sources and its own ``ctes`` alone.

        Raises:
            ApiError: It is not one SELECT, or reads anything else.
        """
        asked = statement.canonical(self._session, text)
        self._require_readable(asked, {*self._served.datasources, *ctes})
        return asked

    def _answer(
        self, query: str, output: str, *, own: Iterable[object] = (), hidden: Collection[str] = ()
    ) -> Answer:
        """Return a query's rows.

        Its ``own`` is all that the caller wrote, or may know as if it had; ``hidden`` is what was
        added to that, and is not the caller's to read.
        """
        # By what was added alone: whatever a caller writes, it is counted.
        is_of_service = any(map(service_datasources.are_read_by, hidden))
        if is_of_service:
            self._store()
        try:
            body = self._session.query(query, output)
        except QueryFailed as failure:
            known = "" if self._caller.is_admin else " ".join(hidden)
            raise refusal(failure, own=" ".join(map(str, own)), hidden=known) from None
        return Answer(body, output, None if is_of_service else self._session.read)

    def _require_readable(self, asked: str, allowed: Collection[str]) -> None:
        used, existing = statement.names(self._session, asked), self._existing()
        statement.require_readable(self._session, used, asked, allowed=allowed, existing=existing)

    def _existing(self) -> set[str]:
        """Return every table and pipe there is, tables the project has no more among them."""
        tables = schema.tables_of(self._session, self._database)
        return {*tables, *self._served.pipes, *service_datasources.NAMES}

    def _filters(self) -> dict[str, str]:
        """Return the tables that the caller may read, each with its filter, "" for none."""
        sources = [*self._served.datasources, *service_datasources.NAMES]
        if self._caller.is_admin:
            return dict.fromkeys([*sources, *(name + QUARANTINE_SUFFIX for name in sources)], "")
        found = {name: self._caller.filter_over(name) for name in sources}
        return {name: condition for name, condition in found.items() if condition is not None}

    def _filtered(self, name: str, condition: str, modifier: str = "") -> str:
        """Return the query of the rows that a filter lets through; "" for the table itself."""
        if name in service_datasources.NAMES:
            return service_datasources.query(name, condition)
        whole = f"SELECT * FROM {self._database}.{quoted(name)}{modifier}"
        return f"{whole} WHERE ({condition}\n)" if condition else ""

    def _qualified(self, used: Iterable[str]) -> set[str]:
        """Return the qualified names an admin may use: its own database's and ClickHouse's own."""
        if not self._caller.is_admin:
            return set()
        own = (f"{self._database}.", "system.", "information_schema.", "INFORMATION_SCHEMA.")
        return {name for name in used if name.startswith(own)}

    def _rendered(self, text: str, values: Mapping[str, Any]) -> str:
        """Return what a caller's template says; it is a caller's SQL like any other."""
        template = text.strip()
        if not template.startswith(_TEMPLATE):
            return text
        if len(template) > _LONGEST_TEMPLATE:
            raise bad_request(
                f"[Error] The template is longer than {_LONGEST_TEMPLATE} characters; make a pipe "
                "of it. (QUERY_IS_TOO_LARGE)"
            )
        tables = {*self._filters(), *filter(self._caller.may_read, self._served.pipes)}
        context = QueryContext(tables=frozenset(tables))
        return Template(template.removeprefix(_TEMPLATE)).render(values, context)

    def _pipe_queries(
        self, used: set[str], values: Mapping[str, Any], pipeline: CompiledPipe | None
    ) -> dict[str, str]:
        """Return the queries of the pipes that SQL names and the caller may read."""
        queries = {}
        for name in (*sorted(used & self._served.unserved.keys()), *self._served.pipes):
            if name in used and self._caller.may_read(name):
                self._served.require(name)
                queries[name] = self._pipe_query(self._served.pipes[name], values)
        if pipeline and PIPE_ITSELF in used:
            queries[PIPE_ITSELF] = self._pipe_query(pipeline, values)
        return queries

    def _pipe_query(self, found: CompiledPipe, values: Mapping[str, Any]) -> str:
        """Return a pipe's query; the parameters that the token fixes win."""
        return found.sql({**values, **self._caller.fixed_params(found.pipe.name)})
