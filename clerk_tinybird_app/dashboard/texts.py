"""Numbers and names as the dashboard writes them."""

from typing import Final

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


def named(value: str) -> str:
    """Return a name that came with the data, such as a route's, so that it can be seen.

    An empty one, invisible characters and one that is too long for a table look like nothing else.
    """
    if not value:
        return "(empty)"
    if len(value) > _MOST_NAME_CHARACTERS:
        value = f"{value[: _MOST_NAME_CHARACTERS - _NAME_END]}…{value[-_NAME_END:]}"
    if value.isprintable() and not value.isspace():
        return value
    return "".join(map(_visible, value))


def _visible(character: str) -> str:
    if character.isprintable() and not character.isspace():
        return character
    return character.encode("unicode_escape").decode() if character != " " else "\N{OPEN BOX}"
