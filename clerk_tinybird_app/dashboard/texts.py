"""Numbers and names as the dashboard writes them.

``components/dashboard/units.jsx`` writes the numbers of charts by the same rules.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final, NamedTuple

from clerk_tinybird_app.dashboard.declaration import Unit

NONE: Final = "\N{EN DASH}"
"""What stands in for a value that there is none of."""

_MINUS: Final = "\N{MINUS SIGN}"
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_HUNDRED: Final = 100
_TEN: Final = 9.95
_MOST_PER_CENT: Final = 300
"""From here on a growth is told as how many times as much."""

_MOST_NAME_CHARACTERS: Final = 120
_NAME_END: Final = 30

_EXACT: Final = Context(prec=400, rounding=ROUND_HALF_UP)
"""Enough digits for every number that a float can be."""

_PLACES: Final = tuple(Decimal(1).scaleb(-digits) for digits in range(3))


class _Step(NamedTuple):
    """How a value is written.

    Attributes:
        below: The first value that is too great to be written so.
        divisor: What it is divided by.
        digits: How many decimals it has then.
        name: What stands after it.
    """

    below: float
    divisor: int
    digits: int
    name: str


_STEPS: Final[Mapping[Unit, Sequence[_Step]]] = {
    Unit.COUNT: (_Step(math.inf, 1, 0, ""),),
    Unit.MILLISECONDS: (
        _Step(9.95, 1, 1, " ms"),
        _Step(999.5, 1, 0, " ms"),
        _Step(9_995, 1_000, 2, " s"),
        _Step(math.inf, 1_000, 1, " s"),
    ),
    Unit.BYTES: (
        _Step(999.5, 1, 0, " B"),
        _Step(99.95e3, 10**3, 1, " kB"),
        _Step(999.5e3, 10**3, 0, " kB"),
        _Step(99.95e6, 10**6, 1, " MB"),
        _Step(999.5e6, 10**6, 0, " MB"),
        _Step(99.95e9, 10**9, 1, " GB"),
        _Step(999.5e9, 10**9, 0, " GB"),
        _Step(99.95e12, 10**12, 1, " TB"),
        _Step(999.5e12, 10**12, 0, " TB"),
        _Step(math.inf, 10**15, 1, " PB"),
    ),
}
"""Each from the smallest. What would be rounded up to the next step is one of the next already."""


def count(value: float) -> str:
    """Return a whole number with thousands divided, such as ``182,431``."""
    return written(value, Unit.COUNT)


def written(value: Any, unit: Unit) -> str:
    """Return a value that came with the data, with its unit: ``0.42 %``, ``22 ms``, ``1.5 MB``.

    Raises:
        TypeError: It is no number, and the unit is one of numbers.
    """
    if value is None:
        return NONE
    if unit is Unit.TEXT:
        return named(str(value))
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    if not math.isfinite(value):
        return NONE
    if unit is Unit.PERCENT:
        return f"{_fixed(value * _HUNDRED, 2)} %"
    return _in_step(value, _step_of(value, unit), _fixed)


def change(now: float, before: float, unit: Unit, *, is_absolute: bool) -> str:
    """Return how a figure differs from the one before, with a sign unless it rounds to nothing.

    A count grows by a share of what it was, unless ``is_absolute`` or it was nothing.
    """
    difference = now - before
    if not math.isfinite(difference):
        return NONE
    if unit is Unit.PERCENT:
        return f"{signed(_HUNDRED * difference, 2)} pt"
    if unit is not Unit.MILLISECONDS and before and not is_absolute:
        return growth(now, before)
    # No finer than the value that it stands beside.
    return _in_step(difference, max(_step_of(now, unit), _step_of(difference, unit)), signed)


def growth(now: float, before: float) -> str:
    """Return how much more there is than before: ``+82.4 %``, so many times for a lot more."""
    more, times = _HUNDRED * (now - before) / before, now / before
    if more <= _MOST_PER_CENT:
        return f"{signed(more, 1)} %"
    return f"{_TIMES}{_fixed(times, 1 if times < _TEN else 0)}"


def signed(value: float, digits: int) -> str:
    """Return a number with its sign and so many decimals; no sign for what rounds to nothing."""
    text = _fixed(value, digits)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


def _fixed(value: float, digits: int) -> str:
    """Return a number with so many decimals, halves rounded away from zero as scripts do it."""
    if not math.isfinite(value):
        return NONE
    rounded = _EXACT.quantize(Decimal(value), _PLACES[digits])
    text = f"{rounded.copy_abs():,f}"
    return f"{_MINUS}{text}" if rounded < 0 else text


def _step_of(value: float, unit: Unit) -> _Step:
    return next(step for step in _STEPS.get(unit, _STEPS[Unit.COUNT]) if abs(value) < step.below)


def _in_step(value: float, step: _Step, write: Callable[[float, int], str]) -> str:
    return f"{write(value / step.divisor, step.digits)}{step.name}"


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
