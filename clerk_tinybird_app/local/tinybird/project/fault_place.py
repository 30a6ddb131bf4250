"""Where in a node's text a fault is."""

import re
from typing import Final

from clerk_tinybird_app.local.tinybird.project.analysis import Fault
from clerk_tinybird_app.local.tinybird.project.node_text import Placed, visible

_OPERATORS: Final = {
    "plus": r"\+",
    "minus": "-",
    "negate": "-",
    "multiply": r"\*",
    "divide": "/",
    "modulo": "%",
    "equals": r"(?<![<>!])==?",
    "notEquals": "!=|<>",
    "less": "<(?![=>])",
    "greater": "(?<!<)>(?!=)",
    "lessOrEquals": "<=",
    "greaterOrEquals": ">=",
    "like": r"(?i:\blike\b)",
    "and": r"(?i:\band\b)",
    "or": r"(?i:\bor\b)",
    "not": r"(?i:\bnot\b)",
}
"""How functions are written that are not called by their names."""


def piece_of(text: Placed, fault: Fault) -> int | None:
    """Return the piece that a fault is in, if it is in this node at all."""
    if fault.is_syntax:
        return text.piece_at(fault.place)
    found = _mentions(text, fault.subject)
    if fault.is_of_types and len(set(found)) != 1:
        # Which of them it is ClickHouse does not say: it is in this node.
        return text.piece_at(0)
    return next(iter(found), None)


def _mentions(text: Placed, subject: str) -> list[int]:
    """Return the pieces that name a subject, in comments and texts left out."""
    sql = visible(text.sql)
    if sign := _OPERATORS.get(subject):
        return [text.piece_at(match.start()) for match in re.finditer(sign, sql)]
    parts = subject.split(".")
    for name in (parts, parts[-1:]):
        pattern = r"\s*\.\s*".join(rf"[`\"]?\b{re.escape(part)}\b[`\"]?" for part in name)
        if found := [text.piece_at(match.start()) for match in re.finditer(pattern, sql)]:
            return found
    return []
