"""A parsed template, flattened into the events of reading it from top to bottom."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tornado import template as tornado_template

from clerk_tinybird_app.tinybird.template.errors import syntax_error

Kind: TypeAlias = Literal["text", "output", "set", "jump", "open", "branch", "close"]

# Of these, Tornado's parser leaves no node in the tree, or one without its line.
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


@dataclass(frozen=True, slots=True)
class Event:
    """One thing in a template.

    Attributes:
        kind: what it is; `open` begins a block, `branch` is its elif, else, except or finally,
            `close` its end.
        source: the text, expression or statement.
        line: in the SQL, from 1.
        node: Tornado's node, to be rewritten.
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
        """Whether this opens or closes a loop."""
        return self.kind in {"open", "close"} and self.keyword in {"for", "while"}


def refuse_silent(sql: str) -> None:
    """Refuse the directives that the tree would not tell of."""
    found = _SILENT.search(sql)
    if found:
        raise _forbidden(found[1], sql.count("\n", 0, found.start()) + 1)


def flatten(chunks: Any) -> Iterator[Event]:
    """The events of Tornado's tree.

    Raises:
        TemplateError: for a directive that is not supported; it names it, with the line.
    """
    for node in chunks:
        match node:
            case tornado_template._Text():
                yield Event("text", node.value, node.line, node)
            case tornado_template._ControlBlock():
                yield Event("open", node.statement, node.line, node)
                body: Any = node.body
                yield from flatten(body.chunks)
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
    """What one turn of a loop with this body costs, in the budget's unit."""
    return sum(len(event.source) + _NODE_COST for event in flatten(chunks))
