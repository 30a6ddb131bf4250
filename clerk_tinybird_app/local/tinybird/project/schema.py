"""A workspace's databases and tables: what they are, and how they follow the project's files."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX, literal, quoted
from clerk_tinybird_app.tinybird.project import Column, DataSource, ProjectError

_ENGINE: Final = re.compile(
    r"(?P<engine>.*?)(?: (?:PARTITION BY|PRIMARY KEY|ORDER BY) .*?)??"
    r"(?: TTL (?P<ttl>.*?))?(?: SETTINGS (?P<settings>(?:[^']|'(?:[^'\\]|\\.)*')*))?",
    re.DOTALL,
)
_SETTING: Final = re.compile(r"(\w+) = ('(?:[^'\\]|\\.)*'|[^,]+)")
_FIXED: Final = re.compile(r"(?:index_granularity|enable_mixed|add_minmax|table_disk)\w*")
"""Settings that a table has for good. They cost no row, so one with rows is left with its own."""
_NOT_RUN: Final = ", for which a FORWARD_QUERY does not run in the embedded Tinybird"
_PARENTHESES: Final = {"(": 1, ")": -1}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One table, in ClickHouse's own spelling; what it lacks is "".

    The ``columns`` have each one's type by its name, the ``indexes`` type, expression and
    granularity; the ``engine`` is one with its arguments. The primary key is "" where it is the
    sorting key, and ``is_empty`` says that it certainly has no rows.
    """

    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    codecs: Mapping[str, str]
    indexes: Mapping[str, str]
    engine: str
    partition_key: str
    sorting_key: str
    primary_key: str
    sampling_key: str
    ttl: str
    settings: Mapping[str, str]
    is_empty: bool


def create_database(session: ChdbSession, database: str) -> None:
    """Make a workspace's databases if they are not there."""
    session.query(f"CREATE DATABASE IF NOT EXISTS {database}")
    session.query(f"CREATE DATABASE IF NOT EXISTS {database}{LANDING_SUFFIX}")


def drop_database(session: ChdbSession, database: str) -> None:
    """Remove a workspace's databases with all their rows."""
    session.query(f"DROP DATABASE IF EXISTS {database}{LANDING_SUFFIX} SYNC")
    session.query(f"DROP DATABASE IF EXISTS {database} SYNC")


def databases(session: ChdbSession) -> list[str]:
    """Return every database's name."""
    return session.query("SELECT name FROM system.databases").decode().split()


def tables_of(session: ChdbSession, database: str) -> list[str]:
    """Return the name of every table that a database has."""
    where = f"WHERE database = {literal(database)}"
    return session.query(f"SELECT name FROM system.tables {where}", "TSVRaw").decode().splitlines()


def columns_of(session: ChdbSession, query: str) -> dict[str, str]:
    """Return each column's type by its name, in the order of a query, which is not run."""
    described = session.query(f"DESCRIBE TABLE ({query}\n)", "JSONEachRow").splitlines()
    return {row["name"]: row["type"] for row in map(json.loads, described)}


def definitions(session: ChdbSession, database: str) -> dict[str, Definition]:
    """Return a database's tables by name."""
    where = f"WHERE database = {literal(database)}"
    pairs = "CAST(groupArrayIf({}, {}), 'Map(String, String)')"
    columns = pairs.format("(name, type)", "1")
    defaults = pairs.format("(name, default_expression)", "notEmpty(default_expression)")
    codecs = pairs.format("(name, compression_codec)", "notEmpty(compression_codec)")
    indexes = pairs.format("(name, concat(type_full, ' ', expr, ' ', toString(granularity)))", "1")
    answer = session.query(
        "SELECT name, engine_full, partition_key, sorting_key, primary_key, sampling_key, "
        "toBool(ifNull(total_rows = 0, 0)) AS is_empty, columns, defaults, codecs, indexes "
        f"FROM (SELECT * FROM system.tables {where}) AS t "
        f"JOIN (SELECT table, {columns} AS columns, {defaults} AS defaults, {codecs} AS codecs "
        f"FROM (SELECT * FROM system.columns {where} ORDER BY position) GROUP BY table) AS c "
        "ON t.name = c.table "
        f"LEFT JOIN (SELECT table, {indexes} AS indexes FROM system.data_skipping_indices {where} "
        "GROUP BY table) AS i ON t.name = i.table",
        "JSONEachRow",
    )
    return {row.pop("name"): _definition(row) for row in map(json.loads, answer.splitlines())}


def _definition(row: dict[str, Any]) -> Definition:
    full = row.pop("engine_full")
    found = _ENGINE.fullmatch(full)
    keys = {key: _bare(row[key]) for key in ("partition_key", "sorting_key", "primary_key")}
    if keys["primary_key"] == keys["sorting_key"]:
        keys["primary_key"] = ""
    engine, ttl = (found["engine"], found["ttl"] or "") if found else (full, "")
    settings = dict(_SETTING.findall((found and found["settings"]) or ""))
    return Definition(**{**row, **keys}, engine=engine, ttl=ttl, settings=settings)


def _bare(key: str) -> str:
    """Return a key without parentheses around all of it, which ClickHouse keeps as written."""
    while key.startswith("("):
        depths = list(accumulate(_PARENTHESES.get(sign, 0) for sign in key))
        if depths[-1] != 0 or 0 in depths[:-1]:
            break
        key = key[1:-1]
    return key


def mistakes(
    sources: Iterable[DataSource], kept: Mapping[str, Definition], wanted: Mapping[str, Definition]
) -> list[ProjectError]:
    """Return what changed in a way that the rows that are there cannot follow, by tables' names."""
    return [
        ProjectError(
            source.path,
            line,
            f"{what}, and the data source has rows already"
            f"{_NOT_RUN if source.forward_query else ''}. Undo it, give the data source another "
            "name, or stop the app and remove the data folder to start anew.",
        )
        for source in sources
        if source.name in kept and not kept[source.name].is_empty
        for line, what in _unfollowable(source, kept[source.name], wanted[source.name])
    ]


def cannot_follow(source: DataSource, kept: Definition, wanted: Definition) -> bool:
    """Tell whether a table with rows must be made anew."""
    return next(_unfollowable(source, kept, wanted), None) is not None


def create(session: ChdbSession, database: str, source: DataSource) -> None:
    """Make the tables of a data source that has none."""
    _make(session, database, source)
    follow_ways_in(session, database, source, {})


def apply(
    session: ChdbSession,
    database: str,
    sources: Iterable[DataSource],
    wanted: Mapping[str, Definition],
    anew: Collection[str] = (),
) -> list[str]:
    """Create tables, follow what changed, and renew the landing tables; return whose were changed.

    A table without rows is made anew when it cannot follow. The sources are without `mistakes`.
    Those to fill ``anew`` that have rows are left alone.
    """
    kept = definitions(session, database)
    changed = []
    for source in sources:
        table = kept.get(source.name)
        if table and not table.is_empty and source.name in anew:
            continue
        if table is None:
            _make(session, database, source)
            changed.append(source.name)
        elif _follow(session, database, source, table, wanted[source.name]):
            changed.append(source.name)
        follow_ways_in(session, database, source, kept)
    return changed


def follow_ways_in(
    session: ChdbSession, database: str, source: DataSource, kept: Mapping[str, Definition]
) -> None:
    """Bring a quarantine up to date, and renew a landing table with its view."""
    quarantine = _table(database, source, tables.QUARANTINE_SUFFIX)
    found = kept.get(source.name + tables.QUARANTINE_SUFFIX)
    if found is None:
        session.query(tables.create_quarantine(source, quarantine))
    else:
        new = (column for column in tables.quarantined(source) if column not in found.columns)
        more = (f"ADD COLUMN {quoted(column)} Nullable(String)" for column in new)
        for change in (*more, *_setting_changes(found.settings, tables.DEDUPLICATION)):
            session.query(f"ALTER TABLE {quarantine} {change}")
    beside = f"{database}{LANDING_SUFFIX}"
    landing, view = _table(beside, source), _table(beside, source, "__cast")
    session.query(f"DROP VIEW IF EXISTS {view} SYNC")
    session.query(f"DROP TABLE IF EXISTS {landing} SYNC")
    session.query(f"CREATE TABLE {landing} ({tables.landing_columns(source)}) ENGINE = Null")
    session.query(
        f"CREATE MATERIALIZED VIEW {view} TO {_table(database, source)} "
        f"AS SELECT {tables.casts(source)} FROM {landing}"
    )


def _table(database: str, source: DataSource, suffix: str = "") -> str:
    return f"{database}.{quoted(source.name + suffix)}"


def _make(session: ChdbSession, database: str, source: DataSource) -> None:
    table = _table(database, source)
    session.query(f"DROP TABLE IF EXISTS {table} SYNC")
    session.query(tables.create_table(source, table))


def _follow(
    session: ChdbSession, database: str, source: DataSource, kept: Definition, wanted: Definition
) -> bool:
    """Bring a table up to date; tell whether there was anything to do."""
    table = _table(database, source)
    if kept.is_empty and cannot_follow(source, kept, wanted):
        _make(session, database, source)
        return True
    # ClickHouse has a Nested column `a` as its parts `a.b`, `a.c`.
    names = {*kept.columns, *(name.partition(".")[0] for name in kept.columns)}
    changes = [
        f"ADD COLUMN {tables.column_text(column)}"
        for column in source.columns
        if column.name not in names
    ]
    for column in source.columns:
        if column.name in kept.columns:
            changes += _column_changes(column, kept, wanted)
    changes += _index_changes(source, kept, wanted)
    if kept.ttl != wanted.ttl:
        ttl = source.engine_settings.get("ENGINE_TTL")
        changes.append(f"MODIFY TTL {ttl}" if ttl else "REMOVE TTL")
    if kept.sampling_key != wanted.sampling_key:
        key = source.engine_settings.get("ENGINE_SAMPLING_KEY")
        changes.append(f"MODIFY SAMPLE BY {key}" if key else "REMOVE SAMPLE BY")
    changes += _setting_changes(kept.settings, wanted.settings)
    for change in changes:
        session.query(f"ALTER TABLE {table} {change}")
    return bool(changes)


def _setting_changes(kept: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield what brings a table's settings to what they are to be."""
    kept, wanted = (
        {name: value for name, value in each.items() if not _FIXED.fullmatch(name)}
        for each in (kept, wanted)
    )
    if new := dict(wanted.items() - kept.items()):
        yield f"MODIFY SETTING {tables.settings_text(new)}"
    if gone := kept.keys() - wanted.keys():
        yield f"RESET SETTING {', '.join(gone)}"


def _column_changes(column: Column, kept: Definition, wanted: Definition) -> Iterator[str]:
    """Yield what brings a column's default and codec to what they are to be.

    Rows from before the column have whatever its default is: writing it down for them would fail,
    and again and again, where one of them has no value for it.
    """
    is_new = False
    for what, was, now in (
        ("DEFAULT", kept.defaults.get(column.name), wanted.defaults.get(column.name)),
        ("CODEC", kept.codecs.get(column.name), wanted.codecs.get(column.name)),
    ):
        if was and not now:
            yield f"MODIFY COLUMN {quoted(column.name)} REMOVE {what}"
        is_new = is_new or bool(now and now != was)
    if is_new:
        yield f"MODIFY COLUMN {tables.column_text(column)}"


def _index_changes(source: DataSource, kept: Definition, wanted: Definition) -> Iterator[str]:
    """Yield what brings a table's indexes to what new rows are to have."""
    for name, index in kept.indexes.items():
        if wanted.indexes.get(name) != index:
            yield f"DROP INDEX {quoted(name)} SETTINGS mutations_sync = 1"
    for text in map(tables.index_text, source.indexes):
        name = text.split()[1].strip("`")
        if kept.indexes.get(name) != wanted.indexes[name]:
            yield f"ADD {text}"


def _unfollowable(
    source: DataSource, kept: Definition, wanted: Definition
) -> Iterator[tuple[int, str]]:
    """Yield what differs for good, each with its line."""
    lines = {column.name: column.line for column in source.columns}
    for name, kind in kept.columns.items():
        if name not in wanted.columns:
            yield source.line_of("SCHEMA"), f"column '{name}' is gone"
        elif wanted.columns[name] != kind:
            yield (
                lines.get(name, source.line_of("SCHEMA")),
                f"column '{name}' was {kind} and is now {wanted.columns[name]}",
            )
    for what, was, now, keyword in (
        ("engine", kept.engine, wanted.engine, "ENGINE"),
        ("partition key", kept.partition_key, wanted.partition_key, "ENGINE_PARTITION_KEY"),
        ("sorting key", kept.sorting_key, wanted.sorting_key, "ENGINE_SORTING_KEY"),
        ("primary key", kept.primary_key, wanted.primary_key, "ENGINE_PRIMARY_KEY"),
    ):
        if was != now:
            line = source.line_of(keyword, "ENGINE", "SCHEMA")
            yield line, f"the {what} was {was or 'none'} and is now {now or 'none'}"
