"""The columns under SCHEMA."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clerk_tinybird_app.tinybird.project.errors import ProjectError
from clerk_tinybird_app.tinybird.project.instructions import Instruction
from clerk_tinybird_app.tinybird.project.model import Column

_JSON: Final = "json:"
_PART: Final = re.compile(
    r"""(?P<tick>`[^`]*`)|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<comment>--[^\n]*)|(?P<hash>\#)|(?P<open>[(\[{])|(?P<close>[)\]}])"""
    r"""|(?P<comma>,)|(?P<word>\w+)|(?P<other>.)""",
    re.DOTALL,
)
_SECTIONS: Final = frozenset({"DEFAULT", "CODEC"})
_HOW: Final = "Write `name` Type `json:$.path`, with a comma between columns."


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
