"""Rows of a file, as NDJSON."""

import csv
import io
import json
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.tables import is_nullable
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.tinybird.project import DataSource

_NDJSON: Final = ("ndjson", "json")
_CSV: Final = "csv"
_COMMA: Final = ","
_NO_DELIMITERS: Final = '"\r\n'


def as_ndjson(content: bytes, kind: str, source: DataSource, *, delimiter: str = _COMMA) -> bytes:
    """Return a file's rows, one JSON object a line, with the columns' names.

    Args:
        content: The file.
        kind: ``ndjson``, ``json`` or ``csv``; a CSV's header may be left out.
        source: Where the rows go.
        delimiter: What stands between a CSV's fields.

    Raises:
        ApiError: 400, another kind of file, or a CSV that cannot be read.
    """
    if kind in _NDJSON:
        return content
    if kind == _CSV:
        if len(delimiter) != 1 or delimiter in _NO_DELIMITERS:
            raise bad_request(
                "The dialect_delimiter must be one character, and no quote or line end"
            )
        return "\n".join(_from_csv(content.decode(errors="replace"), source, delimiter)).encode()
    raise bad_request(f"Files of the format '{kind}' are not supported; send ndjson or csv")


def _from_csv(text: str, source: DataSource, delimiter: str) -> list[str]:
    names = [column.name for column in source.columns]
    nullable = {column.name for column in source.columns if is_nullable(column)}
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise bad_request(f"The file is no CSV that can be read: {error}") from None
    if lines and set(lines[0]) <= set(names):
        names = lines.pop(0)
    rows = []
    for line in lines:
        pairs = zip(names, line, strict=False)
        row = {name: None if not value and name in nullable else value for name, value in pairs}
        rows.append(json.dumps(row, ensure_ascii=False))
    return rows
