"""Fills the sample's data source with the rows of the last 61 days, as ClickHouse can: fast."""

import logging
import random
from typing import Final

from clerk_tinybird_app.local.tinybird.demo.world import World
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.tables import quoted
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.sample.fit import project_misfit
from clerk_tinybird_app.sample.rows import insert
from clerk_tinybird_app.sample.timeline import HISTORY, pieces

_NOTHING: Final = "%s: %s No rows are made up."

_log = logging.getLogger(__name__)


def seed(service: Service, world: World) -> int:
    """Add the local tenants' rows from where the data ends until now; return how many.

    The first start gets two months; a later one the time since the last, so that the last day is
    never empty. A project that the sample does not fit is left alone, and the log says why.
    """
    first, sample = service.workspaces.first, world.sample
    if text := project_misfit(sample, world.tenant_column, first.served.datasources):
        _log.error(_NOTHING, world.file, text)
        return 0
    now = service.clock()
    table = f"{first.database}.{quoted(sample.source)}"

    def fill(session: ChdbSession) -> int:
        kept = _kept(session, table, quoted(sample.moment), now)
        oldest, newest = kept or (now - HISTORY, now - HISTORY)
        since = max(newest, now - HISTORY)
        dice = random.Random(since)  # noqa: S311 - looks, not secrets
        grown, shown = oldest + HISTORY, world.tenants[0]
        found = list(pieces(sample, world.tenants, since, now, grown=grown, dice=dice, shown=shown))
        if found:
            session.query(insert(sample, world.tenant_column, table, found))
        return sum(piece.count for piece in found)

    try:
        added = service.writer.run(fill)
    except QueryFailed as error:
        _log.error(_NOTHING, world.file, f"ClickHouse does not take the rows: {error}")
        return 0
    if added:
        _log.info("Added %d made-up rows of the local tenants to '%s'.", added, sample.source)
    return added


def _kept(session: ChdbSession, table: str, moment: str, now: float) -> tuple[float, float] | None:
    """Return the times of the oldest and the newest row until now, None when there is none."""
    answer = session.query(
        f"SELECT count(), toFloat64(min({moment})), toFloat64(max({moment})) "
        f"FROM {table} WHERE {moment} <= fromUnixTimestamp({int(now) + 1})"
    )
    count, oldest, newest = map(float, answer.split())
    return (oldest, newest) if count else None
