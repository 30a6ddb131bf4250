"""Rows as they arrive: JSON objects, told apart, checked and reshaped without ClickHouse.

What can be told here cheaply is told here; what only ClickHouse knows (dates, decimals, arrays)
it is asked afterwards.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.engine import tables
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


def count(body: bytes) -> int | None:
    """Return how many rows a body has, if each line looks like one object; None: read it.

    This is all that is looked at on the fast way in.
    """
    text = body.strip().replace(b"\r\n", b"\n")
    if not text:
        return 0
    breaks = text.count(b"\n")
    is_plain = text.startswith(b"{") and text.endswith(b"}") and text.count(b"}\n{") == breaks
    return breaks + 1 if is_plain else None


def split(body: bytes) -> Iterator[bytes]:
    """Return the rows of any body: NDJSON, one object over many lines, or an array of them."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        yield from (line for raw in body.split(b"\n") if (line := raw.strip()))
        return
    for row in whole if isinstance(whole, list) else [whole]:
        yield json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read(line: bytes, source: DataSource) -> dict[str, Any] | BadRow:
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
    return bad(line, values, tuple(faults), tuple(faults.values()))


def bad(
    line: bytes, values: dict[str, Any], columns: tuple[str, ...], reasons: tuple[str, ...]
) -> BadRow:
    """Return what is kept of a row that is refused."""
    texts = {name: text(value) for name, value in values.items()}
    return BadRow(columns, reasons, texts, line.decode(errors="replace"))


def text(value: Any) -> str | None:
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
        return f"Value '{text(value)}' does not fit {inner}"
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
