"""Takes in rows: all of them at once when they are good, else each by itself.

Every row ends in the data source or, with its reason, in the quarantine; none is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass

from clerk_tinybird_app.local.tinybird.engine.chdb_session import QueryFailed
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX, quoted
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.intake import json_rows, plain_rows, quarantine
from clerk_tinybird_app.local.tinybird.intake.json_rows import BadRow
from clerk_tinybird_app.local.tinybird.intake.quarantine import Row, RowCheck
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.tinybird.project import DataSource


@dataclass(frozen=True)
class Ingested:
    """How many rows went where."""

    successful_rows: int
    quarantined_rows: int


def ingest(
    writer: Writer, database: str, source: DataSource, body: bytes, *, clock: Callable[[], float]
) -> Ingested:
    """Store the rows of ``body`` and return once they are safe from a killed process.

    Args:
        writer: Writes them.
        database: The workspace's database.
        source: The data source.
        body: NDJSON, one JSON object, or an array of objects.
        clock: Seconds since the epoch, for the quarantine.

    Raises:
        QueryFailed: ClickHouse cannot write at all.
    """
    statement, count = _at_once(source, database, body)
    if count == 0:
        return Ingested(0, 0)
    if count is not None:
        try:
            writer.insert(statement, body).result()
        except QueryFailed:
            pass
        else:
            return Ingested(count, 0)
    rows, bad = candidates(source, body)
    good, refused = RowCheck(writer, source).sort(rows)
    bad += refused
    if good:
        landing = schema.landing(source, database)
        writer.insert(landing, b"\n".join(row.json for row in good)).result()
    if bad:
        table = f"{database}.{quoted(source.name + QUARANTINE_SUFFIX)}"
        writer.insert(f"INSERT INTO {table}", quarantine.lines(source, bad, clock())).result()
    return Ingested(len(good), len(bad))


def _at_once(source: DataSource, database: str, body: bytes) -> tuple[str, int | None]:
    """Return what may insert a whole body, and how many rows it has; None: they must be read."""
    if (count := plain_rows.count(body, source.columns)) is not None:
        return schema.straight(source, database), count
    count = None if schema.members(source) is None else json_rows.count(body)
    return schema.landing(source, database), count


def candidates(source: DataSource, body: bytes) -> tuple[list[Row], list[BadRow]]:
    """Return the rows that may be good, and those that are bad whatever ClickHouse says."""
    names = schema.landed_names(source)
    rows: list[Row] = []
    bad: list[BadRow] = []
    for line in json_rows.split(body):
        values = json_rows.read(line, source)
        if isinstance(values, BadRow):
            bad.append(values)
        else:
            landed = {names[name]: value for name, value in values.items()}
            rows.append(Row(line, values, landed))
    return rows, bad
