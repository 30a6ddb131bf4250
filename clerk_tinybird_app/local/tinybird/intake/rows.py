"""Rows as they arrive: JSON or CSV, told apart and checked without ClickHouse."""

import csv
import functools
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.engine.tables import is_nullable
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.tinybird.project import Column, DataSource

_INTEGER: Final = re.compile(r"^(U?)Int(8|16|32|64|128|256)$")
_STEP: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\[['\"]([^'\"]+)['\"]\]|\.?\[(:|\d+)\]")
_MISSING: Final = object()


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be stored.

    Attributes:
        columns: The columns at fault; empty when the row is no JSON object.
        reasons: What is wrong with each, or the one reason.
        values: The row's values by column, as far as they can be read.
        text: The row as it arrived.
    """

    columns: tuple[str, ...]
    reasons: tuple[str, ...]
    values: dict[str, str | None]
    text: str


def count_objects(body: bytes) -> int | None:
    """Return how many rows a body has, if each line looks like one object; None: read it.

    This is all that is looked at on the fast way in.
    """
    text = body.strip().replace(b"\r\n", b"\n")
    if not text:
        return 0
    breaks = text.count(b"\n")
    is_plain = text.startswith(b"{") and text.endswith(b"}") and text.count(b"}\n{") == breaks
    return breaks + 1 if is_plain else None


def split_rows(body: bytes) -> Iterator[bytes]:
    """Return the rows of any body: NDJSON, one object over many lines, or an array of them."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        yield from (line for raw in body.split(b"\n") if (line := raw.strip()))
        return
    for row in whole if isinstance(whole, list) else [whole]:
        yield json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read_row(line: bytes, source: DataSource) -> dict[str, Any] | BadRow:
    """Return a row's values by column, or why it cannot be stored.

    Columns that the row does not have are left out.
    """
    try:
        row = json.loads(line)
        line.decode()
    except (ValueError, RecursionError) as error:
        return BadRow((), (f"Invalid JSON: {error}",), {}, line.decode(errors="replace"))
    if not isinstance(row, dict):
        return BadRow((), ("Not a JSON object",), {}, line.decode())
    found = {column.name: _find(row, column) for column in source.columns}
    values = {name: value for name, value in found.items() if value is not _MISSING}
    faults = {
        column.name: fault
        for column in source.columns
        if (fault := _fault(column, values.get(column.name)))
    }
    if not faults:
        return values
    return bad_row(line, values, tuple(faults), tuple(faults.values()))


def bad_row(
    line: bytes, values: dict[str, Any], columns: tuple[str, ...], reasons: tuple[str, ...]
) -> BadRow:
    """Return what is kept of a row that is refused."""
    texts = {name: as_text(value) for name, value in values.items()}
    return BadRow(columns, reasons, texts, line.decode(errors="replace"))


def as_text(value: Any) -> str | None:
    """Return a value as the quarantine keeps it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _fault(column: Column, value: Any) -> str | None:
    """Return what is wrong with a value as far as it can be told here."""
    inner = tables.bare_type(column)
    if value is None:
        may_miss = tables.is_nullable(column) or column.default or tables.has_empty(column)
        return None if may_miss else f"Column '{column.name}' is required and has no value"
    if (kind := _INTEGER.match(inner)) and not _fits(kind, value):
        return f"Value '{as_text(value)}' does not fit {inner}"
    return None


def _fits(kind: re.Match[str], value: Any) -> bool:
    bits = int(kind.group(2))
    low, high = (0, 2**bits - 1) if kind.group(1) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    try:
        number = int(value) if isinstance(value, str | int) else None
    except ValueError:
        return False
    return number is not None and low <= number <= high


def _find(row: dict[str, Any], column: Column) -> Any:
    """Return what the column's JSON path leads to."""
    path = column.json_path or f"$.{column.name}"
    if (member := tables.landing_name(column)) is not None:
        return row.get(member, _MISSING)
    steps = [name or key or index for name, key, index in _STEP.findall(path[1:])]
    return _follow(row, steps)


def _follow(value: Any, steps: list[str]) -> Any:
    for position, step in enumerate(steps):
        if step == ":":
            if not isinstance(value, list):
                return _MISSING
            rest = steps[position + 1 :]
            each = [_follow(item, rest) for item in value]
            return [None if item is _MISSING else item for item in each]
        value = _step(value, step)
        if value is _MISSING:
            return _MISSING
    return value


def _step(value: Any, step: str) -> Any:
    if isinstance(value, list) and step.isdigit():
        return value[int(step)] if int(step) < len(value) else _MISSING
    return value.get(step, _MISSING) if isinstance(value, dict) else _MISSING


_SMALL_INTEGER: Final = re.compile(r"(U?)Int(8|16|32|64)")
_MOST_BITS: Final = 63
"""msgspec compares up to here; larger ones take the other way."""

_READ_ALIKE: Final = re.compile(
    r"(?:Fixed)?String|UUID|IPv[46]|Bool|Float(?:32|64)|Decimal(?:32|64|128|256)?|Date(?:32)?|"
    r"DateTime(?:64)?|Enum(?:8|16)?"
)
"""Types that the landing table has too, but that take null there."""

_EMPTY_ALIKE: Final = frozenset(("Array", "Map"))
"""Types that are the same in the landing table."""

_SOME_VALUE: Final = str | float | bool


def count_plain(body: bytes, columns: tuple[Column, ...]) -> int | None:
    """Return how many rows a body of NDJSON has; None: not all of them are certainly plain.

    Args:
        body: As it arrived.
        columns: The data source's.
    """
    decoder = _decoder(columns)
    if decoder is None:
        return None
    try:
        return len(decoder.decode_lines(body))
    except (ValueError, RecursionError):
        return None


@functools.lru_cache(maxsize=256)
def _decoder(columns: tuple[Column, ...]) -> msgspec.json.Decoder[Any] | None:
    """Return what reads plain rows and nothing else; None: the columns know no plain rows."""
    fields: list[tuple[str, Any, Any]] = []
    for number, column in enumerate(columns):
        if tables.landing_name(column) != column.name or not _is_known(column):
            return None
        if not tables.has_empty(column):
            fields.append((f"column{number}", *_field(column)))
    names = {f"column{number}": column.name for number, column in enumerate(columns)}
    row = msgspec.defstruct("Row", fields, rename=names, kw_only=True, gc=False)
    return msgspec.json.Decoder(row)


def _is_known(column: Column) -> bool:
    kind = tables.bare_type(column).partition("(")[0]
    if kind in _EMPTY_ALIKE:
        return not column.default
    return (_READ_ALIKE.fullmatch(kind) or _SMALL_INTEGER.fullmatch(kind)) is not None


def _field(column: Column) -> tuple[Any, Any]:
    """Return the type of a plain value, and what stands for a missing one if it may be missing."""
    kind: Any = _SOME_VALUE
    if found := _SMALL_INTEGER.fullmatch(tables.bare_type(column)):
        bits = int(found.group(2))
        low, high = (0, 2**bits) if found.group(1) else (-(2 ** (bits - 1)), 2 ** (bits - 1))
        kind = Annotated[int, msgspec.Meta(ge=low, le=min(high, 2**_MOST_BITS) - 1)]
    # What stands for null or a missing value in a default's stead is the view's to work out.
    if tables.is_nullable(column) and not column.default:
        return kind | None, None
    return kind, msgspec.NODEFAULT


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
