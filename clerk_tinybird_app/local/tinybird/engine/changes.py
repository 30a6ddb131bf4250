"""Changes of the rows that are there.

New ones are written beside the table and then take its place: whoever reads has the ones or the
others, and so it is after a failure and after a killed process.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX, literal, quoted
from clerk_tinybird_app.local.tinybird.errors import bad_request

_NO_DATABASE: Final = "default"
HELD_SUFFIX: Final = "_held"
"""The database beside a workspace's own that holds what a copy reads of its own target."""


class Filling(NamedTuple):
    """A query, and the columns that it fills, in its order."""

    columns: str
    query: str


def truncate(session: ChdbSession, database: str, table: str) -> None:
    """Remove all rows of a data source, or of a quarantine."""
    if table not in _without_rows(session, database):
        session.query(f"TRUNCATE TABLE {database}.{quoted(table)}")
    session.query(f"DROP VIEW IF EXISTS {_held(database, table)} SYNC")


def delete(session: ChdbSession, database: str, table: str, condition: str) -> None:
    """Remove the rows that meet a condition, which `Query.matching` has checked."""
    # Bare names in its subqueries are data sources of this database, which may be dropped later:
    # a new connection asks for the one in use.
    session.use(database)
    try:
        kept = f"SELECT * FROM {database}.{quoted(table)} WHERE isZeroOrNull(({condition}\n))"
        replace(session, database, table, Filling("*", kept))
    finally:
        session.use(_NO_DATABASE)


def replace(session: ChdbSession, database: str, table: str, *rows: Filling) -> None:
    """Put what queries have in the place of a table's rows."""
    numbered = {str(number): each for number, each in enumerate(rows)}
    for failure in refill(session, database, table, numbered).values():
        raise failure


def hold(session: ChdbSession, database: str, table: str, *, read: Iterable[str]) -> str:
    """Hold the rows that tables have now, and those that one of them gets from now on.

    Returns:
        The database that has the tables that are ``read`` as they are now, until it is let go.
    """
    let_go(session, database)
    held, source = database + HELD_SUFFIX, f"{database}.{quoted(table)}"
    session.query(f"CREATE DATABASE {held}")
    empty = _without_rows(session, database)
    for name in read:
        clone = "AS" if name in empty else "CLONE AS"
        session.query(f"CREATE TABLE {held}.{quoted(name)} {clone} {database}.{quoted(name)}")
    since, view = f"{held}.{quoted(f'{table}:since')}", _held(database, table)
    session.query(f"CREATE TABLE {since} AS {source}")
    session.query(f"CREATE MATERIALIZED VIEW {view} TO {since} AS SELECT * FROM {source}")
    return held


def replace_held(session: ChdbSession, database: str, table: str, *rows: Filling) -> None:
    """Put what queries have in the place of the rows that are held, before those of since then.

    Raises:
        ApiError: 400, other rows have taken their place, or none, or they have other columns.
    """
    if session.query(f"EXISTS VIEW {_held(database, table)}").strip() != b"1":
        raise bad_request(
            f"Rows of '{table}' were removed while they were read, or new ones could not be held. "
            "Copy it again."
        )
    since = _columns(session, database + HELD_SUFFIX, f"{table}:since")
    if since != _columns(session, database, table):
        raise bad_request("Its columns were changed while they were read. Copy it again.")
    later = Filling("*", f"SELECT * FROM {_held(database, table)}")
    replace(session, database, table, *rows, later)


def let_go(session: ChdbSession, database: str) -> None:
    """Hold no rows any more."""
    session.query(f"DROP DATABASE IF EXISTS {database}{HELD_SUFFIX} SYNC")


def _without_rows(session: ChdbSession, database: str) -> list[str]:
    """Return the tables that keep no rows, so that there are none to clone or to remove."""
    tables = f"SELECT name FROM system.tables WHERE database = '{database}' AND engine = 'Null'"
    return session.query(tables).decode().splitlines()


def _columns(session: ChdbSession, database: str, table: str) -> bytes:
    """Return a table's columns and their types, in their order."""
    where = f"database = '{database}' AND table = {literal(table)}"
    return session.query(f"SELECT name, type FROM system.columns WHERE {where} ORDER BY position")


def _held(database: str, table: str) -> str:
    """Return the view that takes what a table gets; without it, what is held is not its rows."""
    return f"{database}{HELD_SUFFIX}.{quoted(f'{table}:held')}"


def refill(
    session: ChdbSession,
    database: str,
    table: str,
    fillings: Mapping[str, Filling],
    *,
    create: Callable[[str], str] | None = None,
) -> dict[str, QueryFailed]:
    """Put a new table with what queries have in a table's place, unless one of them fails.

    The new one has the table's definition, or the one that ``create`` returns for its name.

    Returns:
        Why those failed that did, by their keys; the table is then as it was.
    """
    old = f"{database}.{quoted(table)}"
    # Nothing that a project names has a colon.
    new = f"{database}{LANDING_SUFFIX}.{quoted(f'{table}:new')}"
    session.query(f"DROP TABLE IF EXISTS {new} SYNC")
    session.query(create(new) if create else f"CREATE TABLE {new} AS {old}")
    failed = {}
    for key, (columns, query) in fillings.items():
        try:
            session.query(f"INSERT INTO {new} ({columns}) {query}")
        except QueryFailed as failure:
            failed[key] = failure
    if not failed:
        session.query(f"EXCHANGE TABLES {old} AND {new}")
        session.query(f"DROP VIEW IF EXISTS {_held(database, table)} SYNC")
    session.query(f"DROP TABLE {new} SYNC")
    return failed
