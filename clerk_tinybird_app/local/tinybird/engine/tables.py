"""The tables that stand for a data source, as SQL text.

A data source has three: its own; a quarantine for rows that do not fit, as Tinybird names it; and
a landing table, which holds nothing. Rows are inserted into the landing table, whose columns take
more than the data source's do (missing values, numbers of any size), and a view casts them with
checks into the data source. ClickHouse's own insert would wrap a number that does not fit and
fill in what is missing.
"""

import re
from collections.abc import Mapping
from typing import Final

from clerk_tinybird_app.tinybird.project import Column, DataSource

QUARANTINE_SUFFIX: Final = "_quarantine"
LANDING_SUFFIX: Final = "_landing"
"""The database beside a workspace's own that holds its landing tables, and views."""

VIEW_SUFFIX: Final = ":view"
"""Of the view that a materialized pipe is; nothing that a project names has a colon."""

_WRAPPER: Final = re.compile(
    r"^(?:(?:LowCardinality|Nullable)\(|SimpleAggregateFunction\(\s*\w+\s*,)(.*)\)$", re.DOTALL
)
_INTEGER: Final = re.compile(r"^U?Int(8|16|32|64)$")
_NOT_NULLABLE: Final = re.compile(r"^(?:Array|Map|Tuple|Nested|JSON|AggregateFunction|Variant)\b")
_ROOT: Final = re.compile(r"^\$\.\[?['\"`]?([A-Za-z_][\w-]*)['\"`]?\]?$")

_QUARANTINE_COLUMNS: Final = {
    "c__error_column": "Array(String)",
    "c__error": "Array(String)",
    "c__import_id": "Nullable(String)",
    "insertion_date": "DateTime",
}

DEDUPLICATION: Final = {"non_replicated_deduplication_window": "10000"}
"""Inserts of whose token a table knows that it has them; more than an insert has partitions. With
it, the same rows inserted again with the same token complete what is missing in the table and in
those that views fill from it. So no insert may go without a token of its own."""

_SETTINGS: Final = {
    # Twice ClickHouse's own: a fifth less processor time for each batch of rows. As few parts when
    # rows come a few at a time; from 20 on there are many more, and small queries take thrice as
    # long.
    "merge_selector_base": "10",
    # Parts below 10 MB, whose columns share a file anyway, are one file instead of thirteen: a
    # sixth less processor time for each batch of rows, and less waiting where files are slow.
    "min_bytes_for_full_part_storage": "10485760",
    # A check that only the newest ClickHouse makes; Tinybird takes such aggregating tables.
    "allow_dimensions_outside_sorting_key": "1",
}
_SETTING: Final = re.compile(r"([^=,\s]+)\s*=?\s*('(?:[^'\\]|\\.)*'|[^,]*)")

ENGINE_ARGUMENTS: Final = (
    *("ENGINE_SIGN", "ENGINE_VER", "ENGINE_VERSION", "ENGINE_IS_DELETED", "ENGINE_COLUMNS"),
)
_KEEPS_NOTHING: Final = "Null"


def quoted(name: str) -> str:
    """Return ``name`` as an identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text: str) -> str:
    """Return ``text`` as a string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def bare_type(column: Column) -> str:
    """Return the column's type without what only says how it is kept, or that it may be null."""
    inner = column.type.strip()
    while wrapped := _WRAPPER.match(inner):
        inner = wrapped.group(1).strip()
    return inner


def has_empty(column: Column) -> bool:
    """Tell whether a missing value is an empty one: arrays, maps and the like cannot be null."""
    return _NOT_NULLABLE.match(bare_type(column)) is not None


def landing_name(column: Column) -> str | None:
    """Return the JSON member a column is read from; None: it lies deeper in the row."""
    if column.json_path is None:
        return column.name
    found = _ROOT.match(column.json_path)
    return found.group(1) if found else None


def members(source: DataSource) -> dict[str, str] | None:
    """Return each column's member of the JSON row; None: rows must be reshaped first.

    None when a column lies deeper in the row, or two columns are read from one member.
    """
    found = {column.name: landing_name(column) for column in source.columns}
    names = {name: member for name, member in found.items() if member is not None}
    return names if len(set(names.values())) == len(source.columns) else None


def landed_names(source: DataSource) -> dict[str, str]:
    """Return the member that each column is read from, once reshaped if need be."""
    return members(source) or {column.name: column.name for column in source.columns}


def insert_landing(source: DataSource, database: str) -> str:
    """Return the statement that rows for a data source are inserted with."""
    return f"INSERT INTO {database}{LANDING_SUFFIX}.{quoted(source.name)}"


def insert_straight(source: DataSource, database: str) -> str:
    """Return the statement that plain rows are inserted with, without the landing table."""
    return f"INSERT INTO {database}.{quoted(source.name)}"


def landing_columns(source: DataSource) -> str:
    """Return the landing table's columns, which take whatever a row holds for them, or nothing."""
    names = landed_names(source)
    columns = {names[column.name]: _landing_type(column) for column in source.columns}
    return ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())


def casts(source: DataSource) -> str:
    """Return the expressions that turn landed values into the data source's, or fail."""
    names = landed_names(source)
    return ", ".join(_cast(column, names[column.name]) for column in source.columns)


def create_table(source: DataSource, table: str) -> str:
    """Return the statement that makes the data source's own table."""
    body = ", ".join((*map(column_text, source.columns), *map(index_text, source.indexes)))
    return f"CREATE TABLE {table} ({body}) {_engine(source)}"


def create_quarantine(source: DataSource, table: str) -> str:
    """Return the statement for its quarantine: every column as text, and what was wrong."""
    columns = {**_QUARANTINE_COLUMNS, **dict.fromkeys(quarantined(source), "Nullable(String)")}
    text = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {table} ({text}) ENGINE = MergeTree ORDER BY insertion_date "
        f"SETTINGS {settings_text(DEDUPLICATION)}"
    )


def quarantined(source: DataSource) -> list[str]:
    """Return the columns whose values a quarantine keeps: all but those with a name of its own."""
    return [column.name for column in source.columns if column.name not in _QUARANTINE_COLUMNS]


def column_text(column: Column) -> str:
    """Return a column's name, type, default and codec."""
    default = f" DEFAULT {column.default}" if column.default else ""
    codec = f" CODEC({column.codec})" if column.codec else ""
    return f"{quoted(column.name)} {column.type}{default}{codec}"


def index_text(line: str) -> str:
    """Return an index, a line under ``INDEXES``."""
    text = line.strip().rstrip(",")
    return text if text.upper().startswith("INDEX ") else f"INDEX {text}"


def settings_text(settings: Mapping[str, str]) -> str:
    """Return settings as they stand after ``SETTINGS``."""
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


def removes_rows(source: DataSource) -> str:
    """Return what removes rows of a data source by itself, or keeps none; "" for nothing."""
    if source.engine == _KEEPS_NOTHING:
        return "the ENGINE"
    return "the ENGINE_TTL" if "ENGINE_TTL" in source.engine_settings else ""


def _engine(source: DataSource) -> str:
    if source.engine == _KEEPS_NOTHING:
        return f"ENGINE = {_KEEPS_NOTHING}"
    settings = source.engine_settings
    given = ", ".join(settings[name] for name in ENGINE_ARGUMENTS if settings.get(name))
    arguments = f"({given})" if "ENGINE_COLUMNS" in settings else given
    clauses = [f"ENGINE = {source.engine or 'MergeTree'}({arguments})"]
    if partition := settings.get("ENGINE_PARTITION_KEY"):
        clauses.append(f"PARTITION BY {partition}")
    if primary := settings.get("ENGINE_PRIMARY_KEY"):
        clauses.append(f"PRIMARY KEY ({primary})")
    sorting = settings.get("ENGINE_SORTING_KEY")
    clauses.append(f"ORDER BY ({sorting})" if sorting else "ORDER BY tuple()")
    if sampling := settings.get("ENGINE_SAMPLING_KEY"):
        clauses.append(f"SAMPLE BY {sampling}")
    if ttl := settings.get("ENGINE_TTL"):
        clauses.append(f"TTL {ttl}")
    # As texts, so that a value is one whatever it says.
    own = {
        name: value if value.startswith("'") else literal(value.strip())
        for name, value in _SETTING.findall(settings.get("ENGINE_SETTINGS", ""))
    }
    clauses.append(f"SETTINGS {settings_text({**_SETTINGS, **own, **DEDUPLICATION})}")
    return " ".join(clauses)


def _landing_type(column: Column) -> str:
    inner = bare_type(column)
    if has_empty(column):
        # A variant can be null, so that what a row leaves out is no empty value.
        return f"Variant({inner})" if column.default and not inner.startswith("Variant") else inner
    if size := _INTEGER.match(inner):
        # Wide enough that a number too large for the column is still read as itself.
        return "Nullable(Int128)" if size.group(1) == "64" else "Nullable(Int64)"
    return f"Nullable({inner})"


def _cast(column: Column, member: str) -> str:
    value, inner = quoted(member), bare_type(column)
    target = literal(f"Nullable({inner})" if column.is_nullable else inner)
    given = value
    if has_empty(column) and column.default:
        given = f"CAST({value}, {target})"
    elif _INTEGER.match(inner):
        kind = literal(f"Nullable({inner})") if column.default else target
        given = f"accurateCast({value}, {kind})"
    if column.default:
        # In the column's type: one that holds both may be none that either can be written as. And
        # by an `if`, as it alone leaves a default uncomputed that no row needs.
        given = f"if(isNull({value}), CAST({column.default}, {target}), {given})"
    return f"{given} AS {quoted(column.name)}"
