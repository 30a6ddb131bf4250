"""A node's text with its branches chosen beforehand, and values to write it with."""

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

Choices = Mapping[int, int]
"""By the number of an ``if``, the branch that is taken, from 0."""


class Kind(Enum):
    """What a piece is: SQL, a template's tag that stays, or one of an ``if``, which is decided."""

    SQL = auto()
    TAG = auto()
    BRANCHING = auto()


@dataclass(frozen=True)
class Piece:
    """A part of a node's text; SQL is on one line.

    Attributes:
        kind: What it is.
        text: As written.
        line: The file's line that it begins on.
        within: The branches it stands in.
    """

    kind: Kind
    text: str
    line: int
    within: Choices


@dataclass(frozen=True)
class NodeText:
    """The text of one node.

    Attributes:
        pieces: All of it.
        branches: For each ``if``, in the text's order, how many ways there are through it.
        within: For each ``if``, the branches it stands in.
    """

    pieces: tuple[Piece, ...]
    branches: tuple[int, ...]
    within: tuple[Choices, ...]

    def written(self, choices: Choices | None) -> str:
        """Return a template of the branches chosen, or of all of it, marked for ``placed``.

        Where branches are chosen, expressions that refuse the request are left out.
        """
        if choices is None:
            return "".join(_marked(number, piece) for number, piece in enumerate(self.pieces))
        return "".join(
            _marked(number, piece)
            for number, piece in enumerate(self.pieces)
            if piece.kind is not Kind.BRANCHING
            and not _REFUSAL.match(piece.text)
            and all(choices[choice] == branch for choice, branch in piece.within.items())
        )


@dataclass(frozen=True)
class Placed:
    """SQL made of a node's text.

    Attributes:
        sql: The SQL.
        starts: Pairs of where in ``sql`` a piece begins, and the piece's number.
    """

    sql: str
    starts: tuple[tuple[int, int], ...]

    @property
    def pieces(self) -> frozenset[int]:
        """Return the numbers of the pieces that are there."""
        return frozenset(number for _, number in self.starts)

    def piece_at(self, place: int) -> int:
        """Return the number of the piece that ``sql`` has at a place."""
        return next((number for start, number in reversed(self.starts) if start <= place), 0)


def node_text(node: Node) -> NodeText:
    """Read a node's text; its template must be one that compiles."""
    reader = _Reader(node.line)
    parts = _PARTS.split(node.sql) if node.is_template else [node.sql]
    for part in parts:
        reader.take(part, is_tag=node.is_template and _PARTS.fullmatch(part) is not None)
    return NodeText(tuple(reader.pieces), tuple(reader.branches), tuple(reader.within))


def placed(rendered: str) -> Placed:
    """Take the marks out of what a marked template gave."""
    sql, starts, length = [], [], 0
    numbers = [int(found[1]) for found in _MARK.finditer(rendered)]
    first, *texts = _MARK.split(rendered)[::2]
    sql.append(first)
    for number, text in zip(numbers, texts, strict=True):
        length += len(sql[-1])
        starts.append((length, number))
        sql.append(text)
    return Placed("".join(sql), tuple(starts))


def visible(sql: str) -> str:
    """Return SQL with blanks for comments and texts, all else in its place."""
    return _HIDDEN.sub(lambda found: " " * len(found[0]), sql)


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

    def take(self, part: str, *, is_tag: bool) -> None:
        if not is_tag:
            for text in part.splitlines(keepends=True):
                self._add(Kind.SQL, text)
            return
        found = _STATEMENT.match(part)
        is_branching = self._branch(found[1]) if found else False
        self._add(Kind.BRANCHING if is_branching else Kind.TAG, part)

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
        elif word == "end" and self._open:
            return self._close(self._open.pop())
        elif word in {"elif", "else"} and self._open and self._open[-1] is not None:
            self._next(self._open[-1], is_else=word == "else")
            return True
        return False

    def _next(self, number: int, *, is_else: bool) -> None:
        self.branches[number] += 1
        self._here[number] += 1
        if is_else:
            self._has_else.add(number)

    def _close(self, number: int | None) -> bool:
        if number is None:
            return False
        del self._here[number]
        if number not in self._has_else:
            # One way more: past all of it.
            self.branches[number] += 1
        return True


def _marked(number: int, piece: Piece) -> str:
    return f"{_BEGIN}{number}{_END}{piece.text}" if piece.kind is Kind.SQL else piece.text


NAMES: Final = frozenset({"column", "columns", "symbol", "table"})
"""Types whose value is a column's or a table's name: no value of ours would be one."""

_UNTYPED: Final = ""
_VALUES: Final[dict[str, tuple[str | int, str | int]]] = {
    "Date": ("2000-01-01", "2001-02-03"),
    "DateTime": ("2000-01-01 00:00:00", "2001-02-03 04:05:06"),
    "DateTime64": ("2000-01-01 00:00:00.000", "2001-02-03 04:05:06.007"),
    "JSON": ("{}", "[]"),
    "Boolean": ("1", "0"),
    "String": ("1", "b"),
    # A text in the address, and a number in a JSON body.
    _UNTYPED: ("1", 2),
}
_NUMBERS: Final = ("1", "2")


def placeholders(parameters: Iterable[Parameter]) -> dict[str, str | int]:
    """Return a value of its type for each parameter without a default."""
    return {
        parameter.name: _values(parameter)[0]
        for parameter in parameters
        if not parameter.has_default and parameter.type not in NAMES
    }


def others(parameters: Iterable[Parameter]) -> dict[str, str | int]:
    """Return another value for each parameter, also in the place of a default."""
    return {
        parameter.name: _values(parameter)[1]
        for parameter in parameters
        if parameter.type not in NAMES
    }


def _values(parameter: Parameter) -> tuple[str | int, str | int]:
    kind = (parameter.type or _UNTYPED).removeprefix("Array(").removesuffix(")")
    return _VALUES.get(kind, _NUMBERS)
