"""Reads a .pipe file."""

import re
from pathlib import Path
from typing import Final

from clerk_tinybird_app.tinybird.project.datafile import (
    PIPE,
    READ,
    Instruction,
    instructions,
    token,
)
from clerk_tinybird_app.tinybird.project.model import (
    COPY,
    ENDPOINT,
    MATERIALIZED,
    SINK,
    STANDARD,
    Node,
    Pipe,
    ProjectError,
)

_TYPES: Final = (ENDPOINT, MATERIALIZED, COPY, SINK)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEMPLATE: Final = "%"
_OF_THE_PIPE: Final = frozenset({"TOKEN", "TAGS", "VERSION", "MAINTAINER"})


def read_pipe(text: str, file: Path) -> Pipe:
    """Return the pipe that ``text`` describes.

    Raises:
        ProjectError: A mistake, with its line.
    """
    found = list(instructions(text, file, PIPE))
    own = [one for one in found if one.keyword in _OF_THE_PIPE]
    head, *groups = _grouped([one for one in found if one.keyword not in _OF_THE_PIPE])
    for stray in head:
        if stray.keyword != "DESCRIPTION":
            raise ProjectError(file, stray.line, f"{stray.keyword} must come after a NODE.")
    if not groups:
        raise ProjectError(file, 1, "The pipe has no NODE. Add NODE name and its SQL >.")
    nodes = tuple(_node(group, file) for group in groups)
    _check(nodes, groups, file)
    return Pipe(
        name=file.stem,
        description=head[0].text if head else "",
        nodes=nodes,
        tokens=tuple(token(one, file, READ) for one in own if one.keyword == "TOKEN"),
        path=file,
    )


def _grouped(found: list[Instruction]) -> list[list[Instruction]]:
    """Return the instructions before the first NODE, then those of each NODE."""
    groups: list[list[Instruction]] = [[]]
    for instruction in found:
        if instruction.keyword == "NODE":
            groups.append([])
        groups[-1].append(instruction)
    return groups


def _node(group: list[Instruction], file: Path) -> Node:
    start, *rest = group
    by_keyword: dict[str, Instruction] = {}
    for instruction in rest:
        if by_keyword.setdefault(instruction.keyword, instruction) is not instruction:
            raise ProjectError(
                file, instruction.line, f"{instruction.keyword} is there twice in one NODE."
            )
    name = start.text
    if not _NAME.fullmatch(name):
        raise ProjectError(
            file, start.line, "A NODE needs a name of letters, digits and underscores."
        )
    query = by_keyword.pop("SQL", None)
    if query is None or query.block is None:
        line = query.line if query else start.line
        raise ProjectError(file, line, f"The node '{name}' needs SQL > and the query under it.")
    sql, line, is_template = _sql(query, name, file)
    description = by_keyword.pop("DESCRIPTION", None)
    return Node(
        name=name,
        description=description.text if description else "",
        sql=sql,
        is_template=is_template,
        line=line,
        type=_type(by_keyword.pop("TYPE", None), file),
        settings={keyword: instruction.text for keyword, instruction in by_keyword.items()},
        lines={keyword: instruction.line for keyword, instruction in by_keyword.items()},
    )


def _sql(query: Instruction, name: str, file: Path) -> tuple[str, int, bool]:
    """Return the query, the line it begins on, and whether it is a template."""
    text = "\n".join(query.block or [])
    body = text.lstrip().removeprefix(_TEMPLATE)
    is_template = text.lstrip().startswith(_TEMPLATE)
    if not body.strip():
        raise ProjectError(
            file, query.line, f"The SQL of the node '{name}' is empty. Write a SELECT under it."
        )
    before = text[: len(text) - len(body.lstrip())]
    indentation = before.rpartition("\n")[2].replace(_TEMPLATE, " ")
    line = query.line + before.count("\n")
    return f"{indentation}{body.strip()}", line, is_template


def _type(instruction: Instruction | None, file: Path) -> str:
    if instruction is None:
        return STANDARD
    kind = instruction.text.lower()
    if kind not in _TYPES:
        raise ProjectError(
            file, instruction.line, f"TYPE must be one of {', '.join(_TYPES)}, not '{kind}'."
        )
    return kind


def _check(nodes: tuple[Node, ...], groups: list[list[Instruction]], file: Path) -> None:
    """Raise an error for two nodes with the same name, and for two that go out of the pipe."""
    seen: set[str] = set()
    for node, group in zip(nodes, groups, strict=True):
        if node.name in seen:
            raise ProjectError(
                file, group[0].line, f"There are two nodes '{node.name}'. Rename one."
            )
        seen.add(node.name)
    typed = [group for node, group in zip(nodes, groups, strict=True) if node.type != STANDARD]
    if len(typed) > 1:
        text = "A pipe has one node with a TYPE. Remove it from the others."
        raise ProjectError(file, typed[1][0].line, text)
