"""The scalar types, `{{Int32(limit, 10)}}`: each checks a value and keeps its type."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from clerk_tinybird_app.tinybird.template.errors import syntax_error
from clerk_tinybird_app.tinybird.template.literals import SqlFloat, SqlFragment, SqlInt, shown
from clerk_tinybird_app.tinybird.template.run import Run

Converter: TypeAlias = Callable[[Any], Any]
"""From a value to the same value, checked; ValueError when it is not of the type."""

_SIGNED = re.compile(r"[+-]?\d{1,100}")
_UNSIGNED = re.compile(r"\d{1,100}")
_FALSE = frozenset({"", "0", "false"})

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"
# What may follow is left open, as in Tinybird: fractions, Z, an offset, a zone's name.
_TAIL = r"[0-9A-Za-z .:+/_-]{0,48}"
_SHAPES = {
    "Date": re.compile(_DAY),
    "DateTime": re.compile(_DAY + _TIME + _TAIL),
    "DateTime64": re.compile(_DAY + _TIME + r"\.[0-9]{3}" + _TAIL),
}
_BITS = (8, 16, 32, 64, 128, 256)


def plain(value: object) -> str:
    """A value as text; finished SQL is no text any more."""
    if isinstance(value, SqlFragment):
        raise TypeError(f"{value.maker}() gives SQL text, which no type can be made of")
    return str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else plain(value)


def _integer(low: int, high: int, make: Callable[[int], int]) -> Converter:
    digits = _SIGNED if low < 0 else _UNSIGNED

    def convert(value: Any) -> int:
        text = plain(value)
        if not digits.fullmatch(text):
            raise ValueError
        number = int(text)
        if not low <= number <= high:
            raise ValueError
        return make(number)

    return convert


def _float(make: Callable[[float], float]) -> Converter:
    def convert(value: Any) -> float:
        text = plain(value)
        if "_" in text:
            raise ValueError
        return make(float(text))

    return convert


def _shaped(shape: re.Pattern[str]) -> Converter:
    def convert(value: Any) -> str:
        text = plain(value)
        if not shape.fullmatch(text):
            raise ValueError
        return text

    return convert


def truth(value: Any) -> int:
    """Tinybird's Boolean: everything but "", 0 and false (in any case) is true."""
    if isinstance(value, str):
        return int(value.lower() not in _FALSE)
    return int(bool(value))


def _number_class(base: type, name: str) -> Any:
    return type(name, (base,), {"type_name": name})


def _converters() -> dict[str, Converter]:
    table: dict[str, Converter] = {"String": _text, "Boolean": truth}
    for bits in _BITS:
        half, name = 1 << (bits - 1), f"Int{bits}"
        table[name] = _integer(-half, half - 1, _number_class(SqlInt, name))
        table[f"U{name}"] = _integer(0, 2 * half - 1, _number_class(SqlInt, f"U{name}"))
    for name in ("Int", "Integer"):
        table[name] = _integer(-(1 << 31), (1 << 31) - 1, int)
    for name in ("Float32", "Float64"):
        table[name] = _float(_number_class(SqlFloat, name))
    return table | {name: _shaped(shape) for name, shape in _SHAPES.items()}


CONVERTERS = _converters()

_TOLD_AS = {"Int": "Int32", "Integer": "Int32"}


def told_as(name: str) -> str:
    """The type's name in an error's text: `Int` is checked as, and called, Int32."""
    return _TOLD_AS.get(name, name)


def _scalar(name: str) -> Callable[..., Any]:
    convert = CONVERTERS[name]

    def typed(  # noqa: PLR0917 (Tinybird's signature)
        run: Run,
        x: Any,
        default: Any = None,
        defined: Any = True,
        required: Any = None,
        description: Any = None,
        enum: Any = None,
        example: Any = None,
        format: Any = None,  # noqa: A002 (Tinybird's name for it)
    ) -> Any:
        """From `required` on, the arguments are documentation only, as in Tinybird."""
        value = default if x is None else x
        if value is None:
            if defined:
                raise run.required()
            return None
        if isinstance(value, str):
            run.spend(len(value))
        else:
            run.weigh(value)
        try:
            return convert(value)
        except ValueError:
            raise syntax_error(
                f"Error validating '{shown(value)}' to type {told_as(name)}"
            ) from None

    return typed


def boolean(run: Run, x: Any, default: Any = None) -> int:
    """`Boolean(x)`: 1 or 0, and 0 when missing."""
    run.weigh(x)
    return truth(default if x is None else x)


TYPES: dict[str, Callable[..., Any]] = {
    name: _scalar(name) for name in CONVERTERS if name != "Boolean"
} | {"Boolean": boolean}
