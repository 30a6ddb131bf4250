"""Reads a .datasource file."""

from pathlib import Path
from typing import Final

from clerk_tinybird_app.tinybird.project.errors import ProjectError
from clerk_tinybird_app.tinybird.project.instructions import Instruction, instructions
from clerk_tinybird_app.tinybird.project.keywords import DATASOURCE, ENGINE_SETTINGS
from clerk_tinybird_app.tinybird.project.model import DataSource
from clerk_tinybird_app.tinybird.project.schema import columns
from clerk_tinybird_app.tinybird.project.tokens import APPEND, READ, token

_DEFAULT_ENGINE: Final = "MergeTree"
_REPEATABLE: Final = frozenset({"TOKEN"})


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
        lines={keyword: instruction.line for keyword, instruction in by_keyword.items()},
        index_lines=tuple(indexes),
    )


def _once(found: list[Instruction], file: Path) -> dict[str, Instruction]:
    """Return the instructions by keyword, each of which may be there once."""
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
