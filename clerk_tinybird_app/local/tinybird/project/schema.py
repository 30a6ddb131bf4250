"""A data source's tables: made, and brought to what its file says."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import literal, quoted
from clerk_tinybird_app.tinybird.project import Column, DataSource, ProjectError

_ENGINE: Final = re.compile(
    r"(?P<engine>.*?)(?: (?:PARTITION BY|PRIMARY KEY|ORDER BY) .*?)??"
    r"(?: TTL (?P<ttl>.*?))?(?: SETTINGS [^']*)?",
    re.DOTALL,
)
_PARENTHESES: Final = {"(": 1, ")": -1}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One table.

    Attributes:
        columns: Each column's type by its name.
        defaults: Each column's default by its name, for those that have one.
        codecs: Each column's codec by its name, for those that have one.
        indexes: Each data skipping index by its name: type, expression and granularity.
        engine: The engine with its arguments.
        partition_key: "" without one.
        sorting_key: "" without one.
        primary_key: "" where it is the sorting key.
        ttl: "" without one.
        is_empty: Whether it certainly has no rows.
    """

    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    codecs: Mapping[str, str]
    indexes: Mapping[str, str]
    engine: str
    partition_key: str
    sorting_key: str
    primary_key: str
    ttl: str
    is_empty: bool


def definitions(session: ChdbSession, database: str) -> dict[str, Definition]:
    """Return a database's tables by name."""
    where = f"WHERE database = {literal(database)}"
    columns = _by_table(
        session,
        "SELECT table, name, type, default_expression AS default, compression_codec AS codec "
        f"FROM system.columns {where} ORDER BY position",
    )
    indexes = _by_table(
        session,
        "SELECT table, name, concat(type_full, ' ', expr, ' ', toString(granularity)) AS text "
        f"FROM system.data_skipping_indices {where}",
    )
    asked = (
        "SELECT name, engine_full, partition_key, sorting_key, primary_key, "
        f"total_rows = 0 AS is_empty FROM system.tables {where}"
    )
    return {
        row["name"]: _definition(row, columns[row["name"]], indexes.get(row["name"], []))
        for row in _rows(session, asked)
        if row["name"] in columns
    }


def _by_table(session: ChdbSession, asked: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(session, asked):
        found.setdefault(row["table"], []).append(row)
    return found


def _definition(
    row: Mapping[str, Any],
    columns: Collection[Mapping[str, str]],
    indexes: Collection[Mapping[str, str]],
) -> Definition:
    found = _ENGINE.fullmatch(row["engine_full"])
    sorting, primary = _bare(row["sorting_key"]), _bare(row["primary_key"])
    return Definition(
        columns={each["name"]: each["type"] for each in columns},
        defaults={each["name"]: each["default"] for each in columns if each["default"]},
        codecs={each["name"]: each["codec"] for each in columns if each["codec"]},
        indexes={each["name"]: each["text"] for each in indexes},
        engine=found["engine"] if found else row["engine_full"],
        partition_key=_bare(row["partition_key"]),
        sorting_key=sorting,
        primary_key="" if primary == sorting else primary,
        ttl=(found["ttl"] or "") if found else "",
        is_empty=bool(row["is_empty"]),
    )


def _bare(key: str) -> str:
    """Return a key without parentheses around all of it, which ClickHouse keeps as written."""
    while key.startswith("(") and _closes_first(key) == len(key) - 1:
        key = key[1:-1]
    return key


def _closes_first(key: str) -> int:
    """Return where the first parenthesis is closed."""
    depth = 0
    for place, sign in enumerate(key):
        depth += _PARENTHESES.get(sign, 0)
        if depth == 0:
            return place
    return -1


def _rows(session: ChdbSession, sql: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, session.query(sql, "JSONEachRow").splitlines())


LANDING_SUFFIX = "_landing"
"""The database beside a workspace's own that holds its landing tables."""


@dataclass(frozen=True)
class Change:
    """What bringing a database up to date did: names of data sources."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def create_database(session: ChdbSession, database: str) -> None:
    """Make a workspace's databases if they are not there."""
    session.query(f"CREATE DATABASE IF NOT EXISTS {database}")
    session.query(f"CREATE DATABASE IF NOT EXISTS {database}{LANDING_SUFFIX}")


def drop_database(session: ChdbSession, database: str) -> None:
    """Remove a workspace's databases with all their rows."""
    session.query(f"DROP DATABASE IF EXISTS {database}{LANDING_SUFFIX} SYNC")
    session.query(f"DROP DATABASE IF EXISTS {database} SYNC")


def databases(session: ChdbSession) -> list[str]:
    """Return every database's name."""
    return session.query("SELECT name FROM system.databases").decode().split()


def tables_of(session: ChdbSession, database: str) -> list[str]:
    """Return the name of every table that a database has."""
    where = f"WHERE database = {literal(database)}"
    return session.query(f"SELECT name FROM system.tables {where}", "TSVRaw").decode().splitlines()


def create(session: ChdbSession, database: str, source: DataSource) -> None:
    """Make a data source's tables where there are none."""
    quarantine = source.name + tables.QUARANTINE_SUFFIX
    session.query(tables.create_table(source, f"{database}.{quoted(source.name)}"))
    session.query(tables.create_quarantine(source, f"{database}.{quoted(quarantine)}"))
    _land(session, database, source)


def mistakes(
    session: ChdbSession,
    database: str,
    sources: Iterable[DataSource],
    wanted: Mapping[str, Definition],
) -> list[ProjectError]:
    """Return what changed in a way that the rows that are there cannot follow.

    Args:
        session: A connection.
        database: Where the tables are.
        sources: What they are to be.
        wanted: By name, each table as ClickHouse spells it.
    """
    kept = definitions(session, database)
    return [
        mistake
        for source in sources
        if source.name in kept and not kept[source.name].is_empty
        for mistake in _what_rows_cannot_follow(source, kept[source.name], wanted[source.name])
    ]


def apply(
    session: ChdbSession,
    database: str,
    sources: Iterable[DataSource],
    wanted: Mapping[str, Definition],
) -> Change:
    """Create tables, follow what changed, and renew the landing tables.

    A table without rows is made anew when it cannot follow.

    Args:
        session: A connection that may write.
        database: Where the tables are.
        sources: What they are to be; without `mistakes`.
        wanted: By name, each table as ClickHouse spells it.
    """
    kept = definitions(session, database)
    created, changed = [], []
    for source in sources:
        if source.name not in kept:
            session.query(tables.create_table(source, f"{database}.{quoted(source.name)}"))
            created.append(source.name)
        elif _follow(session, database, source, kept[source.name], wanted[source.name]):
            changed.append(source.name)
        _quarantine(session, database, source, kept)
        _land(session, database, source)
    return Change(tuple(created), tuple(changed))


def members(source: DataSource) -> dict[str, str] | None:
    """Return each column's member of the JSON row; None: rows must be reshaped first.

    None when a column lies deeper in the row, or two columns are read from one member.
    """
    found = {column.name: tables.landing_name(column) for column in source.columns}
    names = {name: member for name, member in found.items() if member is not None}
    return names if len(set(names.values())) == len(source.columns) else None


def landing(source: DataSource, database: str) -> str:
    """Return the statement that rows for a data source are inserted with."""
    return f"INSERT INTO {database}{LANDING_SUFFIX}.{quoted(source.name)}"


def straight(source: DataSource, database: str) -> str:
    """Return the statement that plain rows are inserted with, see `plain_rows`."""
    return f"INSERT INTO {database}.{quoted(source.name)}"


def landed_names(source: DataSource) -> dict[str, str]:
    """Return the member that each column is read from, once reshaped if need be."""
    return members(source) or {column.name: column.name for column in source.columns}


def _follow(
    session: ChdbSession, database: str, source: DataSource, kept: Definition, wanted: Definition
) -> bool:
    """Bring a table up to date; tell whether there was anything to do."""
    table = f"{database}.{quoted(source.name)}"
    if kept.is_empty and next(_unfollowable(source, kept, wanted), None):
        session.query(f"DROP TABLE {table} SYNC")
        session.query(tables.create_table(source, table))
        return True
    # ClickHouse has a Nested column `a` as its parts `a.b`, `a.c`.
    names = {*kept.columns, *(name.partition(".")[0] for name in kept.columns)}
    changes = [
        tables.add_column(column, table) for column in source.columns if column.name not in names
    ]
    for column in source.columns:
        if column.name in kept.columns:
            changes += _column_changes(table, column, kept, wanted)
    changes += _index_changes(table, source, kept, wanted)
    if kept.ttl != wanted.ttl:
        ttl = source.engine_settings.get("ENGINE_TTL")
        changes.append(f"ALTER TABLE {table} {f'MODIFY TTL {ttl}' if ttl else 'REMOVE TTL'}")
    for change in changes:
        session.query(change)
    return bool(changes)


def _column_changes(
    table: str, column: Column, kept: Definition, wanted: Definition
) -> Iterator[str]:
    """Yield the statements that bring a column's default and codec to what they are to be.

    Rows from before the column have whatever its default is: writing it down for them would fail,
    and again and again, where one of them has no value for it.
    """
    was, now = (each.defaults.get(column.name) for each in (kept, wanted))
    codec_was, codec_now = (each.codecs.get(column.name) for each in (kept, wanted))
    if was and not now:
        yield tables.remove_of_column(column, "DEFAULT", table)
    if codec_was and not codec_now:
        yield tables.remove_of_column(column, "CODEC", table)
    if (now and now != was) or (codec_now and codec_now != codec_was):
        yield tables.modify_column(column, table)


def _index_changes(
    table: str, source: DataSource, kept: Definition, wanted: Definition
) -> Iterator[str]:
    """Yield the statements that bring a table's indexes to what new rows are to have."""
    for name, index in kept.indexes.items():
        if wanted.indexes.get(name) != index:
            yield f"ALTER TABLE {table} DROP INDEX {quoted(name)} SETTINGS mutations_sync = 1"
    for line in source.indexes:
        name = tables.index_name(line)
        if kept.indexes.get(name) != wanted.indexes[name]:
            yield tables.add_index(line, table)


def _what_rows_cannot_follow(
    source: DataSource, kept: Definition, wanted: Definition
) -> Iterator[ProjectError]:
    for line, what in _unfollowable(source, kept, wanted):
        yield ProjectError(
            source.path,
            line,
            f"{what}, and the data source has rows already. Undo it, give the data source another "
            "name, or stop the app and remove the data folder to start anew.",
        )


def _unfollowable(
    source: DataSource, kept: Definition, wanted: Definition
) -> Iterator[tuple[int, str]]:
    """Yield what differs for good, each with its line."""
    lines = {column.name: column.line for column in source.columns}
    for name, kind in kept.columns.items():
        if name not in wanted.columns:
            yield source.line_of("SCHEMA"), f"column '{name}' is gone"
        elif wanted.columns[name] != kind:
            yield (
                lines.get(name, source.line_of("SCHEMA")),
                f"column '{name}' was {kind} and is now {wanted.columns[name]}",
            )
    for what, was, now, keyword in (
        ("engine", kept.engine, wanted.engine, "ENGINE"),
        ("partition key", kept.partition_key, wanted.partition_key, "ENGINE_PARTITION_KEY"),
        ("sorting key", kept.sorting_key, wanted.sorting_key, "ENGINE_SORTING_KEY"),
        ("primary key", kept.primary_key, wanted.primary_key, "ENGINE_PRIMARY_KEY"),
    ):
        if was != now:
            line = source.line_of(keyword, "ENGINE", "SCHEMA")
            yield line, f"the {what} was {was or 'none'} and is now {now or 'none'}"


def _quarantine(
    session: ChdbSession, database: str, source: DataSource, kept: Mapping[str, Definition]
) -> None:
    name = source.name + tables.QUARANTINE_SUFFIX
    if name not in kept:
        session.query(tables.create_quarantine(source, f"{database}.{quoted(name)}"))
        return
    for column in tables.quarantined(source):
        if column not in kept[name].columns:
            session.query(
                f"ALTER TABLE {database}.{quoted(name)} "
                f"ADD COLUMN {quoted(column)} Nullable(String)"
            )


def _land(session: ChdbSession, database: str, source: DataSource) -> None:
    beside = f"{database}{LANDING_SUFFIX}"
    table, view = quoted(source.name), quoted(source.name + "__cast")
    names = landed_names(source)
    session.query(f"DROP VIEW IF EXISTS {beside}.{view} SYNC")
    session.query(f"DROP TABLE IF EXISTS {beside}.{table} SYNC")
    columns = tables.landing_columns(source, names)
    session.query(f"CREATE TABLE {beside}.{table} ({columns}) ENGINE = Null")
    session.query(
        f"CREATE MATERIALIZED VIEW {beside}.{view} TO {database}.{table} "
        f"AS SELECT {tables.casts(source, names)} FROM {beside}.{table}"
    )
