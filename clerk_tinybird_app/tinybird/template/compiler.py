"""Compiles a template to the code of a function, with Tornado's parser and generator.

Tornado parses the template. Then every expression and statement in its tree is replaced by a
guarded form. Then Tornado generates Python and compiles it, as it always does.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from tornado import escape
from tornado import template as tornado_template

from clerk_tinybird_app.tinybird.template.events import (
    Event,
    Flow,
    cost,
    flatten,
    refuse_silent,
    trees,
)
from clerk_tinybird_app.tinybird.template.expressions import (
    CAUGHT,
    Rewriter,
    call,
    parse_expression,
    parse_for,
    parse_set,
    rewrite_open,
    rewrite_set,
    split_keyword,
    targets,
)
from clerk_tinybird_app.tinybird.template.functions import FUNCTIONS
from clerk_tinybird_app.tinybird.template.lexical import Places, rehearsal
from clerk_tinybird_app.tinybird.template.operations import (
    METHODS,
    OPERATORS,
    compare,
    display,
    for_values,
    formatted,
    item,
    joined,
    key_of,
    part,
    put,
    while_condition,
)
from clerk_tinybird_app.tinybird.template.parameters import Use, uses
from clerk_tinybird_app.tinybird.template.run import TemplateError, syntax_error
from clerk_tinybird_app.tinybird.template.values import WRITERS

MAX_SOURCE = 200_000
"""The most characters in one template."""

FAILURES = (TypeError, ValueError, LookupError, ArithmeticError, NameError)
"""The errors that an expression can raise besides a TemplateError."""

_FILLING = frozenset({"m_append", "o_put"})
_SHOWN = 20
_ITERATED = ".0"
"""Python's own name for what a list comprehension goes through."""

NAMESPACE: dict[str, Any] = {
    "__builtins__": {"isinstance": isinstance, "str": str},
    "_tt_utf8": escape.utf8,
    "_tt_string_types": (str, bytes),
    CAUGHT: (TemplateError, *FAILURES),
    **WRITERS,
    "o_compare": compare,
    "o_display": display,
    "o_item": item,
    "o_for": for_values,
    "o_formatted": formatted,
    "o_joined": joined,
    "o_key": key_of,
    "o_put": put,
    "o_part": part,
    "o_while": while_condition,
    **{f"o_{name}": operation for name, operation in OPERATORS.items()},
    **{f"m_{name}": method for name, method in METHODS.items()},
    **{f"f_{name}": function for name, function in FUNCTIONS.items()},
}
"""The names for rewritten code, besides `run`, `values` and its own variables."""

_OF_TORNADO = frozenset({"isinstance", "str", "append", "join"})
_ALLOWED = frozenset(NAMESPACE) | _OF_TORNADO | {"run", "values"}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready to run.

    Attributes:
        code: The code of a function without arguments, which returns the SQL in UTF-8.
        uses: Every use of a parameter, in the order of the text.
        fills: Whether it may add something to a value that it is given.
    """

    code: CodeType
    uses: tuple[Use, ...]
    fills: bool = False


class _Guarded(tornado_template.Template):
    """Tornado's template. Its tree is rewritten before Tornado makes Python of it."""

    def __init__(self, sql: str) -> None:
        self.uses: list[Use] = []
        super().__init__(sql, name="sql", autoescape=None, whitespace="all")

    def _generate_python(self, loader: tornado_template.BaseLoader | None) -> str:
        events = list(flatten(self.file.body.chunks))
        variables = frozenset(name for event in events for name in _set_names(event))
        places, flow = Places(rehearsal(events)), Flow()
        for event in events:
            flow.read(event)
            is_conditional = flow.is_conditional or places.is_comment
            _rewrite(event, variables, places)
            for tree in trees(event):
                self.uses += uses(tree, variables, event.line, is_conditional=is_conditional)
            places.read(event)
        return super()._generate_python(loader)


def _set_names(event: Event) -> list[str]:
    if event.kind == "set":
        return list(targets(parse_set(event.source, event.line), event.line))
    if event.kind == "open" and split_keyword(event.source)[0] == "for":
        return list(targets(parse_for(event.source, event.line), event.line))
    return []


def _rewrite(event: Event, variables: frozenset[str], places: Places) -> None:
    node = event.node
    if event.kind == "set":
        node.statement = rewrite_set(event.source, variables, event.line)
    elif event.kind in {"open", "branch"}:
        iteration_cost = cost(node.body.chunks) if event.is_loop else 0
        node.statement = rewrite_open(event.source, variables, event.line, iteration_cost)
    elif event.kind == "output":
        node.expression = _output(event, variables, places)
        node.raw = True


def _output(event: Event, variables: frozenset[str], places: Places) -> str:
    tree = parse_expression(event.source, event.line)
    value = Rewriter(variables, event.line, is_output=True).rewrite(tree)
    told = event.source[:_SHOWN] + ("..." if len(event.source) > _SHOWN else "")
    return ast.unparse(call(places.writer, value, ast.Constant(told)))


@lru_cache(maxsize=512)
def compile_template(sql: str) -> Compiled:
    """Compile a template, each text once.

    Raises:
        TemplateError: It is malformed, or uses something that is not supported.
    """
    if len(sql) > MAX_SOURCE:
        raise syntax_error(f"the template is longer than {MAX_SOURCE} characters")
    refuse_silent(sql)
    try:
        guarded = _Guarded(sql)
    except tornado_template.ParseError as error:
        # Tornado writes %% for % in one of its messages.
        raise syntax_error(error.message.replace("%%", "%"), line=error.lineno) from None
    except SyntaxError as error:
        raise syntax_error(f"the blocks do not fit together: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise syntax_error("the template is nested too deeply") from None
    except ValueError as error:  # NUL, or half a surrogate pair
        raise syntax_error(f"the template is not text: {error}") from None
    [code] = _codes(guarded.compiled)
    _require_known(code)
    fills = not _FILLING.isdisjoint(_names(code))
    return Compiled(code, tuple(guarded.uses), fills)


def _require_known(code: CodeType) -> None:
    if strange := set(_strange_names(code)):
        raise syntax_error(f"the template reaches for {sorted(strange)}")


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that a function uses, and those of its comprehensions."""
    yield from code.co_names
    for inner in _codes(code):
        yield from _names(inner)


def _strange_names(code: CodeType) -> Iterator[str]:
    """Yield the names in a function that it may not use, and in those of comprehensions."""
    yield from set(code.co_names) - _ALLOWED
    for name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars):
        if not name.startswith(("_tt_", "u_")) and name != _ITERATED:
            yield name
    for inner in _codes(code):
        yield from _strange_names(inner)


def _codes(code: CodeType) -> list[CodeType]:
    return [item for item in code.co_consts if isinstance(item, CodeType)]
