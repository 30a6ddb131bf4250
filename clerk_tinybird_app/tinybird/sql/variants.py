"""All SQL that a template can give, in as few texts as tell the same.

``{% if %} AND x {% end %}`` only narrows what its query gives, and a branch that chooses between
two values changes nothing else: both are written once, as a call of a made-up function. Every
other branch makes one more text. Lines stay where they were.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import exp

from clerk_tinybird_app.tinybird.sql.code import CannotJudge, code
from clerk_tinybird_app.tinybird.sql.values import Value, Values
from clerk_tinybird_app.tinybird.template.events import Event, events

MOST_VARIANTS: Final = 32

PREFIX: Final = "tb_made_up_"
OPTIONAL: Final = f"{PREFIX}optional_"
"""Begins the name of a function whose argument may or may not be a condition of the query."""
CHOICE: Final = f"{PREFIX}choice_"
"""Begins the name of a function that gives one of its arguments."""
VALUE: Final = f"{PREFIX}value_"
"""Begins the name of a column that stands for what an expression writes."""

_CONJUNCT: Final = re.compile(r"\s*AND\b(?!\s*AND\b)", re.IGNORECASE)


@dataclass
class _Block:
    """An ``if``, a loop or a ``try``, with the line and the items of each branch."""

    line: int
    keyword: str
    branches: list[tuple[int, list["_Item"]]]
    has_else: bool = False


_Item = tuple[int, str | _Block | None]
"""Text and made-up names, a block, or None for a refusal, with the line that it begins on."""


@dataclass
class Variants:
    """The texts of one template.

    Attributes:
        sql: One for each way through its branches.
        values: What the made-up columns stand for, by their names.
    """

    values: dict[str, Value] = field(default_factory=dict)
    sql: list[str] = field(default_factory=list)


def variants(sql: str, *, is_merging: bool) -> Variants:
    """Return the texts of a template that compiles.

    Args:
        sql: The template.
        is_merging: Whether branches that are conditions or values are written once.

    Raises:
        CannotJudge: It has too many ways, or a block whose text cannot be foreseen.
    """
    if PREFIX in sql:
        raise CannotJudge(f"it says {PREFIX}, which is kept for this check")
    found = Variants()
    items = _items(events(sql), found.values)
    found.sql = _Writer(is_merging=is_merging).sequence(items, 1)
    return found


def samples(sql: str) -> list[str]:
    """Return as few texts of a template that compiles as have each of its branches once."""
    return _samples(_items(events(sql), {}))


def _samples(items: list[_Item]) -> list[str]:
    texts = [""]
    for _, item in items:
        if isinstance(item, _Block):
            pieces = [text for _, branch in item.branches for text in _samples(branch)]
        else:
            pieces = [item or ""]
        # The shorter list goes on with its last text.
        count = max(len(texts), len(pieces))
        pairs = [
            (texts[min(at, len(texts) - 1)], pieces[min(at, len(pieces) - 1)])
            for at in range(count)
        ]
        texts = [before + piece for before, piece in pairs]
    return texts


def _items(found: list[Event], values: dict[str, Value]) -> list[_Item]:
    """Build the tree of blocks; fill ``values``."""
    kinds = Values(found)
    blocks: list[_Block] = []
    here: list[_Item] = []
    outer: list[list[_Item]] = []
    for event in found:
        if event.kind == "text":
            here.append((event.line - event.source.count("\n"), event.source))
        elif event.kind == "output":
            value = kinds.of(event.source)
            here.append((event.line, None if value.is_refusal else _written(value, values)))
        elif event.kind == "open":
            outer.append(here)
            here = []
            blocks.append(_Block(event.line, event.keyword, [(event.line, here)]))
            outer[-1].append((event.line, blocks[-1]))
        elif event.kind == "branch":
            here = []
            blocks[-1].branches.append((event.line, here))
            blocks[-1].has_else |= event.keyword == "else"
        elif event.kind == "close":
            blocks.pop()
            here = outer.pop()
    return here


def _written(value: Value, values: dict[str, Value]) -> str:
    if value.is_comment:
        return " "
    name = f"{VALUE}{len(values)}_"
    values[name] = value
    return name


class _Writer:
    """Writes the ways through a template."""

    def __init__(self, *, is_merging: bool) -> None:
        self._is_merging = is_merging
        self._numbers: Iterator[int] = itertools.count()

    def sequence(self, items: list[_Item], start: int) -> list[str]:
        """Return the ways to write items, each text beginning on the line ``start``.

        What refuses the request gives no SQL: then there is no way.
        """
        texts = [""]
        for line, item in items:
            pieces = self._block(item) if isinstance(item, _Block) else _plain(item)
            joined = (_joined(text, start, piece, line) for text in texts for piece in pieces)
            texts = list(dict.fromkeys(joined))
            if len(texts) > MOST_VARIANTS:
                reason = f"its branches make more than {MOST_VARIANTS} different queries"
                raise CannotJudge(reason, line)
        return texts

    def _block(self, block: _Block) -> list[str]:
        """Return the ways to write a block, beginning on its line."""
        ways = [
            (line, text) for line, items in block.branches for text in self.sequence(items, line)
        ]
        if block.keyword != "if" and any(text.strip() for _, text in ways):
            return self._repeated(block, ways)
        said = [(line, text) for line, text in ways if text.strip()]
        is_skippable = not block.has_else or len(said) < len(ways)
        if self._is_merging and said:
            if all(_is_conjunct(text) for _, text in said):
                return [self._optional(block.line, said)]
            if not is_skippable and len(said) > 1 and all(_is_value(text) for _, text in said):
                return [self._choice(block.line, said)]
        texts = [_joined("", block.line, text, line) for line, text in said]
        return [*texts, ""] if is_skippable else texts

    def _repeated(self, block: _Block, ways: list[tuple[int, str]]) -> list[str]:
        """Return what a loop or a ``try`` writes: conditions, however often they come."""
        is_loop = block.keyword in {"for", "while"}
        if is_loop and self._is_merging and all(_is_conjunct(text) for _, text in ways):
            return [self._optional(block.line, ways)]
        raise CannotJudge(f"what its {{% {block.keyword} %}} writes cannot be foreseen", block.line)

    def _optional(self, start: int, ways: list[tuple[int, str]]) -> str:
        written = ""
        for line, text in ways:
            plain = code(text)
            begin = _CONJUNCT.match(plain).end()  # type: ignore[union-attr]  # `_is_conjunct`
            name = f"{plain[:begin]} {OPTIONAL}{next(self._numbers)}_("
            written = _joined(written, start, f"{name}{plain[begin:]})", line)
        return written

    def _choice(self, start: int, ways: list[tuple[int, str]]) -> str:
        written = f"{CHOICE}{next(self._numbers)}_("
        for number, (line, text) in enumerate(ways):
            written = _joined(written, start, f"{', ' if number else ''}{code(text)}", line)
        return f"{written})"


def _plain(item: str | None) -> list[str]:
    return [] if item is None else [item]


def _joined(before: str, start: int, text: str, line: int) -> str:
    """Return two texts with as many lines between them as there were."""
    missing = line - start - before.count("\n")
    return "".join((before, "\n" * missing, text))


@lru_cache(maxsize=4096)
def _is_conjunct(text: str) -> bool:
    """Tell whether ``text`` is ``AND`` and one condition, which binds as tightly as it looks."""
    try:
        plain = code(text)
    except CannotJudge:
        return False
    begin = _CONJUNCT.match(plain)
    return begin is not None and _is_expression(plain[begin.end() :])


@lru_cache(maxsize=4096)
def _is_value(text: str) -> bool:
    """Tell whether ``text`` is one value."""
    try:
        return _is_expression(code(text))
    except CannotJudge:
        return False


def _is_expression(plain: str) -> bool:
    try:
        tree = sqlglot.parse_one(plain, read="clickhouse", into=exp.Condition)
    except sqlglot.errors.SqlglotError:
        return False
    return not isinstance(tree, (exp.Or, exp.Xor, exp.If, exp.Lambda, exp.Alias, exp.Aliases))
