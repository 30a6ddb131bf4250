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
        text: The line with its indentation.
        is_fixed: True within a ``fixed_params`` object, whose values no request can change.
    """

    text: str
    is_fixed: bool


def claim_lines(claims: Mapping[str, Any]) -> list[ClaimLine]:
    """Return ``claims`` as indented JSON, line by line."""
    lines: list[ClaimLine] = []
    closing = ""
    for text in json.dumps(claims, indent=_INDENT, ensure_ascii=False).split("\n"):
        if text.lstrip() == '"fixed_params": {':
            closing = text[: len(text) - len(text.lstrip())] + "}"
        lines.append(ClaimLine(text=text, is_fixed=bool(closing)))
        if closing and text.rstrip(",") == closing:
            closing = ""
    return lines
