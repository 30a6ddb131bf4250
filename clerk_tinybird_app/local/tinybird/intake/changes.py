"""Changes of rows that are there: all are replaced, or all or some of them removed.

The new rows are written beside the table, which then takes their place: whoever reads has the ones
or the others, and so it is after a failure and after a killed process.
"""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

from collections.abc import Callable

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX, quoted
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.intake.ingest import (
    Ingested,
    quarantine,
    selected,
    sorted_rows,
)
from clerk_tinybird_app.tinybird.project import DataSource

_ONE_BLOCK = "SETTINGS min_insert_block_size_rows=100000000, min_insert_block_size_bytes=0"
_NO_DATABASE = "default"


def replace(
    writer: Writer, database: str, source: DataSource, body: bytes, *, clock: Callable[[], float]
) -> Ingested:
    """Store the rows of ``body`` in the place of all that are there, unless all of it is bad.

    Raises:
        QueryFailed: ClickHouse cannot write at all; what is there stays.
    """
    good, bad = sorted_rows(writer, source, body)
    if good or not bad:
        fill = selected(source, good) if good else ""
        writer.run(lambda session: _refill(session, database, source.name, fill))
    quarantine(writer, database, source, bad, clock())
    return Ingested(len(good), len(bad))


def truncate(writer: Writer, database: str, table: str) -> None:
    """Remove all rows of a data source, or of a quarantine."""
    writer.run(lambda session: session.query(f"TRUNCATE TABLE {database}.{quoted(table)}"))


def delete(writer: Writer, database: str, table: str, condition: str) -> None:
    """Remove the rows that meet a condition.

    It was checked: `Query.matching`. Its subqueries read tables of the same database.
    """
    kept = f"SELECT * FROM {database}.{quoted(table)} WHERE isZeroOrNull(({condition}\n))"

    def refill(session: ChdbSession) -> None:
        session.use(database)
        try:
            _refill(session, database, table, kept)
        finally:
            # It may be dropped, and each new connection asks for the one in use.
            session.use(_NO_DATABASE)

    writer.run(refill)


def _refill(session: ChdbSession, database: str, table: str, rows: str) -> None:
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
