"""The names of the columns that a pipe answers, read off its SQL without running it.

It says too much rather than too little: what stands in a branch of the template counts, and of an
expression without a name every name in it. What it cannot tell, it does not tell.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.tinybird.project import Node, Pipe, Project

_TOKEN: Final = re.compile(
    r"""
    (?P<nothing> \s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/ | \{\#.*?\#\} | \{%.*?%\} )
    | (?P<place> \{\{.*?\}\} )
    | (?P<text> '(?:\\.|''|[^'\\])*' )
    | (?P<quoted> `(?:\\.|[^`\\])*` | "(?:\\.|[^"\\])*" )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<other> . )
    """,
    re.DOTALL | re.VERBOSE,
)
_CLAUSES: Final = frozenset(
    {
        *("FROM", "PREWHERE", "WHERE", "GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT"),
        *("OFFSET", "UNION", "INTERSECT", "EXCEPT", "SETTINGS", "FORMAT", "INTO"),
    }
)
"""What ends the list of a SELECT."""

_MODIFIERS: Final = frozenset({"EXCEPT", "REPLACE", "APPLY"})
_BEFORE_A_NAME: Final = frozenset({",", ".", "SELECT", "DISTINCT", "AS"})
_DEEPEST: Final = 20
_OPENS: Final = "(["
_CLOSES: Final = ")]"


class _UnclearError(Exception):
    """The columns cannot be told."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def keyword(self) -> str:
        """The word in capitals, or the sign; "" within brackets and for what is quoted."""
        return self.text.upper() if not self.depth and self.kind in ("word", "other") else ""

    @property
    def name(self) -> str:
        """The name that it is, "" when it is none."""
        if self.kind == "quoted":
            return self.text[1:-1]
        return self.text if self.kind == "word" else ""


def columns_of(pipe: str, project: Project) -> frozenset[str] | None:
    """Return the columns of a pipe's endpoint, None when they cannot be told."""
    found = project.pipes[pipe]
    try:
        return frozenset(_of_node(found.endpoint, found, project, 0))
    except _UnclearError:
        return None


def _of_node(node: Node, pipe: Pipe, project: Project, depth: int) -> Iterator[str]:
    return _of_select(list(_tokens(node.sql)), pipe, project, depth)


def _of_source(name: str, pipe: Pipe, project: Project, depth: int) -> Iterator[str]:
    """Yield the columns of what a query selects from: a node, a data source or another pipe."""
    for node in pipe.nodes:
        if node.name == name:
            return _of_node(node, pipe, project, depth)
    if name in project.datasources:
        return (each.name for each in project.datasources[name].columns)
    if name in project.pipes:
        other = project.pipes[name]
        return _of_node(other.endpoint, other, project, depth)
    raise _UnclearError


def _of_select(tokens: Sequence[_Token], pipe: Pipe, project: Project, depth: int) -> Iterator[str]:
    words = [token.keyword for token in tokens]
    if depth > _DEEPEST or "SELECT" not in words or "FROM" in words[: words.index("SELECT")]:
        raise _UnclearError
    start = words.index("SELECT") + 1
    start += words[start : start + 1] == ["DISTINCT"]
    if words[start : start + 1] == ["ON"]:
        raise _UnclearError
    end = next(
        (
            place
            for place in range(start, len(words))
            if words[place] in _CLAUSES and words[place - 1] not in _BEFORE_A_NAME
        ),
        len(words),
    )
    for item in _items(tokens[start:end]):
        if [token.text for token in item] == ["*"]:
            if words[end : end + 1] == ["EXCEPT"]:
                raise _UnclearError
            yield from _of_star(tokens[end:], pipe, project, depth + 1)
        else:
            yield from _names(item)


def _of_star(rest: Sequence[_Token], pipe: Pipe, project: Project, depth: int) -> Iterator[str]:
    """Yield all columns of the one source in ``rest``, which begins with its FROM."""
    words = [token.keyword for token in rest]
    if words[:1] != ["FROM"] or len(rest) == 1 or {"JOIN", ","} & set(words):
        raise _UnclearError
    source = rest[1]
    if source.text == "(":
        end = next(n for n, token in enumerate(rest) if token.keyword == ")")
        inner = [
            _Token(each.kind, each.text, each.start, each.end, each.depth - 1)
            for each in rest[2:end]
        ]
        return _of_select(inner, pipe, project, depth)
    if not source.name or words[2:3] in (["("], ["."]):
        raise _UnclearError
    return _of_source(source.name, pipe, project, depth)


def _items(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    item: list[_Token] = []
    for token in tokens:
        if token.keyword == ",":
            yield item
            item = []
        else:
            item.append(token)
    yield item


def _names(item: Sequence[_Token]) -> Iterator[str]:
    """Yield the names that one item of a SELECT may have."""
    outside = [token for token in item if not token.depth]
    if any(token.text == "*" and _is_star(n, outside) for n, token in enumerate(outside)):
        raise _UnclearError
    if any(token.keyword in {"COLUMNS", *_MODIFIERS} for token in outside):
        raise _UnclearError
    aliases = [n + 1 for n, token in enumerate(outside) if token.keyword == "AS"]
    if not aliases:
        if any(token.kind == "place" for token in outside):
            raise _UnclearError
        yield from (token.name for token in outside if token.name)
    for n in aliases:
        following = outside[n : n + 2]
        is_made_up = any(
            token.kind == "place" and (n_ == 0 or token.start == following[0].end)
            for n_, token in enumerate(following)
        )
        if not following or is_made_up or not following[0].name:
            raise _UnclearError
        yield following[0].name


def _is_star(place: int, outside: Sequence[_Token]) -> bool:
    """Tell whether a ``*`` stands for columns: it is the last, or there is nothing to multiply."""
    return place in (0, len(outside) - 1) or outside[place - 1].text == "."


def _tokens(sql: str) -> Iterator[_Token]:
    depth = 0
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup or ""
        if kind == "nothing":
            continue
        text = found[0]
        is_sign = kind == "other"
        depth -= is_sign and text in _CLOSES
        yield _Token(kind, text, found.start(), found.end(), depth)
        depth += is_sign and text in _OPENS
