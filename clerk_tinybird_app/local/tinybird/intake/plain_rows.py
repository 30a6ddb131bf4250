"""Rows that need no landing table: those that ClickHouse may read right into the data source.

Its own reading of JSON goes wrong silently in two ways: an integer that does not fit is wrapped,
and what is missing is filled in. So where every integer fits and nothing is missing, both ways in
store the same or fail alike, and the straight one costs a third less. msgspec tells in less time
than it takes to count the rows.
"""

import functools
import re
from typing import Annotated, Any, Final

import msgspec

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.tinybird.project import Column

_INTEGER: Final = re.compile(r"(U?)Int(8|16|32|64)")
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


def count(body: bytes, columns: tuple[Column, ...]) -> int | None:
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
    return (_READ_ALIKE.fullmatch(kind) or _INTEGER.fullmatch(kind)) is not None


def _field(column: Column) -> tuple[Any, Any]:
    """Return the type of a plain value, and what stands for a missing one if it may be missing."""
    kind: Any = _SOME_VALUE
    if found := _INTEGER.fullmatch(tables.bare_type(column)):
        bits = int(found.group(2))
        low, high = (0, 2**bits) if found.group(1) else (-(2 ** (bits - 1)), 2 ** (bits - 1))
        kind = Annotated[int, msgspec.Meta(ge=low, le=min(high, 2**_MOST_BITS) - 1)]
    # What stands for null or a missing value in a default's stead is the view's to work out.
    if tables.is_nullable(column) and not column.default:
        return kind | None, None
    return kind, msgspec.NODEFAULT
