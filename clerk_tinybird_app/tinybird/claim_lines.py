"""A token's claims as lines of JSON, with those marked that Tinybird enforces."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_INDENT: Final = 2


@dataclass(frozen=True)
class ClaimLine:
    """One line of the pretty-printed claims.

    Attributes:
        text: The line without its indentation.
        indent: How many spaces stand before it.
        is_fixed: True within a ``fixed_params`` object, whose values no request can change.
    """

    text: str
    indent: int
    is_fixed: bool


def claims_json(claims: Mapping[str, Any]) -> str:
    """Return ``claims`` as indented JSON."""
    return json.dumps(claims, indent=_INDENT, ensure_ascii=False)


def claim_lines(claims: Mapping[str, Any]) -> list[ClaimLine]:
    """Return the lines of ``claims_json``."""
    lines: list[ClaimLine] = []
    opened_at = -1
    for line in claims_json(claims).split("\n"):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if text == '"fixed_params": {':
            opened_at = indent
        lines.append(ClaimLine(text=text, indent=indent, is_fixed=opened_at >= 0))
        if indent == opened_at and text.startswith("}"):
            opened_at = -1
    return lines
