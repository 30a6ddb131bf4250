"""A parsed template as a list of events, and which of them a render can skip."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tornado import template as tornado_template

from clerk_tinybird_app.tinybird.template.expressions import (
    parse_expression,
    parse_for,
    parse_set,
    put_into,
    split_keyword,
)
from clerk_tinybird_app.tinybird.template.run import syntax_error

Kind: TypeAlias = Literal["text", "output", "set", "jump", "open", "branch", "close"]

# Tornado's parser leaves no node for these in the tree, or one without a line number.
_SILENT = re.compile(r"\{%\s*(autoescape|whitespace|extends)\b")
_REFUSED = {
    "_ApplyBlock": "apply",
    "_IncludeBlock": "include",
    "_Module": "module",
    "_NamedBlock": "block",
}
_IMPORTS = ("import", "from")
_JUMPS = frozenset({"break", "continue"})
_NODE_COST = 32
_MOST_BLOCKS = 20
"""Blocks within each other. Python takes no more loops, and the time to find that grows fast."""

_LOOPS = frozenset({"for", "while"})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing in a template.

    Attributes:
        kind: What it is. `open` begins a block, `branch` is an elif, else, except or finally,
            `close` ends a block.
        source: The text, expression or statement.
        line: The line in the SQL, from 1.
        node: The node of Tornado, which is rewritten.
    """

    kind: Kind
    source: str
    line: int
    node: Any

    @property
    def keyword(self) -> str:
        """The first word of a statement."""
        return self.source.partition(" ")[0]

    @property
    def is_loop(self) -> bool:
        """True when this opens or closes a loop."""
        return self.kind in {"open", "close"} and self.keyword in {"for", "while"}


class _Parsed(tornado_template.Template):
    """Tornado's template, which is only parsed; no Python is made of it."""

    def __init__(self, sql: str) -> None:
        self.events: list[Event] = []
        super().__init__(sql, name="sql", autoescape=None, whitespace="all")

    def _generate_python(self, loader: tornado_template.BaseLoader | None) -> str:
        self.events = list(flatten(self.file.body.chunks))
        return ""


def events(sql: str) -> list[Event]:
    """Return the events of a template that compiles, from top to bottom."""
    return _Parsed(sql).events


def trees(event: Event) -> list[ast.expr]:
    """Return the expressions of an event."""
    keyword, rest = split_keyword(event.source)
    if event.kind == "output":
        return [parse_expression(event.source, event.line)]
    if event.kind == "set":
        node = parse_set(event.source, event.line)
        place = put_into(node)
        return [*((place.value, place.slice) if place else ()), node.value]
    if event.kind == "open" and keyword == "for":
        return [parse_for(event.source, event.line).iter]
    if event.kind in {"open", "branch"} and keyword in {"if", "elif", "while"}:
        return [parse_expression(rest, event.line)]
    return []


def refuse_silent(sql: str) -> None:
    """Refuse the directives that the tree does not show."""
    found = _SILENT.search(sql)
    if found:
        raise _forbidden(found[1], sql.count("\n", 0, found.start()) + 1)


def flatten(chunks: Any, depth: int = 0) -> Iterator[Event]:
    """Yield the events of Tornado's tree, which has ``depth`` blocks around it.

    Raises:
        TemplateError: A directive is not supported; the error names it and its line.
    """
    for node in chunks:
        match node:
            case tornado_template._Text():
                yield Event("text", node.value, node.line, node)
            case tornado_template._ControlBlock():
                yield Event("open", node.statement, node.line, node)
                body: Any = node.body
                if depth == _MOST_BLOCKS:
                    raise syntax_error("the template is nested too deeply", line=node.line)
                yield from flatten(body.chunks, depth + 1)
                yield Event("close", node.statement, node.line, node)
            case tornado_template._IntermediateControlBlock():
                yield Event("branch", node.statement, node.line, node)
            case tornado_template._Statement():
                yield _statement(node)
            case tornado_template._Expression() if type(node) is tornado_template._Expression:
                if node.raw:
                    raise _forbidden("raw", node.line)
                yield Event("output", node.expression, node.line, node)
            case _:
                name = type(node).__name__
                raise _forbidden(_REFUSED.get(name, name), getattr(node, "line", None))


def _statement(node: Any) -> Event:
    keyword = node.statement.partition(" ")[0]
    if keyword in _IMPORTS:
        raise _forbidden(keyword, node.line)
    kind: Kind = "jump" if node.statement in _JUMPS else "set"
    return Event(kind, node.statement, node.line, node)


def _forbidden(name: str, line: int | None) -> Exception:
    return syntax_error(f"{name} is forbidden", line=line)


def cost(chunks: Any) -> int:
    """Return what one iteration of a loop with this body costs of the budget."""
    return sum(len(event.source) + _NODE_COST for event in flatten(chunks))


class Flow:
    """Follows the events of a template and knows which blocks are open."""

    def __init__(self) -> None:
        self.is_conditional = False
        self._blocks: list[list[str]] = []

    def read(self, event: Event) -> None:
        """Go to `event`; `is_conditional` is then about the expressions in it.

        The condition of an `if` and the list of a `for` always run. So a block counts only from
        the event after the one that opens it.
        """
        keyword = split_keyword(event.source)[0]
        if event.kind == "branch":
            self._blocks[-1][1] = keyword
        self.is_conditional = any(part != "finally" for _, part in self._blocks)
        if event.kind == "open":
            self._blocks.append([keyword, keyword])
        elif event.kind == "close":
            self._blocks.pop()
        elif event.kind == "jump":
            self._refuse_jump_from_finally(event)

    def _refuse_jump_from_finally(self, event: Event) -> None:
        # It would drop the error, and then a loop could go on after it has reached its limit.
        for opened, part in reversed(self._blocks):
            if opened in _LOOPS:
                return
            if part == "finally":
                raise syntax_error(
                    f"{event.source} inside finally is not supported", line=event.line
                )
