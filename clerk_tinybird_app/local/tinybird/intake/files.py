"""Rows of files as NDJSON: told apart without ClickHouse, but for Parquet."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from clerk_tinybird_app.local.tinybird.engine.tables import has_empty
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.intake.rows import steps
from clerk_tinybird_app.tinybird.project import Column, DataSource

_NO_DELIMITERS: Final = '"\r\n'


class Rows(NamedTuple):
    """Rows of a file, and how many of a CSV's lines have too few or too many values."""

    ndjson: bytes
    invalid_lines: int = 0


def rows_of(content: bytes, kind: str, source: DataSource, *, delimiter: str = ",") -> Rows:
    """Return a file's rows, one JSON object a line, as a data source's JSON paths read them.

    Its kind is ``ndjson`` or ``csv``, whose header may be left out.

    Raises:
        ApiError: 400, another kind of file, or one that cannot be read.
    """
    match kind:
        case "ndjson" | "json":
            return Rows(content)
        case "csv":
            return _of_csv(content, source, delimiter)
    raise bad_request(
        f"Files of the format '{kind}' are not supported; send csv, ndjson or parquet"
    )


def _of_csv(content: bytes, source: DataSource, delimiter: str) -> Rows:
    if len(delimiter) != 1 or delimiter in _NO_DELIMITERS:
        raise bad_request("The dialect_delimiter must be one character, and no quote or line end")
    columns = {column.name: column for column in source.columns}
    text = io.StringIO(content.decode(errors="replace"))
    try:
        lines = [line for line in csv.reader(text, delimiter=delimiter) if line]
    except csv.Error as error:
        raise bad_request(f"The file is no CSV that can be read: {error}") from None
    if lines and set(lines[0]) <= columns.keys():
        columns = {name: columns[name] for name in lines.pop(0)}
    places = list(_places(columns.values()))
    rows = [_row(line, places) for line in lines]
    invalid = sum(isinstance(row, str) for row in rows)
    return Rows("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode(), invalid)


def _places(columns: Any) -> Iterator[tuple[Column, list[str]]]:
    """Yield each column with the members that lead to it in a JSON row."""
    for column in columns:
        path = steps(column)
        if path[-1:] == [":"]:
            # A cell has the whole of an array.
            path.pop()
        if ":" in path or not path:
            raise bad_request(
                f"The column '{column.name}' is read from a path that no CSV has a value for; send "
                "ndjson"
            )
        yield column, path


def _row(line: list[str], places: list[tuple[Column, list[str]]]) -> dict[str, Any] | str:
    """Return a line as a JSON row; as a text, which is none, when it is no row."""
    if len(line) > len(places) or not all(_may_miss(column) for column, _ in places[len(line) :]):
        return ",".join(line)
    row: dict[str, Any] = {}
    for (column, path), text in zip(places, line, strict=False):
        inner = row
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        inner[path[-1]] = _value(column, text)
    return row


def _may_miss(column: Column) -> bool:
    return column.is_nullable or bool(column.default)


def _value(column: Column, text: str) -> Any:
    """Return a cell's value; as in ClickHouse, an empty one is none where something stands for it.

    An array, a map or a tuple is written as JSON, or with single quotes.
    """
    if not text and _may_miss(column):
        return None
    if has_empty(column):
        for written in (text, text.replace("'", '"')):
            try:
                return json.loads(written)
            except (ValueError, RecursionError):
                continue
    return text
