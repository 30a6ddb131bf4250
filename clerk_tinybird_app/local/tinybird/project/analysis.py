"""What ClickHouse finds wrong with a query before it runs, and where in a node's text that is."""

import difflib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import SYNTAX, for_author
from clerk_tinybird_app.local.tinybird.engine.readers import Limits
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.project.node_text import Placed, visible
from clerk_tinybird_app.local.tinybird.project.service_datasources import NAMES

# An analysis computes constants, scalar subqueries among them, hence the limits.
_LIMITS: Final = Limits(seconds=0.5, bytes=500_000_000)
_TABLE: Final = "UNKNOWN_TABLE"
_FUNCTIONS: Final = ("UNKNOWN_FUNCTION", "UNKNOWN_AGGREGATE_FUNCTION")
_CALLED: Final = re.compile(r"[Ff]unction (?:with name )?[`']?(\w+)")
_SUBJECTS: Final = {
    _TABLE: re.compile(r"identifier '([^']+)'"),
    "UNKNOWN_DATABASE": re.compile(r"Database (\w+)"),
    "UNKNOWN_SETTING": re.compile(r"setting '(\w+)'"),
    "READONLY": re.compile(r"(?:modify '|in )(\w+)"),
    **dict.fromkeys(_FUNCTIONS, _CALLED),
    "UNKNOWN_IDENTIFIER": re.compile(r"[Ii]dentifier [`']([^`']+)[`']"),
    "NOT_AN_AGGREGATE": re.compile(r"Column '(?:[^']*\.)?([^'.]+)' is not under"),
}
_ELSEWHERE: Final = ("UNKNOWN_DATABASE", "UNKNOWN_SETTING")
_OF_TYPES: Final = re.compile(
    r"ILLEGAL_(?:AGGREGATION|TYPE_OF_ARGUMENT|TYPE_OF_COLUMN_FOR_FILTER)|NO_COMMON_TYPE|"
    r"NUMBER_OF_ARGUMENTS_DOESNT_MATCH|TOO_(?:FEW|MANY)_ARGUMENTS_FOR_FUNCTION|TYPE_MISMATCH|"
    r"UNION_ALL_RESULT_STRUCTURES_MISMATCH"
)
_CLAUSE: Final = re.compile(r"\b(WHERE|PREWHERE|HAVING)\b")
# Functions of ClickHouse that chDB is built without: a pipe that uses one is right elsewhere.
_NOT_IN_CHDB: Final = re.compile(
    r"BLAKE3|catboost\w*|bech32\w*|(?:try)?(?:punycode|idna)\w*|detect[A-Z]\w*|lemmatize|stem|"
    r"synonyms|s2[A-Z]\w*|geoToS2|\w*ULID\w*|seriesPeriodDetectFFT|snowflake\w*|uniqTheta\w*|"
    r"ai[A-Z]\w*|tinybird\w*",
    re.IGNORECASE,
)
_HINTS: Final = re.compile(r"Maybe you meant: \[([^\]]*)\]")
_CLOSE: Final = 0.8
_POSITION: Final = re.compile(r"at position (\d+)")
_WRITES: Final = r"\A\s*(?:insert|create|drop|alter|truncate|optimize|rename|delete|system|set)\b"
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
    "tinybird": rf"(?!(?:{'|'.join(sorted(NAMES))})\b)\btinybird\b",
    # What a READONLY is said of, if it is no setting.
    "readonly": (
        rf"(?i:{_WRITES}|\b(?:from|join)\s+"
        r"(?!(?:numbers|zeros|values|view|merge|null|generate\w*)(?:_mt)?\s*\()\w+\s*\()"
    ),
}
"""How is written what is not called by its name."""

# It makes ClickHouse write an answer, or even a plan, into a file of this machine. The word alone
# counts, in a text or a comment too: both can be written so that only ClickHouse knows where they
# end.
_OUTFILE: Final = re.compile(r"\boutfile\b", re.IGNORECASE)
_WRITES_FILE: Final = "INTO OUTFILE is not allowed: a pipe reads, and writes no file."


@dataclass(frozen=True)
class Fault:
    """What is wrong with a query, whatever values it is asked with, by ClickHouse's name.

    The ``subject`` is the table, column, function or clause that it is about; of a syntax error,
    the ``place`` is where in the node's own SQL it is, in characters. It is certain if it is wrong
    everywhere, and not here alone; harmful if no request may come to it.
    """

    name: str
    message: str
    subject: str = ""
    place: int = 0
    is_certain: bool = True
    is_harmful: bool = False

    @property
    def is_syntax(self) -> bool:
        """Tell whether the text is no SQL."""
        return self.name == SYNTAX

    @property
    def is_of_types(self) -> bool:
        """Tell whether values of other types would be right: a request's may be such values."""
        return _OF_TYPES.fullmatch(self.name) is not None

    def piece_of(self, text: Placed) -> int | None:
        """Return the piece of a node's text that it is in; None: it is not in this node."""
        if self.is_syntax:
            return text.piece_at(self.place)
        found = _mentions(text, self.subject)
        if self.is_of_types and len(set(found)) != 1:
            # Which of them it is ClickHouse does not say: it is in this node.
            return text.piece_at(0)
        return next(iter(found), None)


_NOT_HERE: Final = "It may be Tinybird's own; here it cannot be asked for."
_OUTWARD: Final = Fault(
    "READONLY",
    f"It reads or writes something else than this project, or changes a limit. {_NOT_HERE}",
    "readonly",
    is_certain=False,
)


@dataclass(frozen=True)
class Unknown:
    """A query that cannot be judged before it is asked."""


class Analyst:
    """Has ClickHouse analyse queries over a database, on a connection that may only read."""

    def __init__(self, folder: Path, database: str) -> None:
        self._database = database
        self._session = ChdbSession(folder, _LIMITS.as_settings())
        self._session.use(database)

    def fault(self, query: str, own: str) -> Fault | Unknown | None:
        """Return what is wrong with the query of a node; None when it is right.

        In ``query`` stands all that the node reads from; ``own`` is its own SQL alone.
        """
        if found := _OUTFILE.search(own):
            return Fault(SYNTAX, _WRITES_FILE, place=found.start(), is_harmful=True)
        try:
            # What would follow a semicolon would run.
            if ";" in own:
                self._parse(own)
            # Of all that runs nothing, a plan shows most: in it, types are compared.
            self._session.query(f"EXPLAIN PLAN {query}", "TSVRaw")
        except QueryFailed as failure:
            is_syntax = failure.name in {SYNTAX, "INCORRECT_QUERY"}
            return self._syntax(own) if is_syntax else self._semantic(failure)
        return None

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _syntax(self, own: str) -> Fault | Unknown:
        try:
            self._parse(own)
        except QueryFailed as failure:
            positions = [int(found) for found in _POSITION.findall(failure.message)] or [1]
            # Of a parenthesis that is not closed, the last position is its own.
            at = positions[-1 if "Unmatched" in failure.message else 0]
            place = len(own.encode()[: at - 1].decode(errors="ignore"))
            return Fault(SYNTAX, for_author(failure), place=place)
        is_writing = re.match(_WRITES, visible(own), re.IGNORECASE)
        return _OUTWARD if is_writing else Unknown()

    def _semantic(self, failure: QueryFailed) -> Fault | Unknown:
        message = for_author(failure, self._database)
        if _OF_TYPES.fullmatch(failure.name):
            found = _CALLED.search(failure.message) or _CLAUSE.search(failure.message)
            return Fault(failure.name, message, found[1] if found else "")
        pattern = _SUBJECTS.get(failure.name)
        found = pattern.search(failure.message) if pattern else None
        if found is None:
            return Unknown()
        subject = found[1]
        if failure.name == _OUTWARD.name:
            return replace(_OUTWARD, subject=subject)
        is_elsewhere = failure.name in _ELSEWHERE or (failure.name == _TABLE and "." in subject)
        if is_elsewhere or (failure.name in _FUNCTIONS and not _is_misspelt(subject, failure)):
            message = f"{message} {_NOT_HERE}"
            return Fault(failure.name, message, subject, is_certain=False)
        return Fault(failure.name, message, subject)

    def _parse(self, own: str) -> None:
        self._session.query(f"SELECT formatQuerySingleLine({literal(own)})", "TSVRaw")


def _is_misspelt(function: str, failure: QueryFailed) -> bool:
    """Tell a function that is close to one of ClickHouse's from one that chDB may only lack."""
    if _NOT_IN_CHDB.fullmatch(function):
        return False
    found = _HINTS.search(failure.message)
    hints = found[1].replace("'", "").lower().split(",") if found else []
    return bool(difflib.get_close_matches(function.lower(), hints, cutoff=_CLOSE))


def _mentions(text: Placed, subject: str) -> list[int]:
    """Return the pieces that name a subject, in comments and texts left out."""
    sql = visible(text.sql)
    parts = subject.split(".")
    for name in (parts, parts[-1:]):
        named = r"\s*\.\s*".join(rf"[`\"]?\b{re.escape(part)}\b[`\"]?" for part in name)
        pattern = _OPERATORS.get(subject, named)
        if found := [text.piece_at(match.start()) for match in re.finditer(pattern, sql)]:
            return found
    return []
