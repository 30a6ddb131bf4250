"""Takes in rows: all of them at once when they are good, else each by itself.

Every row ends in the data source or, with its reason, in the quarantine; none is lost.
"""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from clerk_tinybird_app.local.tinybird import json_rows, schema, tables
from clerk_tinybird_app.local.tinybird.chdb_session import QueryFailed
from clerk_tinybird_app.local.tinybird.json_rows import BadRow
from clerk_tinybird_app.local.tinybird.tables import literal, quoted
from clerk_tinybird_app.local.tinybird.writer import Writer
from clerk_tinybird_app.tinybird.project import DataSource

_KEY: Final = re.compile(r"while reading the value of key (\S+?)\)")
_COLUMN: Final = re.compile(r"__table1\.(\S+?) ::|source column (\S+) to")


@dataclass(frozen=True)
class Ingested:
    """How many rows went where."""

    successful_rows: int
    quarantined_rows: int


@dataclass(frozen=True)
class _Row:
    """A row that passed the checks made here; ``landed`` is the JSON line to insert."""

    line: bytes
    values: dict[str, Any]
    landed: bytes


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
    statement = schema.landing(source, database)
    if schema.members(source) is not None and (lines := json_rows.lines(body)) is not None:
        if not lines:
            return Ingested(0, 0)
        try:
            writer.insert(statement, body).result()
        except QueryFailed:
            pass
        else:
            return Ingested(len(lines), 0)
    good, bad = _sort(writer, source, body)
    if good:
        writer.insert(statement, b"\n".join(row.landed for row in good)).result()
    if bad:
        _store_bad(writer, database, source, bad, clock())
    return Ingested(len(good), len(bad))


def _sort(writer: Writer, source: DataSource, body: bytes) -> tuple[list[_Row], list[BadRow]]:
    """Tell good rows from bad ones; ClickHouse has the last word."""
    names = schema.landed_names(source)
    candidates, bad = [], []
    for line in json_rows.split(body):
        values = json_rows.read(line, source)
        if isinstance(values, BadRow):
            bad.append(values)
            continue
        row = {names[name]: value for name, value in values.items()}
        landed = json.dumps(row, ensure_ascii=False)
        candidates.append(_Row(line, values, landed.encode("utf-8", "replace")))
    good, refused = _halve(writer, _check(source), candidates)
    return good, bad + refused


def _check(source: DataSource) -> Callable[[Sequence[_Row]], str]:
    """Return what makes the statement that casts rows as an insert would, and stores nothing."""
    names = schema.landed_names(source)
    target = ", ".join(f"{quoted(column.name)} {column.type}" for column in source.columns)
    landed = tables.landing_columns(source, names)
    start = (
        f"INSERT INTO FUNCTION null({literal(target)}) SELECT {tables.casts(source, names)} "
        f"FROM format(JSONEachRow, {literal(landed)}, "
    )

    def statement(rows: Sequence[_Row]) -> str:
        return start + literal(b"\n".join(row.landed for row in rows).decode()) + ")"

    return statement


def _halve(
    writer: Writer, check: Callable[[Sequence[_Row]], str], rows: list[_Row]
) -> tuple[list[_Row], list[BadRow]]:
    """Find the rows that ClickHouse refuses, by halves."""
    if not rows:
        return [], []
    try:
        writer.run(lambda session: session.query(check(rows)))
    except QueryFailed as failure:
        if len(rows) == 1:
            return [], [_refused(rows[0], failure)]
        middle = len(rows) // 2
        good, bad = _halve(writer, check, rows[:middle])
        more_good, more_bad = _halve(writer, check, rows[middle:])
        return good + more_good, bad + more_bad
    return rows, []


def _refused(row: _Row, failure: QueryFailed) -> BadRow:
    found = _KEY.search(failure.message) or _COLUMN.search(failure.message)
    columns = tuple(name for name in found.groups() if name) if found else ()
    reason = failure.message.partition(": (while reading")[0].partition(": while ")[0]
    return json_rows.bad(row.line, row.values, columns, (reason,))


def _store_bad(
    writer: Writer, database: str, source: DataSource, bad: Sequence[BadRow], now: float
) -> None:
    table = f"{database}.{quoted(source.name + tables.QUARANTINE_SUFFIX)}"
    import_id = str(uuid.uuid4())
    written = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S")
    rows = []
    for row in bad:
        # A row that could not be read is kept whole in the first column.
        values = row.values or {source.columns[0].name: row.text}
        kept = {
            "c__error_column": row.columns,
            "c__error": row.reasons,
            "c__import_id": import_id,
            "insertion_date": written,
        }
        rows.append(json.dumps({**kept, **values}, ensure_ascii=False).encode("utf-8", "replace"))
    writer.insert(f"INSERT INTO {table}", b"\n".join(rows)).result()
