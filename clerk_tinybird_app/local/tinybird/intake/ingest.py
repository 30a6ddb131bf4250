"""Takes in rows: all of them at once when they are good, else each by itself.

Every row ends in the data source or, with its reason, in the quarantine; none is lost. ClickHouse
is asked which rows it refuses on a connection apart from the writing one, so that nobody else's
rows wait for it.
"""

import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from clerk_tinybird_app.local.tinybird.engine import changes, tables
from clerk_tinybird_app.local.tinybird.engine.changes import Filling
from clerk_tinybird_app.local.tinybird.engine.chdb_session import QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_caller
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX, literal, quoted
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.intake.rows import (
    BadRow,
    as_text,
    bad_row,
    count_objects,
    count_plain,
    read_row,
    split_rows,
)
from clerk_tinybird_app.tinybird.project import DataSource

_KEY: Final = re.compile(r"while reading the value of key (\S+?)\)")
_COLUMN: Final = re.compile(r"__table1\.(\S+?) ::|source column (\S+) to")
_PARQUET_LIMITS: Final = (
    "max_execution_time=10, max_memory_usage=1000000000, max_result_bytes=100000000, "
    "max_result_rows=200000"
)
"""A Parquet file of a few bytes can hold any number of rows."""

_AT_ONCE: Final = 2_000
"""Rows a query."""

_NUMBER: Final = "#"
"""The member that numbers a row; no column is called so."""

_TOLERANT: Final = "input_format_allow_errors_num = 18446744073709551615"
_APART: Final = b" " * 128 + b"\n"
"""After each row: dates, UUIDs and addresses are read so many characters at a time, past the end
of a value that is too short, and must not take the next row with them."""


class Ingested(NamedTuple):
    """How many rows went where."""

    successful_rows: int
    quarantined_rows: int


@dataclass(frozen=True)
class Row:
    """A row that passed the checks made without ClickHouse.

    It is there as the line that arrived, and with its values by column and by the landing table's.
    """

    line: bytes
    values: dict[str, Any]
    landed: dict[str, Any]


def ingest(
    writer: Writer, database: str, source: DataSource, body: bytes, *, clock: Callable[[], float]
) -> Ingested:
    """Store the rows of ``body`` and return once they are safe from a killed process.

    The body is NDJSON, one JSON object, or an array of objects.

    Raises:
        QueryFailed: ClickHouse cannot write at all.
    """
    statement, count = tables.insert_straight(source, database), count_plain(body, source.columns)
    if count is None:
        statement = tables.insert_landing(source, database)
        # Rows that must be reshaped are read in any case.
        count = None if tables.members(source) is None else count_objects(body, source.columns)
    if count == 0:
        return Ingested(0, 0)
    if count is not None:
        try:
            writer.insert(statement, body).result()
        except QueryFailed:
            pass
        else:
            return Ingested(count, 0)
    return store(writer, database, source, body, clock=clock)


def store(
    writer: Writer,
    database: str,
    source: DataSource,
    body: bytes,
    *,
    clock: Callable[[], float],
    by_name: bool = False,
    replaces: bool = False,
) -> Ingested:
    """Store the rows of a body that `ingest` would take, each told good from bad by itself.

    Their members may have the columns' names, whatever the JSON paths: ``by_name``. They may
    replace all rows that are there, unless none of them is good.

    Raises:
        QueryFailed: ClickHouse cannot write at all.
    """
    rows, bad = candidates(source, body, by_name=by_name)
    good, refused = RowCheck(writer, source).sort(rows)
    bad += refused
    if replaces and (good or not bad):
        filling = [_filling(source, good)] if good else []
        writer.run(lambda session: changes.replace(session, database, source.name, *filling))
    elif good:
        lines = _lines(row.landed for row in good)
        writer.insert(tables.insert_landing(source, database), lines).result()
    if bad:
        table = f"{database}.{quoted(source.name + QUARANTINE_SUFFIX)}"
        writer.insert(f"INSERT INTO {table}", _quarantined(source, bad, clock())).result()
    return Ingested(len(good), len(bad))


def _filling(source: DataSource, rows: Sequence[Row]) -> Filling:
    """Return the query that has rows as the data source's table takes them."""
    text = literal(_lines(row.landed for row in rows).decode())
    columns = literal(tables.landing_columns(source))
    query = f"SELECT {tables.casts(source)} FROM format(JSONEachRow, {columns}, {text})"
    return Filling(", ".join(quoted(column.name) for column in source.columns), query)


def parquet_rows(writer: Writer, content: bytes) -> bytes:
    """Return a Parquet file's rows as NDJSON.

    Raises:
        ApiError: 400, it is none, or has too many rows.
    """
    asked = f"SELECT * FROM format(Parquet, unhex('{content.hex()}')) SETTINGS {_PARQUET_LIMITS}"
    with closing(writer.connect()) as session:
        try:
            return session.query(asked, "JSONEachRow")
        except QueryFailed:
            text = "The file is no Parquet that can be read, or it is too large"
            raise bad_request(text) from None


def candidates(
    source: DataSource, body: bytes, *, by_name: bool = False
) -> tuple[list[Row], list[BadRow]]:
    """Return the rows that may be good, and those that are bad whatever ClickHouse says."""
    names = tables.landed_names(source)
    if by_name:
        named = tuple(replace(column, json_path=None) for column in source.columns)
        source = replace(source, columns=named)
    rows: list[Row] = []
    bad: list[BadRow] = []
    for line in split_rows(body):
        values = read_row(line, source)
        if isinstance(values, BadRow):
            bad.append(values)
        else:
            rows.append(Row(line, values, {names[name]: value for name, value in values.items()}))
    return rows, bad


class RowCheck:
    """Asks ClickHouse about the rows of a data source, as an insert would, and stores nothing."""

    def __init__(self, writer: Writer, source: DataSource) -> None:
        self._session = writer.connect()
        self._source = source
        self._names = tables.landed_names(source)
        self._columns = tables.landing_columns(source)

    def sort(self, rows: Sequence[Row]) -> tuple[list[Row], list[BadRow]]:
        """Return the good rows, and the bad ones with their reasons; orders are kept.

        Raises:
            QueryFailed: ClickHouse cannot tell: it lacks time, memory or disk.
            RuntimeError: There is no connection to be had.
        """
        good: list[Row] = []
        bad: list[BadRow] = []
        types = {column.name: column.type for column in self._source.columns}
        with closing(self._session):
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                faults = self._faults(some)
                for n, named in faults.items():
                    row, values = some[n], some[n].values
                    told = (f"Cannot read '{as_text(values[c])}' as {types[c]}" for c in named)
                    bad.append(bad_row(row.line, values, named, told))
                # Rows that can be read may still fail further on, in an expression for a default.
                self._halve([row for n, row in enumerate(some) if n not in faults], good, bad)
        return good, bad

    def _faults(self, rows: Sequence[Row]) -> dict[int, tuple[str, ...]]:
        """Return the columns that cannot be read, by the place of the row."""
        readable = self._readable(row.landed for row in rows)
        suspects = [
            (n, name, {self._names[name]: value})
            for n, row in enumerate(rows)
            if n not in readable
            for name, value in row.values.items()
        ]
        fine = self._readable(value for _, _, value in suspects)
        faults = [(n, name) for k, (n, name, _) in enumerate(suspects) if k not in fine]
        return {
            n: tuple(name for _, name in found)
            for n, found in itertools.groupby(faults, key=lambda fault: fault[0])
        }

    def _readable(self, rows: Iterable[Mapping[str, Any]]) -> set[int]:
        """Return the places of the rows that ClickHouse can read."""
        lines = [_json({_NUMBER: n, **row}) for n, row in enumerate(rows)]
        if not lines:
            return set()
        columns = f"{quoted(_NUMBER)} UInt32, {self._columns}"
        text = _APART.join([*lines, b""]).decode()
        answer = self._session.query(
            f"SELECT {quoted(_NUMBER)} FROM format(JSONEachRow, {literal(columns)}, "
            f"{literal(text)}) SETTINGS {_TOLERANT}"
        )
        return set(map(int, answer.split()))

    def _halve(self, rows: list[Row], good: list[Row], bad: list[BadRow]) -> None:
        """Add the rows to the good ones, but for those that ClickHouse refuses; found by halves."""
        if not rows:
            return
        try:
            self._cast(rows)
        except QueryFailed as failure:
            if failure.is_shortage:
                raise
            if len(rows) == 1:
                found = _KEY.search(failure.message) or _COLUMN.search(failure.message)
                named = filter(None, found.groups() if found else ())
                bad.append(bad_row(rows[0].line, rows[0].values, named, [for_caller(failure)]))
                return
            middle = len(rows) // 2
            self._halve(rows[:middle], good, bad)
            self._halve(rows[middle:], good, bad)
        else:
            good += rows

    def _cast(self, rows: Sequence[Row]) -> None:
        target = ", ".join(f"{quoted(c.name)} {c.type}" for c in self._source.columns)
        query = _filling(self._source, rows).query
        self._session.query(f"INSERT INTO FUNCTION null({literal(target)}) {query}")


def _quarantined(source: DataSource, bad: Sequence[BadRow], now: float) -> bytes:
    """Return the rows of the quarantine for the refused rows of one request."""
    kept = {"c__import_id": str(uuid.uuid4()), "insertion_date": int(now)}
    # A row that could not be read is kept whole in the first column.
    first = next(iter(tables.quarantined(source)), "")
    return _lines(
        (row.values or {first: row.text})
        | {"c__error_column": row.columns, "c__error": row.reasons, **kept}
        for row in bad
    )


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as NDJSON."""
    return b"\n".join(map(_json, rows))


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
