"""What an answer discloses: the judgement of one pipe's rows, which asks nobody.

A value discloses something unless it is zero, null, empty, or what was asked with. What a tenant
without rows is answered must be what the same pipe answers when no data source has any row.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clerk_tinybird_app.tinybird.client import PipeAnswer

Value = float | str | datetime
Disclosed = Mapping[str, frozenset[Value]]
"""Column -> the values in it that disclose something; no column without one."""

_NEARLY: Final = 1e-6
"""As a share: how far two numbers may be apart and still be the same."""

_MEANWHILE: Final = timedelta(minutes=30)
"""Likewise two times, which may be told from the moment of asking."""

NONE: Final[frozenset[Value]] = frozenset()
_TELLING: Final = 10
"""Two tenants may well have the same small whole number."""

_FEW_DIGITS: Final = 4
"""And the same rounded share or time, such as 0.0284 or 31.94: chance is enough."""

_ZERO_YEARS: Final = (1900, 1970)
"""When ClickHouse's dates begin: what the latest of no rows is."""


def disclosed(answer: PipeAnswer, asked: Collection[str] = ()) -> Disclosed:
    """Return what the answer discloses.

    Args:
        answer: The rows.
        asked: The values that the request or its token came with.
    """
    kinds = dict(answer.columns)
    found: dict[str, set[Value]] = {}
    for row in answer.rows:
        for column, cell in row.items():
            values = (_value(leaf, kinds.get(column, "")) for leaf in _leaves(cell))
            found.setdefault(column, set()).update(
                value for value in values if value and value not in asked
            )
    return {column: frozenset(values) for column, values in found.items() if values}


def beyond(of_nobody: Disclosed, of_no_rows: Disclosed) -> list[str]:
    """Return the columns that say more than the same pipe does when there are no rows."""
    return [
        column
        for column, values in of_nobody.items()
        if any(not _is_among(value, of_no_rows.get(column, NONE)) for value in values)
    ]


def alike(one: PipeAnswer, other: PipeAnswer, constant: Disclosed) -> list[str]:
    """Return the columns in which two tenants are told the same number, of one row each.

    Args:
        one: What one tenant is answered.
        other: What another one is answered.
        constant: What the pipe says to a tenant without rows.
    """
    if len(one.rows) != 1 or len(other.rows) != 1:
        return []
    some, others = disclosed(one), disclosed(other)
    return [
        column
        for column, values in some.items()
        if values == others.get(column) and any(map(_is_telling, values))
        if column in beyond({column: values}, constant)
    ]


def are_same(one: Disclosed, other: Disclosed) -> bool:
    """Tell whether two answers disclose the same, and something."""
    return bool(one) and one == other


def by_row(answer: PipeAnswer, asked: Collection[str] = ()) -> Counter[frozenset[object]]:
    """Return what each row discloses: two charts may have the same values at other hours."""
    rows = (replace(answer, rows=[row]) for row in answer.rows)
    return Counter(frozenset(disclosed(row, asked).items()) for row in rows)


def of_others(answer: PipeAnswer, column: str, own: str) -> int:
    """Return how many rows carry another tenant in the tenant's column."""
    return sum(1 for row in answer.rows if str(row.get(column) or own) != own)


def _leaves(cell: Any) -> Iterator[Any]:
    if isinstance(cell, Mapping):
        for inner in cell.values():
            yield from _leaves(inner)
    elif isinstance(cell, list):
        for inner in cell:
            yield from _leaves(inner)
    else:
        yield cell


def _value(leaf: Any, kind: str) -> Value:
    """Return a number, a time or a text; 0 or "" for what says nothing."""
    if isinstance(leaf, bool | int | float):
        return float(leaf) if math.isfinite(leaf) else 0.0
    text = "" if leaf is None else str(leaf)
    if "Date" in kind:
        return _moment(text)
    if "Int" in kind or "Float" in kind or "Decimal" in kind:
        try:
            return float(text)
        except ValueError:
            return text
    return text.strip()


def _moment(text: str) -> Value:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.year in _ZERO_YEARS:
        return ""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_among(value: Value, known: Collection[Value]) -> bool:
    return value in known or any(_is_near(value, each) for each in known)


def _is_near(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_NEARLY)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) <= _MEANWHILE
    return False


def _is_telling(value: Value) -> bool:
    if not isinstance(value, float):
        return False
    if value.is_integer():
        return abs(value) > _TELLING
    return len(f"{abs(value):.10f}".replace(".", "").strip("0")) > _FEW_DIGITS
