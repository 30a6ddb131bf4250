"""Reads the text of a datafile as instructions, and knows which are allowed in each kind of file.

From https://www.tinybird.co/docs/forward/dev-reference/datafiles (datasource-files, pipe-files)
and, for instructions of older projects, .../docs/classic/cli/datafiles.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clerk_tinybird_app.tinybird.project.model import ProjectError

INCLUDE: Final = "INCLUDE"
ENGINE_SETTINGS: Final = frozenset(
    f"ENGINE_{name}"
    for name in (
        "PARTITION_KEY",
        "SORTING_KEY",
        "PRIMARY_KEY",
        "SAMPLING_KEY",
        "TTL",
        "VER",
        "SIGN",
        "VERSION",
        "IS_DELETED",
        "SETTINGS",
        "COLUMNS",
        "KEY_COLUMNS",
        "JOIN_STRICTNESS",
        "JOIN_TYPE",
    )
)
_EVERYWHERE: Final = frozenset({"DESCRIPTION", "TOKEN", "TAGS", "VERSION", "MAINTAINER", INCLUDE})
_CLOSE: Final = 0.8
_FAMILIES: Final = frozenset({"ENGINE", "KAFKA", "IMPORT", "COPY", "EXPORT", "TARGET"})
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?=\s|$)")
_BLOCK: Final = ">"
_COMMENT: Final = "#"

# A # within quotes begins no comment.
_VALUE: Final = re.compile(r"""(?:'[^']*'|"[^"]*"|`[^`]*`|[^#])*""")
_WITHOUT_COMMENTS: Final = frozenset({"SCHEMA", "INDEXES"})
_BOM: Final = "\ufeff"
READ: Final = "READ"
APPEND: Final = "APPEND"

_TOKEN_VALUE: Final = re.compile(r"""(?:"([^"]+)"|'([^']+)'|([^\s"']+))\s+(\w+)""")


@dataclass(frozen=True)
class Vocabulary:
    """The instructions of one kind of file.

    Attributes:
        kind: The ending of the file name, for messages.
        words: All instructions with a fixed name.
        prefixes: The beginnings of groups of instructions, such as ``KAFKA_``.
    """

    kind: str
    words: frozenset[str]
    prefixes: tuple[str, ...]

    def knows(self, word: str) -> bool:
        """Tell whether ``word`` is an instruction, in upper or lower case."""
        return word.upper() in self.words or word.upper().startswith(self.prefixes)

    def resembles(self, word: str) -> bool:
        """Tell whether ``word`` looks like a misspelled instruction."""
        is_family = word.isupper() and "_" in word and word.split("_", maxsplit=1)[0] in _FAMILIES
        return word.isupper() and (is_family or self._nearest(word) is not None)

    def advice(self, word: str) -> str:
        """Return a sentence that says how to correct a line that begins with ``word``."""
        nearest = self._nearest(word.upper())
        meant = f" Did you mean {nearest}?" if nearest else ""
        return f"'{word}' is not an instruction of a {self.kind} file.{meant}"

    def _nearest(self, word: str) -> str | None:
        found = difflib.get_close_matches(word, sorted(self.words), n=1, cutoff=_CLOSE)
        return found[0] if found else None


DATASOURCE: Final = Vocabulary(
    kind=".datasource",
    words=_EVERYWHERE
    | ENGINE_SETTINGS
    | {"SCHEMA", "ENGINE", "INDEXES", "SHARED_WITH", "SOURCE", "FORWARD_QUERY", "BACKFILL"},
    prefixes=("KAFKA_", "IMPORT_"),
)


PIPE: Final = Vocabulary(
    kind=".pipe",
    words=_EVERYWHERE
    | ENGINE_SETTINGS
    | {"NODE", "SQL", "TYPE", "DATASOURCE", "TARGET_DATASOURCE", "ENGINE", "DEPLOYMENT_METHOD"}
    | {"COPY_SCHEDULE", "COPY_MODE"},
    prefixes=("EXPORT_",),
)


@dataclass
class Instruction:
    """One instruction: ``KEYWORD value``, or ``KEYWORD >`` and a block of lines.

    Attributes:
        keyword: In capitals.
        value: The rest of the line, "" for a block.
        line: The line of the keyword, from 1.
        block: The unchanged lines after ``>``; None when there is no ``>``.
    """

    keyword: str
    value: str
    line: int
    block: list[str] | None = None

    @property
    def text(self) -> str:
        """Return the value without its quotes, or the block's text without its indentation."""
        if self.block is None:
            return unquoted(self.value)
        return "\n".join(line.strip() for line in self.block).strip()

    @property
    def texts(self) -> dict[int, str]:
        """Return line number -> text, without its comment, for each line that is not empty."""
        if self.block is None:
            return {self.line: self.text} if self.text else {}
        numbered = enumerate(map(_without_comment, self.block), start=self.line)
        return {number: line for number, line in numbered if line}

    @property
    def is_flush(self) -> bool:
        """Tell whether the block's first line is not indented."""
        first = next((line for line in self.block or [] if line.strip()), " ")
        return not first[0].isspace()


@dataclass
class _Splitter:
    file: Path
    vocabulary: Vocabulary
    found: list[Instruction] = field(default_factory=list)

    def take(self, line: str, number: int) -> None:
        """Read one more line of the file."""
        current = self.found[-1] if self.found else None
        block = current.block if current else None
        if current is not None and block is not None and not self._ends(current, line, number):
            block.append("" if self._is_comment(current, line) else line)
        elif line.strip() and not line.lstrip().startswith(_COMMENT):
            self.found.append(self._instruction(line.strip(), number))

    def _is_comment(self, block: Instruction, line: str) -> bool:
        # An indented # can be part of a text: a heading, or a comment for ClickHouse.
        text = line.lstrip() if block.keyword in _WITHOUT_COMMENTS else line
        return text.startswith(_COMMENT)

    def _ends(self, current: Instruction, line: str, number: int) -> bool:
        word = _WORD.match(line)
        if word is None:
            return False
        # In a block that is not indented, only a word in capitals is an instruction.
        if self.vocabulary.knows(word[0]) and (word[0].isupper() or not current.is_flush):
            return True
        if self.vocabulary.resembles(word[0]):
            advice = self.vocabulary.advice(word[0])
            raise ProjectError(self.file, number, f"{advice} If it is text, indent it.")
        return False

    def _instruction(self, line: str, number: int) -> Instruction:
        word = _WORD.match(line)
        if word is None or not self.vocabulary.knows(word[0]):
            raise ProjectError(self.file, number, self.vocabulary.advice(line.split(maxsplit=1)[0]))
        keyword, value = word[0].upper(), _without_comment(line[word.end() :])
        if keyword == INCLUDE:
            raise ProjectError(
                self.file, number, "INCLUDE is not supported. Copy the included lines here."
            )
        if value.startswith(_BLOCK):
            rest = value.removeprefix(_BLOCK).strip()
            return Instruction(keyword, "", number, [f" {rest}" if rest else ""])
        return Instruction(keyword, value, number)


def instructions(text: str, file: Path, vocabulary: Vocabulary) -> Iterator[Instruction]:
    """Return the instructions of a file, in its order.

    A block ends before the next line that begins with an instruction and is not indented. Lines
    that begin with ``#`` are comments. The text after a ``#`` behind the value of an instruction
    is a comment too.

    Raises:
        ProjectError: A line does not begin with an instruction of this kind of file.
    """
    splitter = _Splitter(file, vocabulary)
    for number, line in enumerate(text.removeprefix(_BOM).split("\n"), start=1):
        splitter.take(line.removesuffix("\r"), number)
    return iter(splitter.found)


def _without_comment(value: str) -> str:
    found = _VALUE.match(value)
    return (found[0] if found else value).strip()


def unquoted(value: str) -> str:
    """Return ``value`` without the quotes around it, if there are any."""
    for quote in ('"', "'"):
        inner = value[1:-1]
        if value != quote and value == f"{quote}{inner}{quote}" and quote not in inner:
            return inner
    return value


def token(instruction: Instruction, file: Path, *allowed: str) -> tuple[str, str]:
    """Return a token's name and what it may do.

    Raises:
        ProjectError: The instruction is not ``TOKEN name SCOPE`` with a scope of ``allowed``.
    """
    found = _TOKEN_VALUE.fullmatch(instruction.value)
    scope = found[4].upper() if found else ""
    if found is None or scope not in allowed:
        raise ProjectError(
            file, instruction.line, f"Write TOKEN name {' or '.join(allowed)}, in this order."
        )
    return found[1] or found[2] or found[3], scope
