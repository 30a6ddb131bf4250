"""Values that stand in for a request's, so that a pipe's SQL can be written without one."""

from collections.abc import Iterable
from typing import Final

from clerk_tinybird_app.tinybird.template import Parameter

_OTHERWISE: Final = "1"
_NAMES: Final = frozenset({"column", "columns", "symbol", "table"})
_VALUES: Final = {
    "Date": "2000-01-01",
    "DateTime": "2000-01-01 00:00:00",
    "DateTime64": "2000-01-01 00:00:00.000",
    "JSON": "{}",
}


def placeholders(parameters: Iterable[Parameter]) -> dict[str, str]:
    """Return a value of its type for each parameter without a default.

    None for those that name a column or a table: no value of ours would be one.
    """
    return {
        parameter.name: _value(parameter.type or "")
        for parameter in parameters
        if not parameter.has_default and parameter.type not in _NAMES
    }


def _value(kind: str) -> str:
    return _VALUES.get(kind.removeprefix("Array(").removesuffix(")"), _OTHERWISE)
