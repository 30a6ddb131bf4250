"""Materialized pipes: the views that ClickHouse runs for them, and the data sources they fill.

A view fires on every insert. When it is new or changed, all that it fills is filled anew from the
rows that are there, as by a deployment: on the writing thread, so that none comes in meanwhile. A
view is dropped before that and made after it. So one that is missing, be it after a kill, says that
what it fills must be filled anew.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.engine.changes import Filling, refill
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX, literal, quoted
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.local.tinybird.project.schema import Definition
from clerk_tinybird_app.tinybird.project import DataSource

if TYPE_CHECKING:
    from clerk_tinybird_app.local.tinybird.project.project_check import Checked


@dataclass(frozen=True, kw_only=True)
class View:
    """The view of a materialized pipe, which fires on inserts into its ``source``, "" for none.

    The ``columns`` have each one's type by its name, in the query's order. Whether it
    ``keeps_rows`` is whether what is there stays as it is when the query changes.
    """

    pipe: str
    target: str
    query: str
    source: str = field(default="", compare=False)
    columns: Mapping[str, str] = field(default_factory=dict, compare=False)
    reads: frozenset[str] = field(default=frozenset(), compare=False)
    keeps_rows: bool = field(default=False, compare=False)


def views(session: ChdbSession, database: str) -> dict[str, View]:
    """Return the views that there are by their pipes, each query as ClickHouse spells it."""
    answer = session.query(
        f"SELECT left(v.name, -{len(tables.VIEW_SUFFIX)}) AS pipe, target_table AS target, "
        "as_select AS query, s.name AS source "
        f"FROM (SELECT * FROM system.tables WHERE database = {literal(database + LANDING_SUFFIX)} "
        f"AND endsWith(name, '{tables.VIEW_SUFFIX}')) AS v "
        "LEFT JOIN (SELECT name, arrayJoin(dependencies_table) AS view FROM system.tables "
        f"WHERE database = {literal(database)}) AS s ON s.view = v.name",
        "JSONEachRow",
    )
    return {row["pipe"]: View(**row) for row in map(json.loads, answer.splitlines())}


def create(session: ChdbSession, database: str, view: View) -> None:
    """Make a view, which fires from now on."""
    target = f"{database}.{quoted(view.target)}"
    session.query(f"CREATE MATERIALIZED VIEW {_name(database, view)} TO {target} AS {view.query}")


def in_order(found: Iterable[View]) -> list[str]:
    """Return all that views fill, each after what it is filled from.

    Raises:
        CycleError: They are filled from each other.
    """
    reads: dict[str, set[str]] = {}
    for view in found:
        # To join what one fills is no circle; to be filled from it is one.
        reads.setdefault(view.target, set()).update({view.source, *view.reads - {view.target}})
    return [name for name in TopologicalSorter(reads).static_order() if name in reads]


def stale(
    views: Mapping[str, View],
    running: Mapping[str, View],
    sources: Mapping[str, DataSource],
    kept: Mapping[str, Definition],
    wanted: Mapping[str, Definition],
) -> frozenset[str]:
    """Return the data sources that ``views`` are to fill anew, ``running`` being those there are.

    ``kept`` has the tables that there are, ``wanted`` those that there are to be.
    """
    targets = {view.target for view in views.values()}
    filled = targets & sources.keys() & {name for name in kept if not kept[name].is_empty}
    found = {
        name for name in filled if schema.cannot_follow(sources[name], kept[name], wanted[name])
    }
    renewing = [view for view in views.values() if not (view.keeps_rows and view.target in filled)]
    found |= {view.target for view in renewing if running.get(view.pipe) != view}
    while more := {view.target for view in renewing if view.source in found} - found:
        found |= more
    return frozenset(found)


def apply(
    session: ChdbSession, database: str, wanted: "Checked"
) -> tuple[list[str], dict[str, QueryFailed]]:
    """Bring tables and views up to date, and fill what is stale.

    Returns:
        The data sources whose tables were made or changed; and, by its pipe, why a view could not
        take the rows that are there: what it fills is then as it was.
    """
    running, sources, anew = views(session, database), wanted.datasources, wanted.anew
    # The last good view of a pipe with a mistake goes on.
    gone = [
        view
        for name, view in running.items()
        if view.target in anew or (view != wanted.views.get(name) and name not in wanted.unserved)
    ]
    for view in gone:
        session.query(f"DROP VIEW {_name(database, view)} SYNC")
        del running[view.pipe]
    changed = schema.apply(session, database, sources.values(), wanted.definitions, anew=anew)
    kept = schema.definitions(session, database)
    filled = {name for name, table in kept.items() if not table.is_empty}
    failed: dict[str, QueryFailed] = {}
    for target in in_order(wanted.views.values()):
        feeding = [view for view in wanted.views.values() if view.target == target]
        if target in anew and not filled.isdisjoint((target, *(v.source for v in feeding))):
            fillings = {
                view.pipe: Filling(", ".join(map(quoted, view.columns)), view.query)
                for view in feeding
            }
            make = partial(tables.create_table, sources[target])
            if failure := refill(session, database, target, fillings, create=make):
                failed |= failure
                feeding = [view for view in gone if view.target == target]
            else:
                schema.follow_ways_in(session, database, sources[target], kept)
                filled.add(target)
                changed.append(target)
        for view in feeding:
            if view.pipe not in running:
                create(session, database, view)
    return changed, failed


def _name(database: str, view: View) -> str:
    return f"{database}{LANDING_SUFFIX}.{quoted(view.pipe + tables.VIEW_SUFFIX)}"
