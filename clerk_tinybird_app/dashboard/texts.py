"""Numbers and names as the dashboard writes them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from clerk_tinybird_app.dashboard.declaration import Unit

NONE: Final = "\N{EN DASH}"
"""What stands in for a value that there is none of."""

_MINUS: Final = "\N{MINUS SIGN}"
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_THOUSAND: Final = 1_000
_HUNDRED: Final = 100
_MOST_PER_CENT: Final = 999
"""From here on a growth is told as how many times as much."""

_MOST_NAME_CHARACTERS: Final = 120
_NAME_END: Final = 30


def count(value: int | float) -> str:
    """Return a whole number with thousands divided, such as ``182,431``."""
    return f"{value:,.0f}"


def share(value: float | None) -> str:
    """Return a share of 0 to 1 in per cent, such as ``0.42 %``."""
    return NONE if value is None else f"{value * 100:.2f} %"


def milliseconds(value: float | None) -> str:
    """Return a duration of milliseconds: ``22 ms``, ``1.25 s``."""
    if value is None:
        return NONE
    if value >= _THOUSAND:
        return f"{value / _THOUSAND:.2f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"  # noqa: PLR2004 - a digit more


def signed(value: float, digits: int) -> str:
    """Return a number with its sign and so many decimals; no sign for what rounds to nothing."""
    text = f"{abs(value):,.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    return f"+{text}" if value > 0 else f"{_MINUS}{text}"


def growth(now: float, before: float) -> str:
    """Return how much more there is than before: ``+82.4 %``, so many times for a lot more."""
    change = _HUNDRED * (now - before) / before
    return f"{_TIMES}{now / before:,.0f}" if change > _MOST_PER_CENT else f"{signed(change, 1)} %"


def size(value: float | None) -> str:
    """Return a number of bytes: ``512 B``, ``1.5 MB``."""
    if value is None:
        return NONE
    unit, rest = "B", value
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        # What would be written as a thousand is one of the next.
        if abs(rest) < _THOUSAND - 0.5:
            break
        unit, rest = larger, rest / _THOUSAND
    return f"{rest:,.0f} {unit}" if unit == "B" or abs(rest) >= _HUNDRED else f"{rest:.1f} {unit}"


def written(value: Any, unit: Unit) -> str:
    """Return a value that came with the data, with its unit.

    Raises:
        TypeError, ValueError: It is no number, and the unit is one of numbers.
    """
    if value is None:
        return NONE
    return named(str(value)) if unit is Unit.TEXT else _WRITE[unit](value)


def change(now: float, before: float, unit: Unit, *, is_absolute: bool) -> str:
    """Return how a figure differs from the one before, with a sign unless it rounds to nothing.

    A count grows by a share of what it was, unless ``is_absolute`` or it was nothing.
    """
    difference = now - before
    match unit:
        case Unit.PERCENT:
            return f"{signed(_HUNDRED * difference, 2)} pt"
        case Unit.MILLISECONDS:
            return f"{signed(difference, 0)} ms"
        case _ if before and not is_absolute:
            return growth(now, before)
        case Unit.BYTES:
            sign = "" if not difference else "+" if difference > 0 else _MINUS
            return f"{sign}{size(abs(difference))}"
        case _:
            return signed(difference, 0)


def named(value: str) -> str:
    """Return a name that came with the data, such as a page's, so that it can be seen.

    An empty one, invisible characters and one that is too long for a table look like nothing else.
    """
    if not value:
        return "(empty)"
    if len(value) > _MOST_NAME_CHARACTERS:
        value = f"{value[: _MOST_NAME_CHARACTERS - _NAME_END]}…{value[-_NAME_END:]}"
    return _seen(value)


def whole(value: Any) -> str:
    """Return a value that came with the data, of any length and kind, so that it can be seen."""
    if value is None:
        return NONE
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _seen(text) or "(empty)"


def _seen(value: str) -> str:
    if value.isprintable() and not value.isspace():
        return value
    return "".join(map(_visible, value))


def _visible(character: str) -> str:
    if character.isprintable() and not character.isspace():
        return character
    return character.encode("unicode_escape").decode() if character != " " else "\N{OPEN BOX}"


_WRITE: Final[Mapping[Unit, Callable[[Any], str]]] = {
    Unit.COUNT: count,
    Unit.PERCENT: share,
    Unit.MILLISECONDS: milliseconds,
    Unit.BYTES: size,
}
