"""Reads a .datasource file and the columns in its SCHEMA."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clerk_tinybird_app.tinybird.project.datafile import (
    APPEND,
    DATASOURCE,
    ENGINE_SETTINGS,
    READ,
    Instruction,
    instructions,
    token,
)
from clerk_tinybird_app.tinybird.project.model import Column, DataSource, ProjectError

_DEFAULT_ENGINE: Final = "MergeTree"
_REPEATABLE: Final = frozenset({"TOKEN"})
_JSON: Final = "json:"

_PART: Final = re.compile(
    r"""(?P<tick>`[^`]*`)|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<comment>--[^\n]*)|(?P<hash>\#)|(?P<open>[(\[{])|(?P<close>[)\]}])"""
    r"""|(?P<comma>,)|(?P<word>\w+)|(?P<other>.)""",
    re.DOTALL,
)
_SECTIONS: Final = frozenset({"DEFAULT", "CODEC"})
_HOW: Final = "Write `name` Type `json:$.path`, with a comma between columns."


def read_datasource(text: str, file: Path) -> DataSource:
    """Return the data source that ``text`` describes.

    Raises:
        ProjectError: A mistake, with its line.
    """
    found = list(instructions(text, file, DATASOURCE))
    by_keyword = _once(found, file)
    if "SCHEMA" not in by_keyword:
        raise ProjectError(file, 1, "SCHEMA is missing. Add SCHEMA > and the columns under it.")
    values = {keyword: instruction.text for keyword, instruction in by_keyword.items()}
    indexes = by_keyword["INDEXES"].texts if "INDEXES" in by_keyword else {}
    return DataSource(
        name=file.stem,
        description=values.get("DESCRIPTION", ""),
        columns=columns(by_keyword["SCHEMA"], file),
        engine=values.get("ENGINE", _DEFAULT_ENGINE),
        engine_settings={
            key: text for key, text in values.items() if key in ENGINE_SETTINGS and text
        },
        tokens=tuple(token(one, file, READ, APPEND) for one in found if one.keyword == "TOKEN"),
        path=file,
        indexes=tuple(indexes.values()),
        connector={
            key: text for key, text in values.items() if key.startswith(DATASOURCE.prefixes)
        },
        forward_query=values.get("FORWARD_QUERY", ""),
        lines={keyword: instruction.line for keyword, instruction in by_keyword.items()},
        index_lines=tuple(indexes),
    )


def _once(found: list[Instruction], file: Path) -> dict[str, Instruction]:
    """Return the instructions by keyword; each may be there only once."""
    by_keyword: dict[str, Instruction] = {}
    for instruction in found:
        first = by_keyword.setdefault(instruction.keyword, instruction)
        if first is not instruction and instruction.keyword not in _REPEATABLE:
            raise ProjectError(
                file,
                instruction.line,
                f"{instruction.keyword} is there twice, first in line {first.line}. Remove one.",
            )
    return by_keyword


@dataclass(frozen=True)
class _Part:
    kind: str
    text: str
    line: int
    depth: int


def columns(instruction: Instruction, file: Path) -> tuple[Column, ...]:
    """Return the columns of a SCHEMA instruction, in its order.

    Raises:
        ProjectError: There are none, two share a name, or one is not
            ``name Type [json path] [DEFAULT expression] [CODEC(...)]``.
    """
    found: dict[str, Column] = {}
    for parts in _split(instruction, file):
        column = _column(parts, file)
        if column.name in found:
            raise ProjectError(
                file, parts[0].line, f"The column '{column.name}' is there twice. Remove one."
            )
        found[column.name] = column
    if not found:
        raise ProjectError(file, instruction.line, f"SCHEMA has no columns. {_HOW}")
    return tuple(found.values())


def _split(instruction: Instruction, file: Path) -> Iterator[list[_Part]]:
    """Yield the parts of each column."""
    column: list[_Part] = []
    for part in _parts(instruction, file):
        if part.kind == "comma" and part.depth == 0:
            yield column or [part]
            column = []
        elif column or not part.text.isspace():
            column.append(part)
    if column:
        yield column


def _parts(instruction: Instruction, file: Path) -> Iterator[_Part]:
    text = instruction.value if instruction.block is None else "\n".join(instruction.block)
    line, depth = instruction.line, 0
    for match in _PART.finditer(text):
        kind, piece = str(match.lastgroup), match[0]
        if kind == "hash":
            raise ProjectError(
                file, line, "After a column, write a comment with --; # begins a line of its own."
            )
        depth -= kind == "close"
        if kind != "comment":
            yield _Part(kind, piece, line, depth)
        depth += kind == "open"
        line += piece.count("\n")


def _column(parts: list[_Part], file: Path) -> Column:
    head, *rest = parts
    if head.kind not in {"tick", "word", "text"}:
        raise ProjectError(file, head.line, f"A column has no name. {_HOW}")
    name = head.text.strip("`\"'")
    sections, json_path = _sections(name, rest, file)
    if not sections["TYPE"]:
        raise ProjectError(file, head.line, f"The column '{name}' has no type. {_HOW}")
    return Column(
        name=name,
        type=sections["TYPE"],
        json_path=json_path,
        default=sections.get("DEFAULT"),
        codec=sections["CODEC"][1:-1] if "CODEC" in sections else None,
        line=head.line,
    )


def _sections(name: str, parts: list[_Part], file: Path) -> tuple[dict[str, str], str | None]:
    """Return a column's type, default and codec as written, and its JSON path."""
    sections, current, json_path = {"TYPE": ""}, "TYPE", None
    for part in parts:
        if part.kind == "tick" and part.depth == 0:
            if not part.text.startswith(f"`{_JSON}") or json_path is not None:
                raise ProjectError(
                    file,
                    part.line,
                    f"{part.text} was not expected after the column '{name}'. {_HOW}",
                )
            json_path = part.text[len(_JSON) + 1 : -1]
        elif part.kind == "word" and part.depth == 0 and part.text.upper() in _SECTIONS:
            current = part.text.upper()
            sections[current] = ""
        else:
            sections[current] += part.text
    return {section: text.strip() for section, text in sections.items()}, json_path
