"""What ClickHouse says of a mistake, cut to what its reader may and need read.

ClickHouse quotes the whole query that it ran, with its own names for tables: a token's filter, the
parameters that it fixes, a pipe's SQL and the name of a database stand there. It also quotes values
of rows, which need not be the caller's.
"""

import re
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import QueryFailed

SYNTAX: Final = "SYNTAX_ERROR"

# Each is followed by nothing but the query, a part of it, or files.
_QUOTING: Final = re.compile(
    r"(?:[.:,]?\s+|\s*\()(?:in (?:scope|query)|while (?:executing|processing|reading|pushing))\b.*",
    re.DOTALL | re.IGNORECASE,
)
_OURS: Final = re.compile(r"`?\bw_[0-9a-f]{32}(?:_[a-z]+)?`?\.?|\b__table\d+\.|\S*/chdb/\S*")
_LISTS: Final = re.compile(r", (?:required|available) columns: (?:'[^']*'\s*)*")
_SYNTAX: Final = re.compile(
    r"failed at position \d+(?: \((?P<near>.*?)\))?(?:: | \(line)", re.DOTALL
)
_NEVER_CLOSED: Final = re.compile(r"Unmatched parentheses: '(.)'")
_LONGEST: Final = 300

_WORD: Final = re.compile(r"\w+")
_HIDEABLE: Final = re.compile(r"(?<=['`\"])\w{1,2}(?=['`\"])|\w{3,}")
"""A word; a short one where it is quoted, so that it is a name."""
_LEFT_OUT: Final = "…"
_SQL_WORD: Final = re.compile(
    r"all|and|any|array|as|between|by|case|distinct|final|from|group|having|in|is|join|like|limit|"
    r"not|null|on|or|order|prewhere|sample|select|union|using|where|with",
    re.IGNORECASE,
)

_RUNS: Final = re.compile(r"\bwhile executing '?(?:FUNCTION )?(?:function )?(\w+)", re.IGNORECASE)
_OF_ITS_AUTHOR: Final = "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"
_OF_TYPES: Final = re.compile(
    r"ILLEGAL_\w+|NO_COMMON_TYPE|NUMBER_OF_\w+|TOO_\w+|\w+_EXCEEDED|\w*LIMIT\w*"
)
_OF_VALUES: Final = re.compile(
    r"CANNOT_\w+|INCORRECT_DATA|UNKNOWN_ELEMENT_OF_ENUM|VALUE_\w+|DECIMAL_\w+"
)


def for_author(failure: QueryFailed, *databases: str) -> str:
    """Return one sentence on what is wrong, without our ``databases``, for who edits the file."""
    text = failure.message
    if failure.name == SYNTAX:
        return _syntax(text)
    for database in databases:
        text = text.replace(f"{database}.", "")
    text = _LISTS.sub("", _cut(text))[:_LONGEST]
    return text if text.endswith((".", "?")) else f"{text}."


def for_caller(failure: QueryFailed, *, own: str = "", hidden: str = "") -> str:
    """Return what a caller may read of a failure: ClickHouse's words, and its own.

    Its ``own`` is what it wrote: its SQL, and the values of its parameters; ``hidden`` is what was
    added to that and is not the caller's to read, "" if all is.
    """
    text = _cut(failure.message)
    if not hidden or failure.name == _OF_ITS_AUTHOR:
        return text
    if _is_of_values(failure):
        found = _RUNS.search(failure.message)
        function = found[1] if found and found[1] in _WORD.findall(own) else "A function"
        return (
            f"{function} cannot take one of the values that it is given; "
            "the admin token is told which."
        )
    words = {
        word
        for word in set(_WORD.findall(hidden)) - set(_WORD.findall(own))
        if not _SQL_WORD.fullmatch(word)
    }
    return _HIDEABLE.sub(lambda found: _LEFT_OUT if found[0] in words else found[0], text)


def _cut(text: str) -> str:
    """Return a failure's text without what it quotes and without names of ours."""
    return _OURS.sub("", _QUOTING.sub("", text)).strip()


def _is_of_values(failure: QueryFailed) -> bool:
    """Tell whether the text may quote a value of a row, which may be another tenant's."""
    if _OF_TYPES.fullmatch(failure.name):
        return False
    return bool(_RUNS.search(failure.message)) or _OF_VALUES.fullmatch(failure.name) is not None


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
