"""What a table is, in ClickHouse's own spelling."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import literal

_ENGINE: Final = re.compile(
    r"(?P<engine>.*?)(?: (?:PARTITION BY|PRIMARY KEY|ORDER BY) .*?)??"
    r"(?: TTL (?P<ttl>.*?))?(?: SETTINGS [^']*)?",
    re.DOTALL,
)
_PARENTHESES: Final = {"(": 1, ")": -1}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One table.

    Attributes:
        columns: Each column's type by its name.
        defaults: Each column's default by its name, for those that have one.
        codecs: Each column's codec by its name, for those that have one.
        indexes: Each data skipping index by its name: type, expression and granularity.
        engine: The engine with its arguments.
        partition_key: "" without one.
        sorting_key: "" without one.
        primary_key: "" where it is the sorting key.
        ttl: "" without one.
        is_empty: Whether it certainly has no rows.
    """

    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    codecs: Mapping[str, str]
    indexes: Mapping[str, str]
    engine: str
    partition_key: str
    sorting_key: str
    primary_key: str
    ttl: str
    is_empty: bool


def definitions(session: ChdbSession, database: str) -> dict[str, Definition]:
    """Return a database's tables by name."""
    where = f"WHERE database = {literal(database)}"
    columns = _by_table(
        session,
        "SELECT table, name, type, default_expression AS default, compression_codec AS codec "
        f"FROM system.columns {where} ORDER BY position",
    )
    indexes = _by_table(
        session,
        "SELECT table, name, concat(type_full, ' ', expr, ' ', toString(granularity)) AS text "
        f"FROM system.data_skipping_indices {where}",
    )
    asked = (
        "SELECT name, engine_full, partition_key, sorting_key, primary_key, "
        f"total_rows = 0 AS is_empty FROM system.tables {where}"
    )
    return {
        row["name"]: _definition(row, columns[row["name"]], indexes.get(row["name"], []))
        for row in _rows(session, asked)
        if row["name"] in columns
    }


def _by_table(session: ChdbSession, asked: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(session, asked):
        found.setdefault(row["table"], []).append(row)
    return found


def _definition(
    row: Mapping[str, Any],
    columns: Collection[Mapping[str, str]],
    indexes: Collection[Mapping[str, str]],
) -> Definition:
    found = _ENGINE.fullmatch(row["engine_full"])
    sorting, primary = _bare(row["sorting_key"]), _bare(row["primary_key"])
    return Definition(
        columns={each["name"]: each["type"] for each in columns},
        defaults={each["name"]: each["default"] for each in columns if each["default"]},
        codecs={each["name"]: each["codec"] for each in columns if each["codec"]},
        indexes={each["name"]: each["text"] for each in indexes},
        engine=found["engine"] if found else row["engine_full"],
        partition_key=_bare(row["partition_key"]),
        sorting_key=sorting,
        primary_key="" if primary == sorting else primary,
        ttl=(found["ttl"] or "") if found else "",
        is_empty=bool(row["is_empty"]),
    )


def _bare(key: str) -> str:
    """Return a key without parentheses around all of it, which ClickHouse keeps as written."""
    while key.startswith("(") and _closes_first(key) == len(key) - 1:
        key = key[1:-1]
    return key


def _closes_first(key: str) -> int:
    """Return where the first parenthesis is closed."""
    depth = 0
    for place, sign in enumerate(key):
        depth += _PARENTHESES.get(sign, 0)
        if depth == 0:
            return place
    return -1


def _rows(session: ChdbSession, sql: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, session.query(sql, "JSONEachRow").splitlines())
