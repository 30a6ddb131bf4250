"""Brings the tables of a database to what a project's data sources say."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import json
from collections.abc import Iterable
from dataclasses import dataclass

from clerk_tinybird_app.local.tinybird import tables
from clerk_tinybird_app.local.tinybird.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.tables import literal, quoted
from clerk_tinybird_app.tinybird.project import DataSource, ProjectError

LANDING_SUFFIX = "_landing"
"""The database beside a workspace's own that holds its landing tables."""


@dataclass(frozen=True)
class _Column:
    name: str
    type: str


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


def apply(session: ChdbSession, database: str, sources: Iterable[DataSource]) -> Change:
    """Create tables, add new columns, and renew the landing tables.

    Raises:
        ProjectError: A data source changed in a way that its rows cannot follow, or ClickHouse
            does not take its definition; data sources before it are up to date.
    """
    created, changed = [], []
    for source in sources:
        try:
            if not _columns(session, database, source.name):
                session.query(tables.create_table(source, f"{database}.{quoted(source.name)}"))
                created.append(source.name)
            elif _follow(session, database, source):
                changed.append(source.name)
            _quarantine(session, database, source)
            _land(session, database, source)
        except QueryFailed as failure:
            raise ProjectError(source.path, 1, failure.message) from failure
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


def landed_names(source: DataSource) -> dict[str, str]:
    """Return the member that each column is read from, once reshaped if need be."""
    return members(source) or {column.name: column.name for column in source.columns}


def _follow(session: ChdbSession, database: str, source: DataSource) -> bool:
    """Add the columns that are new; tell whether there were any."""
    wanted = _probe(session, database, source)
    kept = _columns(session, database, source.name)
    names = {column.name for column in kept}
    _refuse_what_rows_cannot_follow(source, kept, wanted)
    added = [column for column in source.columns if column.name not in names]
    for column in added:
        session.query(tables.add_column(column, f"{database}.{quoted(source.name)}"))
    return bool(added)


def _refuse_what_rows_cannot_follow(
    source: DataSource, kept: list[_Column], wanted: list[_Column]
) -> None:
    types = {column.name: column.type for column in wanted}
    for column in kept:
        if column.name not in types:
            raise _stuck(source, f"column '{column.name}' is gone")
        if types[column.name] != column.type:
            raise _stuck(
                source,
                f"column '{column.name}' was {column.type} and is now {types[column.name]}",
            )


def _stuck(source: DataSource, what: str) -> ProjectError:
    return ProjectError(
        source.path,
        1,
        f"{what}, and the data source has rows already. Undo it, give the data source another "
        "name, or stop the app and remove the data folder to start anew.",
    )


def _probe(session: ChdbSession, database: str, source: DataSource) -> list[_Column]:
    """Return the columns as ClickHouse spells them, from a table made for that."""
    name = f"{source.name}__probe"
    table = f"{database}{LANDING_SUFFIX}.{quoted(name)}"
    session.query(f"DROP TABLE IF EXISTS {table} SYNC")
    session.query(tables.create_table(source, table))
    try:
        return _columns(session, f"{database}{LANDING_SUFFIX}", name)
    finally:
        session.query(f"DROP TABLE IF EXISTS {table} SYNC")


def _quarantine(session: ChdbSession, database: str, source: DataSource) -> None:
    name = source.name + tables.QUARANTINE_SUFFIX
    session.query(tables.create_quarantine(source, f"{database}.{quoted(name)}"))
    kept = {column.name for column in _columns(session, database, name)}
    for column in source.columns:
        if column.name not in kept:
            session.query(
                f"ALTER TABLE {database}.{quoted(name)} "
                f"ADD COLUMN {quoted(column.name)} Nullable(String)"
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


def _columns(session: ChdbSession, database: str, table: str) -> list[_Column]:
    answer = session.query(
        "SELECT name, type FROM system.columns "
        f"WHERE database = {literal(database)} AND table = {literal(table)} ORDER BY position",
        "JSONEachRow",
    )
    return [_Column(**json.loads(line)) for line in answer.splitlines()]
