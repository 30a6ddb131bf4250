"""Changes of the rows that are there.

New ones are written beside the table and then take its place: whoever reads has the ones or the
others, and so it is after a failure and after a killed process.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX, quoted

_NO_DATABASE: Final = "default"


class Filling(NamedTuple):
    """A query, and the columns that it fills, in its order."""

    columns: str
    query: str


def truncate(session: ChdbSession, database: str, table: str) -> None:
    """Remove all rows of a data source, or of a quarantine."""
    session.query(f"TRUNCATE TABLE {database}.{quoted(table)}")


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


def replace(session: ChdbSession, database: str, table: str, rows: Filling) -> None:
    """Put what a query has in the place of a table's rows."""
    for failure in refill(session, database, table, {table: rows}).values():
        raise failure


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
    session.query(f"DROP TABLE {new} SYNC")
    return failed
