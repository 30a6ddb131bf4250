"""Everything a template can call by name."""

import inspect
from collections.abc import Callable
from typing import Any, NoReturn

from clerk_tinybird_app.tinybird.template.dates import DATE_FUNCTIONS
from clerk_tinybird_app.tinybird.template.errors import TemplateError, syntax_error
from clerk_tinybird_app.tinybird.template.identifiers import column, columns, symbol, table
from clerk_tinybird_app.tinybird.template.lists import (
    array,
    enumerate_with_last,
    enumerated,
    parse_json,
    split_to_array,
)
from clerk_tinybird_app.tinybird.template.literals import (
    LikeText,
    SecretText,
    SqlFragment,
    quote,
    shown,
    sql,
)
from clerk_tinybird_app.tinybird.template.numbers import bounded
from clerk_tinybird_app.tinybird.template.run import Run
from clerk_tinybird_app.tinybird.template.types import TYPES, plain

_TTLS = ("5s", "1m", "5m", "30m", "1h")
_OPERANDS = {"in": "in", "not_in": "not in", "gt": ">", "lt": "<", "gte": ">=", "lte": "<="}
_CLIENT_ERROR, _LAST_STATUS = 400, 599


def defined(run: Run, x: Any = None) -> bool:
    """Whether a value was given: "" counts, null does not."""
    return x is not None


def sql_and(run: Run, **conditions: Any) -> SqlFragment:
    """`sql_and(a__in=Array(x), b=y)`: the conditions whose value is there, with `and`."""
    parts = []
    for key, value in conditions.items():
        name, _, operand = key.rpartition("__")
        if not name:
            name, written = key, "="
        elif operand in _OPERANDS:
            written = _OPERANDS[operand]
        else:
            raise syntax_error(f"operand {operand} not supported", anchor="#sql_and")
        if value is not None:
            run.weigh(value)
            parts.append(f"{name} {written} {sql(value)}")
    return SqlFragment(" and ".join(parts), "sql_and")


def error(run: Run, message: Any = "", status: Any = None) -> NoReturn:
    """Answer 400 with this text."""
    run.weigh(message)
    raise TemplateError(shown(message))


def custom_error(run: Run, message: Any, code: Any = _CLIENT_ERROR) -> NoReturn:
    """Answer with this body and status."""
    run.weigh(message)
    known = isinstance(code, int) and _CLIENT_ERROR <= code <= _LAST_STATUS
    status = int(code) if known else _CLIENT_ERROR
    if isinstance(message, dict):
        text = shown(message.get("error", message))
        raise TemplateError(text, status=status, body=message)
    raise TemplateError(shown(message), status=status)


def max_threads(run: Run, threads: Any) -> SqlFragment:
    """A comment line, for the engine to read."""
    run.weigh(threads)
    try:
        line = f"-- max_threads {bounded(int(threads))}"
    except (TypeError, ValueError):
        line = f"-- max_threads: wrong argument {quote(shown(threads))}"
    return SqlFragment(line + "\n", "max_threads")


def cache_ttl(run: Run, ttl: Any) -> SqlFragment:
    """A comment line, for the engine to read."""
    if ttl not in _TTLS:
        raise syntax_error(f"Invalid TTL cache expression, valid expressions are {_TTLS}")
    return SqlFragment(f"-- cache_ttl {ttl}\n", "cache_ttl")


def sql_unescape(run: Run, x: Any, what: Any = "") -> str:
    """Text in which `what` is written plainly; that can only be `%`, for a LIKE."""
    if x is None:
        raise run.required()
    run.weigh(x)
    return LikeText(plain(x)) if what == "%" else plain(x)


def secret(run: Run, name: Any, default: Any = None) -> Any:
    """`tb_secret('name')`; the compiler sees to it that the name stands in the template."""
    if name in run.context.secrets:
        return SecretText(run.context.secrets[name])
    if default is None:
        raise syntax_error(
            f"Cannot access secret '{name}'. Check the secret exists in the Workspace "
            "and the token has the required scope."
        )
    return default


def length(run: Run, xs: Any, /) -> int:
    """Python's `len`."""
    return len(xs)


def smallest(run: Run, /, *xs: Any) -> Any:
    """Python's `min`, without `key`."""
    run.weigh(xs)
    return min(*xs)


def largest(run: Run, /, *xs: Any) -> Any:
    """Python's `max`, without `key`."""
    run.weigh(xs)
    return max(*xs)


def integer(run: Run, x: Any = 0, /) -> int:
    """Python's `int`, base 10."""
    run.weigh(x)
    number = int(x)
    bounded(number)
    return number


def floating(run: Run, x: Any = 0, /) -> float:
    """Python's `float`."""
    run.weigh(x)
    return float(x)


def listed(run: Run, xs: Any = (), /) -> list[Any]:
    """Python's `list`."""
    run.weigh(xs)
    return list(xs)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **TYPES,
    **DATE_FUNCTIONS,
    "Array": array,
    "JSON": parse_json,
    "cache_ttl": cache_ttl,
    "column": column,
    "columns": columns,
    "custom_error": custom_error,
    "defined": defined,
    "enumerate": enumerated,
    "enumerate_with_last": enumerate_with_last,
    "error": error,
    "float": floating,
    "int": integer,
    "len": length,
    "list": listed,
    "max": largest,
    "max_threads": max_threads,
    "min": smallest,
    "split_to_array": split_to_array,
    "sql_and": sql_and,
    "sql_unescape": sql_unescape,
    "symbol": symbol,
    "table": table,
    "tb_secret": secret,
    "tb_var": secret,
}

SIGNATURES = {name: inspect.signature(function) for name, function in FUNCTIONS.items()}
NAMED_SECRETS = frozenset({"tb_secret", "tb_var"})
TRANSFORMS = frozenset({*TYPES, "Array", "JSON"})
"""The functions whose first argument is a typed parameter."""
