"""Tinybird's service data sources: what happened in a workspace, which SQL reads as data sources.

Their tables are in the workspace's own database, so nobody sees another one's. They have names that
no project can give, and whoever may read one reads it through a query of the name it is known by.
"""

import re
from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import TokenType

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX, quoted

PREFIX: Final = "tinybird:"
"""Of the names of their tables; nothing that a project names has a colon."""

PIPE_STATS_RT: Final = "pipe_stats_rt"
ENDPOINT_ERRORS: Final = "endpoint_errors"
DATASOURCES_OPS_LOG: Final = "datasources_ops_log"
JOBS_LOG: Final = "jobs_log"
_PIPE_STATS: Final = "pipe_stats"

_NAMED: Final = re.compile(r"\btinybird[`\"]?\s*\.\s*[`\"]?(\w+)")
_BY_DAY: Final = (
    "ENGINE = MergeTree PARTITION BY toDate({0}) ORDER BY {0} TTL {0} + INTERVAL {1} DAY "
    "SETTINGS ttl_only_drop_parts = 1"
)
_TABLES: Final = {
    PIPE_STATS_RT: (
        "start_datetime DateTime, pipe_id String, pipe_name String, duration Float32, "
        "read_bytes UInt64, read_rows UInt64, result_rows UInt64, url String, error UInt8, "
        "request_id String, token String, token_name String, status_code Int32, method String, "
        "parameters Map(String, String), release String, user_agent Nullable(String), "
        "resource_tags Array(String), cpu_time Float32",
        _BY_DAY.format("start_datetime", 7),
    ),
    _PIPE_STATS: (
        "date Date, pipe_id String, pipe_name String, view_count UInt64, error_count UInt64, "
        "avg_duration_state AggregateFunction(avg, Float32), "
        "quantile_timing_state AggregateFunction(quantilesTiming(0.9, 0.95, 0.99), Float64), "
        "read_bytes_sum UInt64, read_rows_sum UInt64, resource_tags Array(String)",
        "ENGINE = SummingMergeTree PARTITION BY toYYYYMM(date) ORDER BY (date, pipe_id, pipe_name) "
        "TTL date + INTERVAL 365 DAY",
    ),
    ENDPOINT_ERRORS: (
        "start_datetime DateTime, request_id String, pipe_id String, pipe_name String, "
        "params Nullable(String), url Nullable(String), status_code Nullable(Int32), "
        "error Nullable(String)",
        _BY_DAY.format("start_datetime", 30),
    ),
    DATASOURCES_OPS_LOG: (
        "timestamp DateTime, event_type String, datasource_id String, datasource_name String, "
        "result String, elapsed_time Float32, error Nullable(String), import_id Nullable(String), "
        "job_id Nullable(String), request_id String, rows Nullable(UInt64), "
        "rows_quarantine Nullable(UInt64), blocks_ids Array(String), "
        "`Options.Names` Array(String), `Options.Values` Array(String), "
        "read_bytes UInt64, read_rows UInt64, written_rows UInt64, written_bytes UInt64, "
        "written_rows_quarantine UInt64, written_bytes_quarantine UInt64, pipe_id String, "
        "pipe_name String, release String, resource_tags Array(String), operation_id String",
        _BY_DAY.format("timestamp", 30),
    ),
    JOBS_LOG: (
        "job_id String, job_type String, workspace_id String, datasource_id String, "
        "pipe_id String, pipe_name String, "
        "created_at DateTime, updated_at DateTime, started_at Nullable(DateTime), status String, "
        "error Nullable(String), job_metadata String, request_id String",
        "ENGINE = ReplacingMergeTree PARTITION BY toDate(created_at) ORDER BY (created_at, job_id) "
        "TTL created_at + INTERVAL 30 DAY SETTINGS ttl_only_drop_parts = 1",
    ),
}
NAMES: Final = frozenset(f"tinybird.{name}" for name in _TABLES)

_DAILY: Final = (
    "SELECT toDate(start_datetime) AS date, pipe_id, pipe_name, count() AS view_count, "
    "sum(error) AS error_count, avgState(toFloat32(duration * 1000)) AS avg_duration_state, "
    "quantilesTimingState(0.9, 0.95, 0.99)(toFloat64(duration * 1000)) AS quantile_timing_state, "
    "sum(read_bytes) AS read_bytes_sum, sum(read_rows) AS read_rows_sum "
    "FROM {} GROUP BY date, pipe_id, pipe_name"
)


def create(session: ChdbSession, database: str) -> None:
    """Make the tables in a workspace's database, if they are not there."""
    for name, (columns, engine) in _TABLES.items():
        session.query(f"CREATE TABLE IF NOT EXISTS {table(name, database)} ({columns}) {engine}")
    view = f"{database}{LANDING_SUFFIX}.{quoted(PREFIX + _PIPE_STATS)}"
    rows = _DAILY.format(table(PIPE_STATS_RT, database))
    into = table(_PIPE_STATS, database)
    session.query(f"CREATE MATERIALIZED VIEW IF NOT EXISTS {view} TO {into} AS {rows}")


def table(name: str, database: str) -> str:
    """Return a service data source's own table."""
    return f"{database}.{quoted(PREFIX + name)}"


def query(name: str, condition: str = "") -> str:
    """Return what stands for one of the ``NAMES`` in a query over the workspace's database."""
    bare = name.removeprefix("tinybird.")
    final = " FINAL" if bare == JOBS_LOG else ""
    where = f" WHERE ({condition}\n)" if condition else ""
    return f"SELECT * FROM {quoted(PREFIX + bare)}{final}{where}"


def are_read_by(sql: str) -> bool:
    """Tell whether a query reads their tables; a text in it that has such a name does not."""
    if PREFIX not in sql:
        return False
    try:
        tokens = sqlglot.tokenize(sql, read="clickhouse")
    except sqlglot.errors.SqlglotError:
        return True
    names = (each.text for each in tokens if each.token_type is TokenType.IDENTIFIER)
    return any(name.startswith(PREFIX) for name in names)


def named_in(sql: str) -> Iterator[str]:
    """Yield the ``NAMES`` that SQL has in it, also where they mean nothing."""
    if "tinybird" in sql:
        yield from sorted(NAMES & {f"tinybird.{name}" for name in _NAMED.findall(sql)})
