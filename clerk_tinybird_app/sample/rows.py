"""Makes the rows of a sample: one by one in Python, or all at once in a ClickHouse statement.

Both use the same lists and the same numbers of the declaration. In ClickHouse the random numbers
are hashes of the tenant, the time and the number of the row.
"""

# ruff: noqa: S608 - identifiers are quoted and texts escaped here

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from clerk_tinybird_app.sample.timeline import Piece, Tenant, hashed
from clerk_tinybird_app.sample.vocabulary import (
    Few,
    Id,
    LogNormal,
    Moment,
    OneOf,
    People,
    Sample,
    Sometimes,
    Value,
    Weighted,
    names_in,
)

_PIECE: Final = (
    "_who UInt8, _start UInt64, _length UInt64, _n UInt32, _share Float64, _factor Float64"
)
"""The columns of a piece in ClickHouse; no column of a data source begins with an underscore."""

_HALF: Final = 2**32
"""Half a hash is smaller than this."""

_KNOWN: Final = 256
"""How many lists of tenants are cached, because each live row uses some."""


def drawn(
    sample: Sample, tenant_column: str, piece: Piece, dice: random.Random
) -> list[dict[str, Any]]:
    """Return the rows of a piece, column -> value."""
    return [_row(sample, tenant_column, piece, dice) for _ in range(piece.count)]


def insert(sample: Sample, tenant_column: str, table: str, found: Sequence[Piece]) -> str:
    """Return the statement that adds all rows of these pieces to ``table``."""
    tenants = list(dict.fromkeys(piece.tenant for piece in found))
    places = {tenant: place for place, tenant in enumerate(tenants)}
    lines = "\n".join(_line(piece, places[piece.tenant]) for piece in found)
    ids = _array(tenant.id for tenant in tenants)
    columns = {tenant_column: f"{ids}[_who + 1]", **_Expressions(tenants).columns(sample)}
    selected = ",\n    ".join(f"{sql} AS {_quoted(name)}" for name, sql in columns.items())
    return f"""
INSERT INTO {table} ({", ".join(map(_quoted, columns))})
SELECT
    {selected}
FROM (
    SELECT _who, _start, _length, _share, _factor, arrayJoin(range(_n)) AS _i
    FROM format(TSV, {_literal(_PIECE)}, {_literal(lines)})
)"""


def _row(sample: Sample, tenant_column: str, piece: Piece, dice: random.Random) -> dict[str, Any]:
    row: dict[str, Any] = {tenant_column: piece.tenant.id}
    for names, value in sample.columns.items():
        made = _value(value, row, piece, dice)
        row.update({names: made} if isinstance(names, str) else zip(names, made, strict=True))
    return row


def _value(value: Any, row: dict[str, Any], piece: Piece, dice: random.Random) -> Any:
    made = value
    match value:
        case Moment():
            at = datetime.fromtimestamp(dice.uniform(piece.begins, piece.ends), UTC)
            made = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Id():
            made = f"{value.prefix}{dice.getrandbits(64):016x}"
        case People() | Few():
            own = _own(value, piece.tenant)
            made = own[int(len(own) * dice.random() ** value.skew)]
        case Weighted():
            made = dice.choice(value.places)
        case LogNormal():
            factor = piece.factor if value.rises_in_incidents else 1
            number = value.median * factor * dice.lognormvariate(0, value.spread)
            made = round(number, value.digits or None)
        case Sometimes():
            share = max(value.share, piece.share if value.rises_in_incidents else 0)
            chosen = value.value if dice.random() < share else value.otherwise
            made = _value(chosen, row, piece, dice)
        case OneOf():
            key = row[value.by] if isinstance(value.by, str) else tuple(row[n] for n in value.by)
            made = _value(value.options.get(key, value.otherwise), row, piece, dice)
    return made


@lru_cache(_KNOWN)
def _own(value: People | Few, tenant: Tenant) -> tuple[Any, ...]:
    """Return the tenant's own values, the most frequent first."""
    if isinstance(value, People):
        # For a user without an organization there are no services.
        return (*tenant.users, *(value.services if tenant.users != (tenant.id,) else ()))
    ordered = sorted(value.options, key=lambda option: hashed(tenant.id, option))
    return tuple(ordered[: value.count])


def _line(piece: Piece, place: int) -> str:
    start = round(piece.begins * 1000)
    length = max(1, round(piece.ends * 1000) - start)
    return "\t".join(map(str, (place, start, length, piece.count, piece.share, piece.factor)))


class _Expressions:
    """The expressions of one statement. Each random number is a new hash, or half of one."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = tenants
        self._halves = 0

    def columns(self, sample: Sample) -> dict[str, str]:
        """Return column -> expression."""
        found: dict[str, str] = {}
        for names, value in sample.columns.items():
            if isinstance(names, str):
                found[names] = self._one([value], "1")
                continue
            draw = self._draw()
            for part, name in enumerate(names):
                found[name] = _member([[each[part] for each in value.places]], "1", draw)
        return found

    def _one(self, values: Sequence[Any], index: str) -> str:
        """Return the value at ``index``, which is an SQL expression that counts from 1."""
        if all(each == values[0] for each in values):
            values = values[:1]
        kinds = list(dict.fromkeys(map(_kind, values)))
        if len(kinds) > 1:
            return self._of_kinds(values, index, kinds)
        match first := values[0]:
            case Moment():
                made = f"fromUnixTimestamp64Milli(toInt64(_start + {self._hash()} % _length))"
            case Id():
                digits = f"lower(leftPad(hex({self._hash()}), 16, '0'))"
                made = f"concat({_literal(first.prefix)}, {digits})"
            case People() | Few():
                own = [_own(first, tenant) for tenant in self._tenants]
                made = _member(own, "_who + 1", f"pow({self._draw()}, {first.skew})")
            case Weighted():
                made = _member([each.places for each in values], index, self._draw())
            case LogNormal():
                made = self._log_normal(values, index)
            case Sometimes():
                made = self._sometimes(values, index)
            case OneOf():
                made = self._one_of(first)
            case _:
                made = _at(values, index)
        return made

    def _of_kinds(self, values: Sequence[Any], index: str, kinds: Sequence[Any]) -> str:
        """Return the value at ``index`` of values of several kinds: one branch for each kind."""
        branches = []
        for kind in kinds:
            places = [place for place, each in enumerate(values, 1) if _kind(each) == kind]
            at, own = _array(places), [values[place - 1] for place in places]
            branches += [f"has({at}, {index})", self._one(own, f"indexOf({at}, {index})")]
        # The last kind needs no condition.
        return f"multiIf({', '.join([*branches[:-2], branches[-1]])})"

    def _one_of(self, value: OneOf) -> str:
        values = list(value.options.values())
        values += [] if value.otherwise is None else [value.otherwise]
        keys = [key if isinstance(key, tuple) else (key,) for key in value.options]
        texts = _array("\n".join(map(str, key)) for key in keys)
        key = ", '\\n', ".join(f"toString({_quoted(name)})" for name in names_in(value.by))
        places = _array(range(1, len(keys) + 1))
        return self._one(values, f"transform(concat({key}, ''), {texts}, {places}, {len(values)})")

    def _log_normal(self, values: Sequence[LogNormal], index: str) -> str:
        median = _at([each.median for each in values], index)
        spread = _at([each.spread for each in values], index)
        normal = f"sqrt(-2 * log(1 - {self._draw()})) * cos(2 * pi() * {self._draw()})"
        factor = " * _factor" if values[0].rises_in_incidents else ""
        return f"round({median} * exp({spread} * {normal}){factor}, {values[0].digits})"

    def _sometimes(self, values: Sequence[Sometimes], index: str) -> str:
        share = _at([each.share for each in values], index)
        if values[0].rises_in_incidents:
            share = f"greatest({share}, _share)"
        is_so = f"{self._draw()} < {share}"
        value = self._one([each.value for each in values], index)
        return f"if({is_so}, {value}, {self._one([each.otherwise for each in values], index)})"

    def _draw(self) -> str:
        """Return a number from 0 to 1. It is half a hash, because hashes take the most time."""
        number, half = divmod(self._halves, 2)
        self._halves += 1
        shifted = f"bitShiftRight({_hash(number)}, {32 * half})"
        return f"(bitAnd({shifted}, {_HALF - 1}) / {_HALF})"

    def _hash(self) -> str:
        """Return a whole hash."""
        number = (self._halves + 1) // 2
        self._halves = 2 * number + 2
        return _hash(number)


def _hash(number: int) -> str:
    return f"sipHash64({number}, _who, _start, _i)"


def _kind(value: Any) -> Any:
    """Return a key that is the same for values that one expression can make."""
    if not isinstance(value, Value):
        return None
    if not isinstance(value, Weighted | LogNormal | Sometimes):
        return id(value)
    return type(value), getattr(value, "rises_in_incidents", False), getattr(value, "digits", 0)


def _member(lists: Sequence[Sequence[Any]], index: str, part: str) -> str:
    """Return the member at ``part``, from 0 to 1, of the list at ``index``."""
    before = [sum(map(len, lists[:number])) for number in range(len(lists))]
    length, start = _at([len(each) for each in lists], index), _at(before, index)
    members = _array(each for own in lists for each in own)
    return f"{members}[1 + {start} + toUInt32(floor({length} * {part}))]"


def _at(constants: Sequence[Any], index: str) -> str:
    """Return the constant at ``index``."""
    is_one = all(each == constants[0] for each in constants)
    return _text(constants[0]) if is_one else f"{_array(constants)}[{index}]"


def _array(items: Iterable[Any]) -> str:
    return f"[{','.join(map(_text, items))}]"


def _text(constant: str | float) -> str:
    return _literal(constant) if isinstance(constant, str) else repr(constant)


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted(name: str) -> str:
    return f"`{name}`"
