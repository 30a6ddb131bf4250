"""Names in a query: `column`, `columns`, `symbol` and `table`."""

import re
from typing import Any

from clerk_tinybird_app.tinybird.template.errors import syntax_error
from clerk_tinybird_app.tinybird.template.literals import SqlFragment, shown
from clerk_tinybird_app.tinybird.template.run import Run

# Stricter than Tinybird, which puts anything between backticks.
_WORD = "[A-Za-z_][A-Za-z0-9_]{0,127}"
_IDENTIFIER = re.compile(_WORD)
_DOTTED = re.compile(rf"{_WORD}(?:\.{_WORD}){{0,8}}")
_QUOTES = frozenset({"`", '"'})


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
    run.weigh(names)
    if not isinstance(names, str):
        raise syntax_error(
            "The 'columns' function expects a String not an Array", anchor="#columns"
        )
    parts = [_checked(name.strip(" "), _DOTTED, "column") for name in names.split(",")]
    if fn is None:
        return SqlFragment(",".join(map(_quoted_path, parts)), "columns")
    call = _checked(fn, _IDENTIFIER, "function")
    return SqlFragment(
        ",".join(f"{call}({_quoted_path(name)}) as `{name}`" for name in parts), "columns"
    )


def symbol(run: Run, x: Any, quote: Any = "`") -> SqlFragment:
    """`symbol(x)`: one name in quotes, its dots included."""
    if x is None:
        raise run.required()
    run.weigh(x)
    if quote not in _QUOTES:
        raise syntax_error('the quote of symbol() is ` or "')
    return SqlFragment(f"{quote}{_checked(x, _DOTTED, 'symbol')}{quote}", "symbol")


def table(run: Run, x: Any) -> SqlFragment:
    """`table(x)`: a table's name, if it is one of the project's."""
    if x is None:
        raise run.required()
    run.weigh(x)
    name = _checked(x, _DOTTED, "table")
    if name not in run.context.tables:
        raise syntax_error(f"Resource '{name}' not found")
    return SqlFragment(name, "table")
