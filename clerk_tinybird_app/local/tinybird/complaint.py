"""What ClickHouse says of a mistake, cut to what helps whoever edits the file."""

import re
from typing import Final

from clerk_tinybird_app.local.tinybird.chdb_session import QueryFailed

SYNTAX: Final = "SYNTAX_ERROR"

_SCOPE: Final = re.compile(r"[.:,]?\s+In (?:scope|query) .*", re.DOTALL)
_EXECUTING: Final = re.compile(r":? while executing .*", re.DOTALL)
_LISTS: Final = re.compile(r", (?:required|available) columns: (?:'[^']*'\s*)*")
_SYNTAX: Final = re.compile(
    r"failed at position \d+(?: \((?P<near>.*?)\))?(?:: | \(line)", re.DOTALL
)
_NEVER_CLOSED: Final = re.compile(r"Unmatched parentheses: '(.)'")
_LONGEST: Final = 300


def complaint(failure: QueryFailed, *databases: str) -> str:
    """Return one sentence on what is wrong.

    Args:
        failure: What ClickHouse said.
        databases: Names of databases that are ours and mean nothing in a project's file.
    """
    text = failure.message
    if failure.name == SYNTAX:
        return _syntax(text)
    for database in databases:
        text = text.replace(f"{database}.", "")
    for noise in (_EXECUTING, _SCOPE, _LISTS):
        text = noise.sub("", text)
    text = text.strip()[:_LONGEST]
    return text if text.endswith((".", "?")) else f"{text}."


def _syntax(text: str) -> str:
    if found := _NEVER_CLOSED.search(text):
        return f"Syntax error: '{found[1]}' is never closed or never opened."
    if "is not closed" in text:
        return f"Syntax error: {text.partition(':')[0]}."
    if "Multi-statements" in text:
        return "Syntax error: there is more than one statement."
    found = _SYNTAX.search(text)
    near = " ".join(found["near"].split()) if found and found["near"] else ""
    return f"Syntax error near '{near[:40]}'." if near else "Syntax error."
