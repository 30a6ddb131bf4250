"""Which tables a query selects from, found without a database.

Rather too many than too few: a name counts wherever a table can stand.
"""

import re
from typing import Final

ANY_TABLE: Final = "{{}}"
"""Stands for a table that a template's expression chooses."""

_COMMENT: Final = re.compile(r"\{#.*?#\}", re.DOTALL)
_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_PART: Final = r"""(?: [A-Za-z_]\w* | `[^`]*` | "[^"]*" | \{\{\}\} )"""
_TOKENS: Final = re.compile(
    rf"""
    (?P<skipped> (?: -- | \#[ !] )[^\n]* | /\*.*?\*/ | '(?:[^'\\]|\\.|'')*' | \s+ )
    | \{{% \s* (?P<block> \w* ) .*? %\}}
    | (?P<name> {_PART} (?:\s*\.\s*{_PART})* )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_TABLE: Final = frozenset({"FROM", "JOIN", "IN"})
_OPENING: Final = frozenset({"if", "for", "while", "try"})
_BRANCHES: Final = frozenset({"elif", "else", "except", "finally"})
_AFTER_TABLES: Final = frozenset(
    {"WHERE", "PREWHERE", "GROUP", "ORDER", "LIMIT", "HAVING", "SELECT", "SETTINGS", "WINDOW"}
    | {"QUALIFY", "UNION", "EXCEPT", "INTERSECT"}
)


def sources(sql: str) -> frozenset[str]:
    """Return the names of all tables that ``sql`` may read, ``ANY_TABLE`` among them.

    Args:
        sql: A node's SQL, with its template's expressions and statements.
    """
    reader = _Reader()
    for match in _TOKENS.finditer(_EXPRESSION.sub(ANY_TABLE, _COMMENT.sub(" ", sql))):
        if match.lastgroup == "name":
            reader.take_name(match[0])
        elif match.lastgroup == "block":
            reader.take_block(match["block"])
        elif match.lastgroup == "other":
            reader.take_sign(match[0])
    return frozenset(reader.found)


class _Reader:
    """Goes through a query's words; knows where the next one would be a table."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._expects = False
        # For each open bracket: whether its query is within its list of tables.
        self._in_tables = [False]
        # For each open block of the template: where the query stood when it began.
        self._before: list[tuple[bool, list[bool]]] = []

    def take_name(self, name: str) -> None:
        word = name.upper()
        if word in _BEFORE_TABLE:
            self._expects = True
            # `IN` takes one table; the commas of a list of tables go on after it.
            self._in_tables[-1] = word != "IN" or self._in_tables[-1]
        elif word in _AFTER_TABLES:
            self._expects = self._in_tables[-1] = False
        elif self._expects:
            # Of `database.table` the last part is the table.
            self.found.add(name.rpartition(".")[2].strip('`" \n\t'))
            self._expects = False

    def take_block(self, keyword: str) -> None:
        if keyword in _OPENING:
            self._before.append((self._expects, [*self._in_tables]))
        elif keyword in _BRANCHES and self._before:
            expects, in_tables = self._before[-1]
            self._expects, self._in_tables = expects, [*in_tables]
        elif keyword == "end" and self._before:
            self._before.pop()

    def take_sign(self, sign: str) -> None:
        if sign == "(":
            self._in_tables.append(self._expects)
            return
        if sign == ")" and len(self._in_tables) > 1:
            self._in_tables.pop()
        self._expects = sign == "," and self._in_tables[-1]
