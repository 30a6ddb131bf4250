"""Fills the story's data source with the requests of the last 30 days, as ClickHouse can: fast."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from clerk_tinybird_app.local.tinybird.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.local.tinybird.story import (
    BURST_ERROR_SHARE,
    BURST_SLOWDOWN,
    COLUMNS,
    DATA_SOURCE,
    ROUTES,
    TENANTS,
    Tenant,
    activity,
    has_burst,
)
from clerk_tinybird_app.local.tinybird.tables import literal
from clerk_tinybird_app.tinybird.project import DataSource

DAYS: Final = 30
_HOUR: Final = timedelta(hours=1)
_HOUR_MS: Final = 3_600_000
_THOUSAND: Final = 1000

_log = logging.getLogger(__name__)


def is_story(source: DataSource | None) -> bool:
    """Tell whether a data source is the bundled project's."""
    return source is not None and tuple(column.name for column in source.columns) == COLUMNS


def seed(service: Service) -> int:
    """Add the story's requests from where the data ends until now; return how many.

    The first start gets 30 days; a later one the hours since the last, so that the last day is
    never empty. Another project's data sources are left alone.
    """
    first = service.workspaces.first
    if not is_story(first.served.datasources.get(DATA_SOURCE)):
        return 0
    now = datetime.fromtimestamp(service.clock(), UTC)
    table = f"{first.database}.{DATA_SOURCE}"

    def fill(session: ChdbSession) -> int:
        since = max(_end(session, table), now - timedelta(days=DAYS))
        hours = _hours(since, now)
        if not hours:
            return 0
        session.query(_insert(table, hours))
        return sum(count for _, _, _, count, _ in hours)

    added = service.writer.run(fill)
    if added:
        _log.info("Added %d made-up requests of the local tenants.", added)
    return added


def _end(session: ChdbSession, table: str) -> datetime:
    """Return the time of the last row, the epoch when there is none."""
    answer = session.query(f"SELECT toUnixTimestamp(max(timestamp)) FROM {table}")
    return datetime.fromtimestamp(int(answer), UTC)


def _hours(since: datetime, until: datetime) -> list[tuple[int, int, int, int, bool]]:
    """Return tenant's place, start in ms, length in ms, requests, burst: for each whole hour.

    The last hour is cut at ``until``.
    """
    start = since.replace(minute=0, second=0, microsecond=0) + _HOUR
    found = []
    while start < until:
        length = min(_HOUR, until - start) / timedelta(milliseconds=1)
        for place, tenant in enumerate(TENANTS):
            hour = int(start.timestamp()) // 3600
            count = round(_expected(tenant, start, hour) * length / _HOUR_MS)
            if count:
                burst = has_burst(tenant, hour)
                found.append((place, hour * _HOUR_MS, int(length), count, burst))
        start += _HOUR
    return found


def _expected(tenant: Tenant, start: datetime, hour: int) -> float:
    wobble = 0.85 + 0.3 * ((hour * 40503 + len(tenant.users)) % 97) / 97
    return tenant.hourly * activity(start) * wobble


def _insert(table: str, hours: list[tuple[int, int, int, int, bool]]) -> str:
    """Return the statement that makes every row out of hashes of tenant, hour and count."""
    rows = ",".join(f"({p},{start},{length},{n},{int(b)})" for p, start, length, n, b in hours)
    tenants = _array(literal(tenant.id) for tenant in TENANTS)
    users = _array(_array(map(literal, tenant.users)) for tenant in TENANTS)
    regions = _array(_array(map(literal, tenant.regions)) for tenant in TENANTS)
    return f"""
INSERT INTO {table} ({", ".join(COLUMNS)})
WITH
    {tenants} AS tenants, {users} AS users, {regions} AS regions,
    {_array(literal(route.method) for route in ROUTES)} AS methods,
    {_array(literal(route.path) for route in ROUTES)} AS paths,
    {_array(str(route.median_ms) for route in ROUTES)} AS medians,
    {_array(str(route.spread) for route in ROUTES)} AS spreads,
    {_array(str(route.status) for route in ROUTES)} AS fine,
    {_array(str(route.client_errors) for route in ROUTES)} AS client_errors,
    {_picks()} AS picks
SELECT
    fromUnixTimestamp64Milli(toInt64(start + sipHash64(1, place, start, i) % length)),
    tenants[place + 1],
    users[place + 1][1 + toUInt32(floor(length(users[place + 1]) * pow(b / 4294967296, 1.7)))],
    concat('req_', lower(leftPad(hex(sipHash64(2, place, start, i)), 16, '0'))),
    methods[r], paths[r],
    multiIf(
        trouble < if(burst, {BURST_ERROR_SHARE * _THOUSAND}, 2), [500, 502, 503][1 + a % 3],
        a % 1000 < client_errors[r], [404, 400, 401, 429, 422][1 + intDiv(a, 1000) % 5],
        fine[r]
    ),
    round(medians[r] * if(burst, {BURST_SLOWDOWN}, 1) * exp(spreads[r] * normal), 2),
    regions[place + 1][
        1 + toUInt32(floor(length(regions[place + 1]) * pow(c / 4294967296, 1.9)))
    ]
FROM (
    SELECT
        place, start, length, burst, i,
        bitAnd(h1, 4294967295) AS a, bitShiftRight(h1, 32) AS b,
        bitAnd(h2, 4294967295) AS c, bitShiftRight(h2, 32) AS d,
        picks[1 + c % 1000] AS r,
        sipHash64(5, place, start, i) % 1000 AS trouble,
        sqrt(-2 * log((d + 1) / 4294967297)) * cos(2 * pi() * a / 4294967296) AS normal
    FROM (
        SELECT
            place, start, length, burst, arrayJoin(range(n)) AS i,
            sipHash64(3, place, start, i) AS h1, sipHash64(4, place, start, i) AS h2
        FROM values('place UInt8, start UInt64, length UInt64, n UInt32, burst UInt8', {rows})
    )
)"""


def _picks() -> str:
    """Return an array in which each route's place stands as often as its weight says."""
    return _array(str(p) for p, route in enumerate(ROUTES, 1) for _ in range(route.weight))


def _array(items: Iterable[str]) -> str:
    return "[" + ",".join(items) + "]"
