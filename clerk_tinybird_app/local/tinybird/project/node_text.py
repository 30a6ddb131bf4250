"""A node's text with its branches chosen beforehand, and values to write it with.

A pipe's SQL is checked before anybody asks for it. So each ``if`` of its template is decided here,
values stand in for a request's, and every piece of the SQL knows the file's line that it is from.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from clerk_tinybird_app.tinybird.project import Node
from clerk_tinybird_app.tinybird.template import Parameter

_BEGIN, _END = "\ue000", "\ue001"
_MARK: Final = re.compile(f"{_BEGIN}(\\d+){_END}")
_PARTS: Final = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
_STATEMENT: Final = re.compile(r"\{%\s*(\w+)")
_REFUSAL: Final = re.compile(r"\{\{\s*(?:custom_)?error\s*\(")
_HIDDEN: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_OTHER_BLOCKS: Final = frozenset({"for", "while", "try"})

NAMES: Final = frozenset({"column", "columns", "symbol", "table"})
"""Types whose value is a column's or a table's name: no value of ours would be one."""

_VALUES: Final[dict[str, tuple[str | int, str | int]]] = {
    "Date": ("2000-01-01", "2001-02-03"),
    "DateTime": ("2000-01-01 00:00:00", "2001-02-03 04:05:06"),
    "DateTime64": ("2000-01-01 00:00:00.000", "2001-02-03 04:05:06.007"),
    "JSON": ("{}", "[]"),
    "Boolean": ("1", "0"),
    "String": ("1", "b"),
    # Without a type: a text in the address, and a number in a JSON body.
    "": ("1", 2),
}
_NUMBERS: Final = ("1", "2")

Choices = Mapping[int, int]
"""By the number of an ``if``, the branch that is taken, from 0."""


class Kind(Enum):
    """What a piece is: SQL, a template's tag that stays, or one of an ``if``, which is decided."""

    SQL = auto()
    TAG = auto()
    BRANCHING = auto()


@dataclass(frozen=True)
class Piece:
    """A part of a node's text, the file's line it begins on, and the branches it is within.

    SQL is on one line.
    """

    kind: Kind
    text: str
    line: int
    within: Choices


@dataclass(frozen=True)
class NodeText:
    """The text of one node.

    For each ``if``, in the text's order: how many ways are through it, and what it is within.
    """

    pieces: tuple[Piece, ...]
    branches: tuple[int, ...]
    within: tuple[Choices, ...]

    def written(self, choices: Choices | None) -> str:
        """Return a template of the branches chosen, or of all of it, marked for ``placed``.

        Where branches are chosen, expressions that refuse the request are left out.
        """
        return "".join(
            f"{_BEGIN}{number}{_END}{piece.text}" if piece.kind is Kind.SQL else piece.text
            for number, piece in enumerate(self.pieces)
            if choices is None or _is_chosen(piece, choices)
        )


def _is_chosen(piece: Piece, choices: Choices) -> bool:
    if piece.kind is Kind.BRANCHING or _REFUSAL.match(piece.text):
        return False
    return all(choices[number] == branch for number, branch in piece.within.items())


@dataclass(frozen=True)
class Placed:
    """SQL made of a node's text, with pairs of where a piece begins and the piece's number."""

    sql: str
    starts: tuple[tuple[int, int], ...]

    @property
    def pieces(self) -> frozenset[int]:
        """Return the numbers of the pieces that are there."""
        return frozenset(number for _, number in self.starts)

    def piece_at(self, place: int) -> int:
        """Return the number of the piece that ``sql`` has at a place."""
        return next((number for start, number in reversed(self.starts) if start <= place), 0)


def placed(rendered: str) -> Placed:
    """Take the marks out of what a marked template gave."""
    sql, *marked = _MARK.split(rendered)
    starts = []
    for number, text in zip(marked[::2], marked[1::2], strict=True):
        starts.append((len(sql), int(number)))
        sql += text
    return Placed(sql, tuple(starts))


def node_text(node: Node) -> NodeText:
    """Read a node's text; its template must be one that compiles."""
    reader = _Reader(node.line)
    for part in _PARTS.split(node.sql) if node.is_template else [node.sql]:
        if node.is_template and _PARTS.fullmatch(part):
            reader.take_tag(part)
        else:
            reader.take_sql(part)
    return NodeText(tuple(reader.pieces), tuple(reader.branches), tuple(reader.within))


def visible(sql: str) -> str:
    """Return SQL with blanks for comments and texts, all else in its place."""
    return _HIDDEN.sub(lambda found: " " * len(found[0]), sql)


def values_for(parameters: Iterable[Parameter], *, others: bool = False) -> dict[str, str | int]:
    """Return a value of its type for each parameter without a default.

    ``others`` are other values, and also in the place of a default.
    """
    found = {}
    for each in parameters:
        if each.type not in NAMES and (others or not each.has_default):
            kind = (each.type or "").removeprefix("Array(").removesuffix(")")
            found[each.name] = _VALUES.get(kind, _NUMBERS)[others]
    return found


class _Reader:
    """Goes through a node's text; knows which branches it is in."""

    def __init__(self, line: int) -> None:
        self.pieces: list[Piece] = []
        self.branches: list[int] = []
        self.within: list[Choices] = []
        self._line = line
        # The blocks that are open: the number of an `if`, or None for another block.
        self._open: list[int | None] = []
        self._here: dict[int, int] = {}
        self._has_else: set[int] = set()

    def take_sql(self, sql: str) -> None:
        for text in sql.splitlines(keepends=True):
            self._add(Kind.SQL, text)

    def take_tag(self, tag: str) -> None:
        found = _STATEMENT.match(tag)
        is_branching = found is not None and self._branch(found[1])
        self._add(Kind.BRANCHING if is_branching else Kind.TAG, tag)

    def _add(self, kind: Kind, text: str) -> None:
        self.pieces.append(Piece(kind, text, self._line, dict(self._here)))
        self._line += text.count("\n")

    def _branch(self, word: str) -> bool:
        """Follow a statement; tell whether it is one of an ``if``."""
        if word == "if":
            number = len(self.branches)
            self._open.append(number)
            self.branches.append(1)
            self.within.append(dict(self._here))
            self._here[number] = 0
            return True
        if word in _OTHER_BLOCKS:
            self._open.append(None)
        if word not in {"end", "elif", "else"}:
            return False
        innermost = self._open.pop() if word == "end" else self._open[-1]
        if innermost is None:
            return False
        if word == "end":
            del self._here[innermost]
        else:
            self._here[innermost] += 1
        if word == "else":
            self._has_else.add(innermost)
        # Without an `else` there is one way more: past all of it.
        if word != "end" or innermost not in self._has_else:
            self.branches[innermost] += 1
        return True
