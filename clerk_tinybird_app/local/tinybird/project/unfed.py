"""Data sources that a pipe would fill which does not run here.

A pipe of ``TYPE copy`` or ``sink`` is read and checked, but not run. What it would have filled
stays empty, unless rows are sent there; an answer made of that must say so, also where materialized
pipes lie between.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, Place, chain
from clerk_tinybird_app.tinybird.project import ProjectError

_NOT_RUN: Final = "the embedded Tinybird does not run such pipes"
_SEND_ROWS: Final = "Send rows to it, by a fixture or by events, or ask Tinybird itself."


@dataclass(frozen=True)
class Unfed:
    """A data source that pipes would fill.

    Attributes:
        feeders: What would fill it, for people.
        upstream: The data sources that its rows would be made of, also through others like it.
    """

    feeders: tuple[str, ...]
    upstream: frozenset[str]


def not_run(pipes: Mapping[str, CompiledPipe]) -> Iterator[ProjectError]:
    """Yield what is to be told of each node that does not run."""
    for pipe in pipes.values():
        for node in pipe.pipe.nodes:
            if node.runs_by_itself:
                what = (
                    f"'{node.target}' gets no rows from it" if node.target else "it writes nothing"
                )
                text = f"A node of TYPE {node.type}: {_NOT_RUN}, so {what}."
                yield ProjectError(pipe.pipe.path, node.line, text)


def unfed(pipes: Mapping[str, CompiledPipe]) -> dict[str, Unfed]:
    """Return the data sources that pipes would fill, by name."""
    feeders: dict[str, set[str]] = {}
    reads: dict[str, frozenset[str]] = {}
    for name, pipe in pipes.items():
        for node in pipe.pipe.nodes:
            if target := node.target:
                reads[target] = reads.get(target, frozenset()) | datasources_of(Place(pipe, node))
                if node.runs_by_itself:
                    feeders.setdefault(target, set()).add(f"'{name}' (TYPE {node.type})")
    found = {}
    for target in reads:
        upstream = _upstream(target, reads)
        names = {name for each in (target, *upstream) for name in feeders.get(each, ())}
        if names:
            found[target] = Unfed(tuple(sorted(names)), upstream)
    return found


def datasources_of(place: Place) -> frozenset[str]:
    """Return the data sources that a node reads, also through other nodes and pipes."""
    found: set[str] = set()
    for pipe, node in chain(place):
        found |= (pipe.reads[node.name] - pipe.uses[node.name]) & pipe.datasources
    return frozenset(found)


def require_fed(
    session: ChdbSession, database: str, known: Mapping[str, Unfed], names: Collection[str]
) -> str:
    """Pass if what is read has rows, or could have none; return what is to be told, "" for nothing.

    ``names`` are read, of all the ``known`` data sources that pipes would fill.

    Raises:
        ApiError: 400, one is empty and would not be if the pipes ran.
    """
    if not names:
        return ""
    tables = {*names, *(name for each in names for name in known[each].upstream)}
    filled = session.query(
        f"SELECT name FROM system.tables WHERE database = {literal(database)} "
        f"AND name IN ({', '.join(map(literal, sorted(tables)))}) AND total_rows > 0",
        "TSVRaw",
    )
    has_rows = set(filled.decode().splitlines())
    for name in sorted(set(names) - has_rows):
        if known[name].upstream & has_rows:
            raise bad_request(
                f"[Error] The data source '{name}' is empty, as {', '.join(known[name].feeders)} "
                f"would fill it and {_NOT_RUN}. {_SEND_ROWS}"
            )
    listed = ", ".join(sorted(names))
    return f"{listed}: only rows that were sent there, as {_NOT_RUN} that would fill it"


def _upstream(target: str, reads: Mapping[str, frozenset[str]]) -> frozenset[str]:
    found, more = set[str](), {target}
    while more:
        found |= more
        more = {name for each in more for name in reads.get(each, ())} - found
    return frozenset(found - {target})
