"""Changes of the rows that are there.

New ones are written beside the table and then take its place: whoever reads has the ones or the
others, and so it is after a failure and after a killed process.
"""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX, quoted

_ONE_BLOCK = "SETTINGS min_insert_block_size_rows=100000000, min_insert_block_size_bytes=0"
_NO_DATABASE = "default"


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
        refill(session, database, table, kept)
    finally:
        session.use(_NO_DATABASE)


def refill(session: ChdbSession, database: str, table: str, rows: str) -> None:
    """Put what the query ``rows`` has, "" for nothing, in the place of a table's rows."""
    old = f"{database}.{quoted(table)}"
    # No data source has a dot in its name.
    new = f"{database}{LANDING_SUFFIX}.{quoted(f'{table}.new')}"
    session.query(f"DROP TABLE IF EXISTS {new} SYNC")
    session.query(f"CREATE TABLE {new} AS {old}")
    if rows:
        session.query(f"INSERT INTO {new} {rows} {_ONE_BLOCK}")
    session.query(f"EXCHANGE TABLES {old} AND {new}")
    session.query(f"DROP TABLE {new} SYNC")
