"""All functions that a template can call: for names, for lists, and others."""

import inspect
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from clerk_tinybird_app.tinybird.template.dates import DATE_FUNCTIONS
from clerk_tinybird_app.tinybird.template.operations import key_of, seek, text
from clerk_tinybird_app.tinybird.template.run import (
    MAX_SIZE,
    Run,
    TemplateError,
    bounded,
    syntax_error,
)
from clerk_tinybird_app.tinybird.template.values import (
    CONVERTERS,
    TYPES,
    LikeText,
    SecretText,
    SqlFragment,
    boolean,
    error_name,
    plain,
    quote,
    shown,
    sql,
)

# Stricter than Tinybird, which accepts any text and puts it between backticks.
_WORD = "[A-Za-z_][A-Za-z0-9_]{0,127}"
_IDENTIFIER = re.compile(_WORD)
_DOTTED = re.compile(rf"{_WORD}(?:\.{_WORD}){{0,8}}")
_QUOTES = frozenset({"`", '"'})
_TTLS = ("5s", "1m", "5m", "30m", "1h")
_OPERANDS = {"in": "in", "not_in": "not in", "gt": ">", "lt": "<", "gte": ">=", "lte": "<="}
_ELEMENT_WORK = 16
_SORT_WORK = 16
_MOST_DIGITS = 99
_CLIENT_ERROR, _LAST_STATUS = 400, 599
NAMED_SECRETS = frozenset({"tb_secret", "tb_var"})

TRANSFORMS = frozenset({*TYPES, "Array", "JSON"})
"""The functions whose first argument is a typed parameter."""


def _checked(name: Any, shape: re.Pattern[str], maker: str) -> str:
    if not isinstance(name, str) or not shape.fullmatch(name):
        raise syntax_error(
            f"Error validating '{shown(name)}' to type {maker}: it is not a plain name"
        )
    return name


def _quoted_path(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))


def column(run: Run, x: Any, default: Any = None) -> SqlFragment:
    """`column(x, 'default')`: one column's name."""
    name = default if x is None else x
    if name is None:
        raise syntax_error(
            "Missing column() default value, use `column(column_name, 'default_column_name')`",
            anchor="#column",
        )
    run.weigh(name)
    return SqlFragment(_quoted_path(_checked(name, _DOTTED, "column")), "column")


def columns(run: Run, x: Any, default: Any = None, fn: Any = None) -> SqlFragment:
    """`columns(x, 'a,b', 'sum')`: several names, each inside a function if one is given."""
    names = default if x is None else x
    if names is None:
        raise syntax_error(
            "Missing columns() default value, use `columns(column_names, 'default_column_name')`",
            anchor="#columns",
        )
    run.weigh([names, fn])
    if not isinstance(names, str):
        raise syntax_error(
            "The 'columns' function expects a String not an Array", anchor="#columns"
        )
    run.spend((names.count(",") + 1) * _ELEMENT_WORK)
    parts = [_checked(name.strip(" "), _DOTTED, "column") for name in names.split(",")]
    if fn is None:
        return SqlFragment(",".join(map(_quoted_path, parts)), "columns")
    call = _checked(fn, _IDENTIFIER, "function")
    run.fits(3 * len(names) + len(parts) * (len(call) + _ELEMENT_WORK))
    return SqlFragment(
        ",".join(f"{call}({_quoted_path(name)}) as `{name}`" for name in parts), "columns"
    )


def symbol(run: Run, x: Any, quote: Any = "`") -> SqlFragment:
    """`symbol(x)`: one name in quotes, its dots included."""
    if x is None:
        raise run.required()
    run.weigh([x, quote])
    if quote not in _QUOTES:
        raise syntax_error('the quote of symbol() is ` or "')
    return SqlFragment(f"{quote}{_checked(x, _DOTTED, 'symbol')}{quote}", "symbol")


def table(run: Run, x: Any) -> SqlFragment:
    """`table(x)`: the name of a table, if the project has it."""
    if x is None:
        raise run.required()
    run.weigh(x)
    name = _checked(x, _DOTTED, "table")
    if name not in run.context.tables:
        raise syntax_error(f"Resource '{name}' not found")
    return SqlFragment(name, "table")


def array(  # noqa: PLR0917 (Tinybird's signature)
    run: Run,
    x: Any,
    type: Any = "String",  # noqa: A002 (Tinybird's name for it)
    default: Any = None,
    defined: Any = True,
    required: Any = None,
    description: Any = None,
    enum: Any = None,
    example: Any = None,
    format: Any = None,  # noqa: A002 (Tinybird's name for it)
) -> SqlFragment | None:
    """`Array(x, 'Int32')`: a SQL array from "1,2" or a JSON list."""
    value = default if x is None else x
    if value is None:
        if defined:
            raise run.required()
        return None
    run.weigh([value, type])
    if isinstance(value, str):
        run.spend((value.count(",") + 1) * _ELEMENT_WORK)
        items: list[Any] = value.split(",")
    elif isinstance(value, list):
        items = value
    else:
        raise syntax_error("transform type function Array is not well defined")
    kind = str(type)
    written = [_element(run, value, place, item, kind) for place, item in enumerate(items)]
    return SqlFragment("[" + ",".join(written) + "]", "Array")


def _element(run: Run, whole: Any, place: int, item: Any, type_name: str) -> str:
    if item is None:
        raise run.required()
    convert = CONVERTERS.get(type_name)
    if convert is None:  # as Tinybird does for other types, such as UUID
        return quote(plain(item))
    try:
        checked = convert(item)
    except ValueError:
        told = "empty string" if item == "" else shown(item)
        raise syntax_error(
            f"Error validating [{shown(whole)}][{place}] ({told}) to type {error_name(type_name)}"
        ) from None
    if isinstance(checked, str):
        return quote(checked)
    return int.__repr__(checked) if isinstance(checked, int) else float.__repr__(checked)


def split_to_array(run: Run, x: Any, default: Any = "", separator: Any = ",") -> list[str]:
    """`split_to_array(x)`: the parts of a text, without the spaces around them."""
    value = default if x is None else x
    if not isinstance(value, str):
        raise syntax_error(
            "First argument of split_to_array has to be a value that can be split to a list of "
            "elements, but found a PlaceHolder with no value instead",
            anchor="#split_to_array",
        )
    run.fits(2 * len(value))
    seek(run, value, separator)
    return [part.strip() for part in value.split(separator)]


def enumerate_with_last(run: Run, xs: Any) -> list[tuple[bool, Any]]:
    """Pairs of (whether it is the last, element)."""
    run.weigh(xs)
    items = list(xs)
    return [(place == len(items), item) for place, item in enumerate(items, 1)]


def enumerated(run: Run, xs: Any, start: Any = 0) -> list[tuple[int, Any]]:
    """Python's `enumerate`, as a list."""
    run.weigh([xs, start])
    return list(enumerate(list(xs), bounded(int(start))))


def ranged(run: Run, start: Any, stop: Any = None, step: Any = 1, /) -> list[int]:
    """Python's `range`, as a list."""
    if stop is None:
        start, stop = 0, start
    steps = range(bounded(start), bounded(stop), bounded(step))
    # Of a longer one Python does not know the length.
    size = len(steps) if abs(stop - start) <= MAX_SIZE else MAX_SIZE + 1
    run.fits(size * _ELEMENT_WORK)
    return list(steps)


def parse_json(run: Run, x: Any, default: Any = None, defined: Any = True) -> Any:
    """`JSON(x)`: the value in a JSON text or in a POST body; {} when missing."""
    value = default if x is None else x
    if value is None:
        return {}
    run.weigh(value)
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise syntax_error(f"Error parsing JSON: '{shown(value)}' - {error}") from None
    run.weigh(parsed)
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def defined(run: Run, x: Any = None) -> bool:
    """Tell whether there is a value: "" is a value, null is not."""
    return x is not None


def sql_and(run: Run, **conditions: Any) -> SqlFragment:
    """`sql_and(a__in=Array(x), b=y)`: the conditions that have a value, joined by `and`."""
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


def backend_hint(run: Run, hint: Any) -> SqlFragment:
    """A comment line, for the engine to read."""
    named = hint is False or (isinstance(hint, str) and _IDENTIFIER.fullmatch(hint))
    if not named:
        raise syntax_error("backend_hint() takes a plain name, or False")
    return SqlFragment(f"-- backend_hint {hint}\n", "backend_hint")


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
    """Text in which `what` is not escaped; this can only be `%`, for a LIKE."""
    if x is None:
        raise run.required()
    run.weigh(x)
    return LikeText(plain(x)) if what == "%" else plain(x)


def secret(run: Run, name: Any, default: Any = None) -> Any:
    """`tb_secret('name')`; the compiler checks that the name is a constant of the template."""
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


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Python's whose result is no larger than what it is given."""

    def called(run: Run, /, *given: Any) -> Any:
        run.fits(run.weigh(given))
        found = function(*given)
        return list(found) if isinstance(found, zip | reversed) else found

    return called


def _rounded(x: Any, digits: Any = None, /) -> Any:
    if digits is not None and not -_MOST_DIGITS <= digits <= _MOST_DIGITS:
        raise ValueError(f"round() takes at most {_MOST_DIGITS} digits")
    return round(x, digits)


def _sum(xs: Any, start: Any = 0, /) -> Any:
    # A sum of lists would copy each of them many times.
    if not all(isinstance(x, (int, float)) for x in (*xs, start)):
        raise TypeError("sum() is for numbers only")
    return bounded(sum(xs, start))


def in_order(run: Run, xs: Any, /, *, reverse: Any = False) -> list[Any]:
    """Python's `sorted`, without `key`."""
    run.spend(_SORT_WORK * run.weigh(xs))
    return sorted(xs, reverse=bool(reverse))


def dictionary(run: Run, xs: Any = (), /, **more: Any) -> dict[Any, Any]:
    """Python's `dict`."""
    run.fits(run.weigh([xs, more]))
    for place, each in enumerate(xs):
        key_of(run, each if isinstance(xs, dict) else next(iter(each), None), place)
    return dict(xs, **more)


STATEMENT_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{each.__name__: _plain(each) for each in (abs, all, any, reversed, tuple, zip)},
    "bool": boolean,
    "dict": dictionary,
    "round": _plain(_rounded),
    "sorted": in_order,
    "sum": _plain(_sum),
}
"""Python's own that Tinybird takes in statements alone; their names may be parameters' too."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **TYPES,
    **DATE_FUNCTIONS,
    **STATEMENT_FUNCTIONS,
    "Array": array,
    "JSON": parse_json,
    "backend_hint": backend_hint,
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
    "range": ranged,
    "split_to_array": split_to_array,
    "sql_and": sql_and,
    "sql_unescape": sql_unescape,
    "str": text,
    "symbol": symbol,
    "table": table,
    "tb_secret": secret,
    "tb_var": secret,
}


SIGNATURES = {name: inspect.signature(function) for name, function in FUNCTIONS.items()}
