"""Fills the story's data source with the requests of the last 61 days, as ClickHouse can: fast."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import logging
import random
from collections.abc import Iterable
from typing import Final

from clerk_tinybird_app.local.tinybird.demo.history import Piece, history
from clerk_tinybird_app.local.tinybird.demo.pace import HISTORY
from clerk_tinybird_app.local.tinybird.demo.story import (
    CLIENT_ERRORS,
    COLUMNS,
    DATA_SOURCE,
    REGION_SKEW,
    ROUTES,
    SERVER_ERRORS,
    TENANTS,
    USER_SKEW,
)
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.tinybird.project import DataSource

_THOUSAND: Final = 1000
_SMALL: Final = 2**32
"""What half a hash is smaller than."""

_PIECE: Final = (
    "place UInt8, start UInt64, length UInt64, n UInt32, errors Float64, slowdown Float64"
)

_log = logging.getLogger(__name__)


def is_story(source: DataSource | None) -> bool:
    """Tell whether a data source is the bundled project's."""
    return source is not None and tuple(column.name for column in source.columns) == COLUMNS


def seed(service: Service) -> int:
    """Add the story's requests from where the data ends until now; return how many.

    The first start gets two months; a later one the time since the last, so that the last day is
    never empty. Another project's data sources are left alone.
    """
    first = service.workspaces.first
    if not is_story(first.served.datasources.get(DATA_SOURCE)):
        return 0
    now = service.clock()
    table = f"{first.database}.{DATA_SOURCE}"

    def fill(session: ChdbSession) -> int:
        oldest, newest = _kept(session, table, now) or (now - HISTORY, now - HISTORY)
        since = max(newest, now - HISTORY)
        dice = random.Random(since)  # noqa: S311 - looks, not secrets
        found = list(history(since, now, grown=oldest + HISTORY, dice=dice))
        if not found:
            return 0
        session.query(_insert(table, found))
        return sum(piece.requests for piece in found)

    added = service.writer.run(fill)
    if added:
        _log.info("Added %d made-up requests of the local tenants.", added)
    return added


def _kept(session: ChdbSession, table: str, now: float) -> tuple[float, float] | None:
    """Return the times of the oldest and the newest row until now, None when there is none."""
    answer = session.query(
        "SELECT count(), toFloat64(min(timestamp)), toFloat64(max(timestamp)) "
        f"FROM {table} WHERE timestamp <= fromUnixTimestamp({int(now) + 1})"
    )
    count, oldest, newest = map(float, answer.split())
    return (oldest, newest) if count else None


def _insert(table: str, found: list[Piece]) -> str:
    """Return the statement that makes every row out of hashes of tenant, time and count."""
    rows = "\n".join(map(_line, found))
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
    users[place + 1][
        1 + toUInt32(floor(length(users[place + 1]) * pow(b / {_SMALL}, {USER_SKEW})))
    ],
    concat('req_', lower(leftPad(hex(sipHash64(2, place, start, i)), 16, '0'))),
    methods[r], paths[r],
    multiIf(
        trouble < errors, {list(SERVER_ERRORS)}[1 + a % {len(SERVER_ERRORS)}],
        a % {_THOUSAND} < client_errors[r],
            {list(CLIENT_ERRORS)}[1 + intDiv(a, {_THOUSAND}) % {len(CLIENT_ERRORS)}],
        fine[r]
    ),
    round(medians[r] * slowdown * exp(spreads[r] * normal), 2),
    regions[place + 1][
        1 + toUInt32(floor(length(regions[place + 1]) * pow(c / {_SMALL}, {REGION_SKEW})))
    ]
FROM (
    SELECT
        place, start, length, errors, slowdown, i,
        bitAnd(h1, {_SMALL - 1}) AS a, bitShiftRight(h1, 32) AS b,
        bitAnd(h2, {_SMALL - 1}) AS c, bitShiftRight(h2, 32) AS d,
        picks[1 + c % {_THOUSAND}] AS r,
        sipHash64(5, place, start, i) % 1000000 / 1000000 AS trouble,
        sqrt(-2 * log((d + 1) / {_SMALL + 1})) * cos(2 * pi() * a / {_SMALL}) AS normal
    FROM (
        SELECT
            place, start, length, errors, slowdown, arrayJoin(range(n)) AS i,
            sipHash64(3, place, start, i) AS h1, sipHash64(4, place, start, i) AS h2
        FROM format(TSV, {literal(_PIECE)}, {literal(rows)})
    )
)"""


def _line(piece: Piece) -> str:
    start = round(piece.begins * _THOUSAND)
    length = max(1, round(piece.ends * _THOUSAND) - start)
    place = TENANTS.index(piece.tenant)
    return f"{place}\t{start}\t{length}\t{piece.requests}\t{piece.errors}\t{piece.slowdown}"


def _picks() -> str:
    """Return an array in which each route's place stands as often as its weight says."""
    return _array(str(p) for p, route in enumerate(ROUTES, 1) for _ in range(route.weight))


def _array(items: Iterable[str]) -> str:
    return "[" + ",".join(items) + "]"
