"""Values that stand in for a request's, so that a pipe's SQL can be written without one."""

from collections.abc import Iterable
from typing import Final

from clerk_tinybird_app.tinybird.template import Parameter

NAMES: Final = frozenset({"column", "columns", "symbol", "table"})
"""Types whose value is a column's or a table's name: no value of ours would be one."""

_UNTYPED: Final = ""
_VALUES: Final[dict[str, tuple[str | int, str | int]]] = {
    "Date": ("2000-01-01", "2001-02-03"),
    "DateTime": ("2000-01-01 00:00:00", "2001-02-03 04:05:06"),
    "DateTime64": ("2000-01-01 00:00:00.000", "2001-02-03 04:05:06.007"),
    "JSON": ("{}", "[]"),
    "Boolean": ("1", "0"),
    "String": ("1", "b"),
    # A text in the address, and a number in a JSON body.
    _UNTYPED: ("1", 2),
}
_NUMBERS: Final = ("1", "2")


def placeholders(parameters: Iterable[Parameter]) -> dict[str, str | int]:
    """Return a value of its type for each parameter without a default."""
    return {
        parameter.name: _values(parameter)[0]
        for parameter in parameters
        if not parameter.has_default and parameter.type not in NAMES
    }


def others(parameters: Iterable[Parameter]) -> dict[str, str | int]:
    """Return another value for each parameter, also in the place of a default."""
    return {
        parameter.name: _values(parameter)[1]
        for parameter in parameters
        if parameter.type not in NAMES
    }


def _values(parameter: Parameter) -> tuple[str | int, str | int]:
    kind = (parameter.type or _UNTYPED).removeprefix("Array(").removesuffix(")")
    return _VALUES.get(kind, _NUMBERS)
