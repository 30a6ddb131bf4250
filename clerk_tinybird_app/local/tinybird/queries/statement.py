"""What a caller's SQL is, told by ClickHouse's own parser before anything of it runs."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_caller
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.local.tinybird.project.pipe_sql import with_before

_FORMAT: Final = re.compile(r" FORMAT `?(\w+)`?$")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|(`(?:[^`\\]|\\.)*`)", re.DOTALL)
_FORGERY: Final = re.compile(r"\\|, *\w+ *:")
"""What no name may hold: ``names`` reads fields from lines, which such a name would forge."""

_CALLED: Final = re.compile(r"(\w+)`? *\(")
_IN: Final = re.compile(r"(?:global)?(?:not)?(?:null)?in(?:ignoreset)?", re.IGNORECASE)
_NODE: Final = re.compile(r"^( *)([A-Z_]+) id: \d+(.*)$")
_NAMED_LAMBDA: Final = re.compile(r"^ *LAMBDA id: \d+, .*\balias: ", re.MULTILINE)
_TO_ARGUMENT: Final = 6
"""How much deeper a function's argument stands than the function."""

_MULTIPLE: Final = "Multi-statements are not allowed"

_TAKES_WITH: Final = ("SELECT", "WITH")
_SELECT: Final = (*_TAKES_WITH, "(")
_DESCRIBE: Final = "DESCRIBE TABLE"

_REACHES_OUT: Final = re.compile(
    r"file|dict\w*|joinGet\w*|hasColumnInTable\w*|getServerSetting|getMergeTreeSetting|"
    r"catboostEvaluate|executable\w*|url|remote\w*|ai\w+",
    re.IGNORECASE,
)
_SLEEPS: Final = frozenset(("sleep", "sleepeachrow"))
"""Functions that hold a reader and do nothing; a pipe may use them, a caller's SQL may not."""

_TABLE_FUNCTIONS: Final = frozenset(
    ("numbers", "numbers_mt", "zeros", "zeros_mt", "generateSeries", "generate_series", "values")
)
_HARMLESS: Final = frozenset(("system.one",))
"""What ClickHouse itself puts where a query has no FROM."""

_OWN_DATABASES: Final = ("information_schema", "INFORMATION_SCHEMA", "system")
_SUBQUERIES: Final = ("QUERY", "UNION")
_FROM: Final = ("JOIN TREE", "TABLE EXPRESSION")


@dataclass(frozen=True)
class Names:
    """The names a query uses, wherever in it they stand.

    The ``tables`` stand in a FROM or JOIN, the ``ctes`` are what its own WITH defines, and the
    ``sets`` stand right of an IN: a table, if it is no column.
    """

    tables: set[str] = field(default_factory=set)
    ctes: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    table_functions: set[str] = field(default_factory=set)


def without_format(statement: str) -> tuple[str, str | None]:
    """Split a canonical statement's ``FORMAT name`` off."""
    found = _FORMAT.search(statement)
    return (statement[: found.start()], found.group(1)) if found else (statement, None)


def canonical(session: ChdbSession, sql: str) -> str:
    """Return one statement as ClickHouse spells it: no comments, no second statement.

    Raises:
        ApiError: 400, no statement, several, or a syntax error.
    """
    try:
        answer = session.query(f"SELECT formatQuerySingleLine({literal(sql)})", "RawBLOB")
    except QueryFailed as failure:
        message = for_caller(failure)
        if _MULTIPLE in message:
            raise bad_request(f"DB::Exception: {message} (SYNTAX_ERROR)") from None
        raise bad_request(f"[Error] {message} ({failure.name or 'SYNTAX_ERROR'})") from None
    found = answer.decode().rstrip("\n")
    if any(_FORGERY.search(name) for name in _QUOTED.findall(found)):
        raise bad_request(
            "[Error] Names with line breaks, quotes, backslashes or ', word: ' are not allowed"
        )
    return found


def _subject(statement: str) -> str:
    """Return what a canonical SELECT or DESCRIBE is about, as it would stand after FROM."""
    if statement.startswith(_SELECT):
        return f"({statement})"
    if statement.startswith(_DESCRIBE):
        return statement.removeprefix(_DESCRIBE).strip()
    kind = statement.split(None, 1)[0].capitalize() + "Query"
    raise bad_request(f"Only SELECT or DESCRIBE queries are supported. Got: {kind}")


def reading(statement: str, queries: Mapping[str, str]) -> str:
    """Return a canonical SELECT or DESCRIBE that reads the names in ``queries`` from those.

    Raises:
        ApiError: 400, it is another kind of statement.
    """
    if not queries or statement.startswith(_TAKES_WITH):
        return with_before(queries, statement)
    select = with_before(queries, f"SELECT * FROM {_subject(statement)}")
    return f"{_DESCRIBE} ({select})" if statement.startswith(_DESCRIBE) else select


def names(session: ChdbSession, statement: str) -> Names:
    """Return the names that a canonical SELECT or DESCRIBE uses; nothing of it is run.

    Raises:
        ApiError: 400, it is another kind of statement, or cannot stand in a FROM: it writes a
            file, or names a format.
    """
    tree = f"EXPLAIN QUERY TREE run_passes = 0 SELECT * FROM {_subject(statement)}"
    try:
        answer = session.query(tree, "TSVRaw")
    except QueryFailed as failure:
        raise bad_request(f"[Error] {for_caller(failure)} ({failure.name})") from None
    found = answer.decode()
    if _NAMED_LAMBDA.search(found):
        # Its name could be that of a function or an operator that a pipe's own filter uses.
        raise bad_request("[Error] A lambda with a name is not allowed")
    return _names_of_tree(found)


def require_readable(
    session: ChdbSession,
    used: Names,
    statement: str,
    *,
    allowed: Collection[str],
    existing: Collection[str],
) -> None:
    """Pass if a canonical query with these names uses only what the caller may read.

    The ``allowed`` tables are bare and with their database; ``existing`` has all there are, bare.

    Raises:
        ApiError: 403, naming the first name that it may not use.
    """
    for function in sorted(used.table_functions - _TABLE_FUNCTIONS):
        raise forbidden(f"Resource '{function}' not found")
    # By the text as well: should the tree be misread, these fail all the same.
    called = _CALLED.findall(_QUOTED.sub(lambda text: text[1] or "", statement))
    for function in sorted(used.functions.union(called)):
        if _REACHES_OUT.fullmatch(function) or function.lower() in _SLEEPS:
            raise forbidden(f"The function '{function}' is not allowed")
    # What the caller may not read is refused as a CTE's name too: a CTE ends with its own query,
    # and outside of that the same name is the table.
    hidden = set(existing) - set(allowed)
    databases = {*schema.databases(session), *_OWN_DATABASES}
    for name in sorted(used.tables - set(allowed) - used.ctes - _HARMLESS):
        raise forbidden(f"Resource '{name}' not found")
    for name in sorted(used.tables | used.ctes | used.sets):
        is_elsewhere = name.partition(".")[0] in databases and "." in name
        if name in hidden or (is_elsewhere and name not in {*allowed, *_HARMLESS}):
            raise forbidden(f"Resource '{name}' not found")


def _names_of_tree(tree: str) -> Names:
    """Read the names off an ``EXPLAIN QUERY TREE``, whose depth is its indentation."""
    found, before = Names(), ""
    after_in: list[int] = []
    aliases: dict[str, str] = {}
    for line in tree.splitlines():
        node = _NODE.match(line)
        if node is None:
            before = line
            continue
        indent, kind, rest = node.groups()
        depth = len(indent)
        # Under an IN: its ARGUMENTS, their LIST, and in it left and right.
        while after_in and depth <= after_in[-1] - _TO_ARGUMENT:
            after_in.pop()
        is_argument = bool(after_in) and depth == after_in[-1]
        is_right = is_argument and not before.lstrip().startswith("LIST ")
        if kind in _SUBQUERIES and (name := _field(rest, "cte_name")):
            found.ctes.add(name)
        if kind == "IDENTIFIER" and (name := _field(rest, "identifier")):
            if alias := _field(rest, "alias"):
                aliases[alias] = name
            if before.endswith(_FROM):
                found.tables.add(name)
            elif is_right:
                found.sets.add(name)
        elif kind == "FUNCTION" and (name := _field(rest, "function_name")):
            found.functions.add(name)
            if _IN.fullmatch(name):
                after_in.append(depth + _TO_ARGUMENT)
        elif kind == "TABLE_FUNCTION" and (name := _field(rest, "table_function_name")):
            found.table_functions.add(name)
        before = line
    _add_aliased(found.sets, aliases)
    return found


def _add_aliased(sets: set[str], aliases: Mapping[str, str]) -> None:
    """Add what the sets' names stand for: right of an IN, an alias may be a table's."""
    waiting = list(sets)
    while waiting:
        name = aliases.get(waiting.pop())
        if name is not None and name not in sets:
            sets.add(name)
            waiting.append(name)


def _field(rest: str, name: str) -> str | None:
    found = re.search(rf", {name}: (.*?)(?=, \w+: |$)", rest)
    return found.group(1) if found else None
