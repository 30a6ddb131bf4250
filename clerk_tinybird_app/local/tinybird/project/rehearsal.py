"""A project's tables made empty in a database of their own, before anything that lasts is changed.

ClickHouse finds the mistakes of the data sources there, and spells the tables as it would spell
them; the pipes' SQL is checked against them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.tables import quoted
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.local.tinybird.project.complaint import complaint
from clerk_tinybird_app.local.tinybird.project.definition import Definition, definitions
from clerk_tinybird_app.tinybird.project import DataSource, ProjectError

_SUFFIX: Final = "_rehearsal"
_ARGUMENTS: Final = ("ENGINE_SIGN", "ENGINE_VER", "ENGINE_IS_DELETED", "ENGINE_COLUMNS")
_CLAUSES: Final = (
    "ENGINE_PARTITION_KEY",
    "ENGINE_SORTING_KEY",
    "ENGINE_PRIMARY_KEY",
    "ENGINE_TTL",
)


def name_beside(database: str) -> str:
    """Return the name of a database's rehearsal, which is there for a moment only."""
    return f"{database}{_SUFFIX}"


def rehearse(
    writer: Writer, database: str, sources: Iterable[DataSource]
) -> tuple[dict[str, Definition], list[ProjectError]]:
    """Make all tables of ``sources``, without rows.

    Returns:
        Each table as ClickHouse spells it, by name; and for each data source that ClickHouse does
        not take, the line of the first column, engine, key, TTL or index that it refuses.
    """
    beside = name_beside(database)
    leave(writer, database)
    writer.run(partial(schema.create_database, database=beside))
    mistakes = []
    for source in sources:
        try:
            writer.run(partial(schema.create, database=beside, source=source))
        except QueryFailed as failure:
            # On another connection: the one that failed is closed.
            find = partial(_mistake, source=source, beside=beside, failure=failure)
            mistakes.append(writer.run(find))
    return writer.run(partial(definitions, database=beside)), mistakes


def leave(writer: Writer, database: str) -> None:
    """Remove a database's rehearsal; harmless when there is none."""
    writer.run(partial(schema.drop_database, database=name_beside(database)))


def _mistake(
    session: ChdbSession, source: DataSource, beside: str, failure: QueryFailed
) -> ProjectError:
    """Build the table up step by step; the first step that ClickHouse refuses has the mistake."""
    table = f"{beside}.{quoted(source.name)}"
    session.query(f"DROP TABLE IF EXISTS {table} SYNC")
    for line, part in _steps(source):
        try:
            session.query(tables.create_table(part, table))
        except QueryFailed as found:
            return ProjectError(source.path, line, complaint(found, beside))
        session.query(f"DROP TABLE {table} SYNC")
    # The table is good, so it is the way of the rows into it; the failure may name the column.
    named = (column.line for column in source.columns if quoted(column.name) in failure.message)
    line = next(named, source.line_of("SCHEMA"))
    return ProjectError(source.path, line, complaint(failure, beside))


def _steps(source: DataSource) -> Iterator[tuple[int, DataSource]]:
    """Yield more and more of a data source, each time with the line of what is new."""
    bare = tuple(replace(column, default=None, codec=None) for column in source.columns)
    start = replace(source, columns=bare, engine="MergeTree", engine_settings={}, indexes=())
    for column in bare:
        yield column.line, replace(start, columns=(column,))
    yield source.line_of("SCHEMA"), start
    for place, column in enumerate(source.columns):
        yield column.line, replace(start, columns=(*bare[:place], column, *bare[place + 1 :]))
    settings = {
        key: source.engine_settings[key] for key in _ARGUMENTS if key in source.engine_settings
    }
    names = {column.name for column in source.columns}
    strange = [key for key, value in settings.items() if value.strip("`") not in names]
    part = replace(start, columns=source.columns, engine=source.engine, engine_settings=settings)
    yield source.line_of(*strange, "ENGINE"), part
    for keyword in _CLAUSES:
        if keyword in source.engine_settings:
            settings = {**settings, keyword: source.engine_settings[keyword]}
            part = replace(part, engine_settings=settings)
            yield source.line_of(keyword), part
    for place, line in enumerate(source.index_lines):
        yield line, replace(part, indexes=source.indexes[: place + 1])
