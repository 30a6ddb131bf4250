"""A query's code alone: without comments, and with nothing that two parsers read differently."""

import re
from typing import Final

_PARTS: Final = re.compile(
    r"""
    (?P<comment> --[^\n]* | \#[!\x20][^\n]* | /\*.*?\*/ )
    | (?P<text> '(?:[^'\\]|\\.|'')*' )
    | (?P<name> `[^`]*` | "[^"]*" )
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_NAME: Final = re.compile(r"[`\"][A-Za-z_][\w.]*[`\"]", re.ASCII)
_ODD: Final = re.compile(r"/\*|\*/|['`\"#$]|[^\x20-\x7e\t\n\r]")


class CannotJudge(Exception):  # noqa: N818 - it is an answer, and named as reports name it
    """SQL that this package does not understand well enough.

    Attributes:
        reason: Why, as the end of a sentence.
        line: In the SQL, from 1.
    """

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def code(sql: str) -> str:
    """Return ``sql`` without comments, texts blanked, every line where it was.

    A parser that takes another end of a comment or a text for the right one reads another query
    than ClickHouse runs. So both are gone before it reads.

    Raises:
        CannotJudge: A quote or a comment without its end, or a character of unclear meaning.
    """
    written, place = [], 0
    for found in _PARTS.finditer(sql):
        written += [_plain(sql, place, found.start()), _kept(sql, found)]
        place = found.end()
    return "".join((*written, _plain(sql, place, len(sql))))


def _plain(sql: str, start: int, end: int) -> str:
    odd = _ODD.search(sql, start, end)
    if odd:
        reason = f"{odd[0]!r} is read differently by different parsers"
        raise CannotJudge(reason, sql.count("\n", 0, odd.start()) + 1)
    return sql[start:end]


def _kept(sql: str, found: re.Match[str]) -> str:
    lines = "\n" * found[0].count("\n")
    line = sql.count("\n", 0, found.start()) + 1
    if found.lastgroup == "comment":
        if found[0].startswith("/*") and "/*" in found[0][2:]:
            # Newer versions of ClickHouse count the beginnings, older ones do not.
            raise CannotJudge("it has a comment within a comment", line)
        return f" {lines}"
    if found.lastgroup == "text":
        return f"'{re.sub(r'[^A-Za-z0-9_ ]', '_', found[0][1:-1])}'{lines}"
    if not _PLAIN_NAME.fullmatch(found[0]):
        raise CannotJudge(f"the quoted name {found[0]} is not a plain one", line)
    return found[0]
