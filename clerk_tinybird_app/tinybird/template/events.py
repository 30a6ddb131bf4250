"""A parsed template as events, from top to bottom, and which of them a render can pass by."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tornado import template as tornado_template

from clerk_tinybird_app.tinybird.template.expressions import split_keyword
from clerk_tinybird_app.tinybird.template.run import syntax_error

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
_LOOPS = frozenset({"for", "while"})


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


class _Parsed(tornado_template.Template):
    """Tornado's template, read and not made into any Python."""

    def __init__(self, sql: str) -> None:
        self.events: list[Event] = []
        super().__init__(sql, name="sql", autoescape=None, whitespace="all")

    def _generate_python(self, loader: tornado_template.BaseLoader | None) -> str:
        self.events = list(flatten(self.file.body.chunks))
        return ""


def events(sql: str) -> list[Event]:
    """The events of a template that compiles, from top to bottom."""
    return _Parsed(sql).events


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


class Flow:
    """Follows the events of a template, and knows where it stands among its blocks."""

    def __init__(self) -> None:
        self.is_conditional = False
        self._blocks: list[list[str]] = []

    def read(self, event: Event) -> None:
        """Go to `event`; `is_conditional` then tells of the expressions in it.

        The condition of an `if` and the list of a `for` are always reached, so a block counts
        only from the event after its opening.
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
        # It would swallow the error, and with it the end of a loop that reached its limit.
        for opened, part in reversed(self._blocks):
            if opened in _LOOPS:
                return
            if part == "finally":
                raise syntax_error(
                    f"{event.source} inside finally is not supported", line=event.line
                )
