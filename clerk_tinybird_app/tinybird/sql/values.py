"""What a template's ``{{ ... }}`` puts into the SQL, as far as it shows without a request."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.tinybird.template.events import Event, events, trees
from clerk_tinybird_app.tinybird.template.expressions import (
    parse_expression,
    parse_for,
    parse_set,
    put_into,
    split_keyword,
)
from clerk_tinybird_app.tinybird.template.parameters import uses
from clerk_tinybird_app.tinybird.template.values import TYPES

_BITS: Final = (8, 16, 32, 64, 128, 256)
_EXACT: Final = frozenset(
    {"String", "Int", "Integer", *(f"{sign}Int{bits}" for sign in ("", "U") for bits in _BITS)}
)
"""Types that write a value as it is; another one may write the same for two values."""

_NAMES: Final = frozenset({"column", "symbol", "table"})
_LOOSE: Final = frozenset({"columns", "sql_and"})
_COMMENTS: Final = frozenset({"backend_hint", "cache_ttl", "max_threads"})
_REFUSALS: Final = frozenset({"error", "custom_error"})


_FRESH: Final = frozenset({*TYPES, "float", "int", "len", "split_to_array", "str"})
"""Functions whose value holds no list that they are given."""


@dataclass(frozen=True, slots=True)
class Value:
    """What one expression writes.

    Attributes:
        exact: The parameter whose value, and nothing else, it always writes; "" for all else.
        parameters: All parameters that it depends on.
        is_name: It writes the name of a column or a table, which a request may choose.
        is_loose: It may write more than one value or name, so it cannot be judged.
        is_comment: It writes a comment for the engine.
        is_refusal: It answers an error, so that no SQL comes of it.
    """

    exact: str = ""
    parameters: frozenset[str] = frozenset()
    is_name: bool = False
    is_loose: bool = False
    is_comment: bool = False
    is_refusal: bool = False


class Values:
    """Tells what the expressions of one template write."""

    def __init__(self, events: Iterable[Event]) -> None:
        found = list(events)
        filled = list(_filled(found))
        stored = [*_stored(found), *filled]
        names = {name for names, _ in _stored(found) for name in names}
        changed = _with_sources({name for names, _ in filled for name in names}, found, filled)
        self._variables = frozenset(names | changed)
        # A variable may hold what any of these gives.
        self._are_loose = any(_calls(tree) & (_NAMES | _LOOSE) for _, tree in stored)

    def of(self, source: str) -> Value:
        """Return what ``{{ source }}`` writes."""
        tree = parse_expression(source, 1)
        called = _calls(tree)
        found = list(uses(tree, self._variables, 1, is_conditional=False))
        has_variables = any(
            isinstance(node, ast.Name) and node.id in self._variables for node in ast.walk(tree)
        )
        return Value(
            exact=self._exact(tree),
            parameters=frozenset(use.name for use in found),
            is_name=bool(called & _NAMES),
            is_loose=bool(called & _LOOSE) or (has_variables and self._are_loose),
            is_comment=_root(tree) in _COMMENTS,
            is_refusal=_root(tree) in _REFUSALS,
        )

    def decided_by(self, event: Event) -> frozenset[str]:
        """Return the parameters that the condition of a block depends on."""
        keyword, condition = split_keyword(event.source)
        return self.of(condition).parameters if keyword in {"if", "elif"} else frozenset()

    def _exact(self, tree: ast.expr) -> str:
        """Return the parameter of ``Type(x)`` without a default, also within sql_unescape()."""
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
            return ""
        if tree.func.id == "sql_unescape" and tree.args:
            return self._exact(tree.args[0])
        if tree.func.id not in _EXACT:
            return ""
        found = list(uses(tree, self._variables, 1, is_conditional=False))
        is_alone = len(found) == 1 and found[0].maker == tree.func.id
        return found[0].name if is_alone and found[0].fails_when_missing else ""


def trapped(sql: str) -> frozenset[str]:
    """Return the parameters that a template writes only where a condition on them holds."""
    found = events(sql)
    values = Values(found)
    conditions: list[frozenset[str]] = []
    names: set[str] = set()
    for event in found:
        if event.kind == "output":
            names |= values.of(event.source).parameters & frozenset().union(*conditions)
        elif event.kind == "open":
            conditions.append(values.decided_by(event))
        elif event.kind == "branch":
            conditions[-1] |= values.decided_by(event)
        elif event.kind == "close":
            conditions.pop()
    return frozenset(names)


def _stored(events: Iterable[Event]) -> Iterator[tuple[list[str], ast.expr]]:
    """Yield the names that each `set` and `for` fills, and what with."""
    for event in events:
        if event.kind == "set":
            node = parse_set(event.source, event.line)
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield _names(target), node.value
        elif event.kind == "open" and event.keyword == "for":
            loop = parse_for(event.source, event.line)
            yield _names(loop.target), loop.iter


def _filled(events: Iterable[Event]) -> Iterator[tuple[list[str], ast.expr]]:
    """Yield the names that `l.append(x)` and `l[0] = x` may add to, and what, or more."""
    for event in events:
        for tree in trees(event):
            for node in ast.walk(tree):
                match node:
                    case ast.Call(func=ast.Attribute(attr="append", value=receiver)):
                        yield _names(receiver), tree
        if event.kind == "set":
            statement = parse_set(event.source, event.line)
            if place := put_into(statement):
                yield _names(place.value), statement.value


def _with_sources(
    changed: set[str], events: list[Event], filled: list[tuple[list[str], ast.expr]]
) -> set[str]:
    """Return names and all those whose lists may be the same or be inside theirs."""
    moves = [*_stored(events), *filled]
    for event in events:
        for tree in trees(event):
            moves += (
                (_names(node.target), node.iter)
                for node in ast.walk(tree)
                if isinstance(node, ast.comprehension)
            )
    while True:
        more = {
            name
            for names, tree in moves
            if not changed.isdisjoint(names)
            for name in _shared(tree)
            if name not in changed
        }
        if not more:
            return changed
        changed = changed | more


def _shared(tree: ast.AST) -> Iterator[str]:
    """Yield the names whose lists the value of an expression may hold."""
    if isinstance(tree, ast.Name):
        yield tree.id
    if isinstance(tree, ast.Compare) or (isinstance(tree, ast.Call) and _root(tree) in _FRESH):
        return
    for child in ast.iter_child_nodes(tree):
        yield from _shared(child)


def _names(tree: ast.AST) -> list[str]:
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _root(tree: ast.expr) -> str:
    """Return the function that an expression calls last, "" for none."""
    is_call = isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)
    return tree.func.id if is_call else ""  # type: ignore[attr-defined]


def _calls(tree: ast.AST) -> frozenset[str]:
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return frozenset(function.id for function in called if isinstance(function, ast.Name))
