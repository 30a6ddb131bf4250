"""Data sources that a pipe would fill which does not run here.

A pipe of ``TYPE materialized``, ``copy`` or ``sink`` is read and checked, but not run. What it
would have filled stays empty, unless rows are sent there; an answer made of that must say so.
"""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession
from clerk_tinybird_app.local.tinybird.engine.tables import literal
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.tinybird.project import Node, ProjectError

_NOT_RUN: Final = "the embedded Tinybird does not run such pipes"
_SEND_ROWS: Final = "Send rows to it, by a fixture or by events, or ask Tinybird itself."


@dataclass(frozen=True)
class Unfed:
    """A data source that pipes would fill.

    Attributes:
        feeders: What would fill it, for people.
        upstream: The data sources that its rows would be made of, which something else fills.
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
    feeding: dict[str, list[tuple[CompiledPipe, Node]]] = {}
    for pipe in pipes.values():
        for node in pipe.pipe.nodes:
            if node.target:
                feeding.setdefault(node.target, []).append((pipe, node))
    reads = {
        target: frozenset(name for pipe, node in places for name in datasources_of(pipe, node))
        for target, places in feeding.items()
    }
    return {
        target: Unfed(
            tuple(f"'{pipe.pipe.name}' (TYPE {node.type})" for pipe, node in places),
            _ends(target, reads),
        )
        for target, places in feeding.items()
    }


def datasources_of(pipe: CompiledPipe, node: Node) -> frozenset[str]:
    """Return the data sources that a node reads, also through other nodes and pipes."""
    found: set[str] = set()
    waiting, seen = [(pipe, node)], set()
    while waiting:
        pipe, node = waiting.pop()
        if (pipe.pipe.name, node.name) in seen:
            continue
        seen.add((pipe.pipe.name, node.name))
        own = {each.name: each for each in pipe.pipe.nodes}
        uses = pipe.uses[node.name]
        found |= (pipe.reads[node.name] - uses) & pipe.datasources
        for name in uses:
            other = pipe if name in own else pipe.others.get(name)
            if other is not None:
                waiting.append((other, own.get(name, other.pipe.endpoint)))
    return frozenset(found)


def require_fed(
    session: ChdbSession, database: str, known: Mapping[str, Unfed], names: Collection[str]
) -> str:
    """Pass if what is read has rows, or could have none; return what is to be told, "" for nothing.

    Args:
        session: A connection.
        database: The workspace's.
        known: All data sources that pipes would fill.
        names: Those of them that are read.

    Raises:
        ApiError: 400, one is empty and would not be if the pipes ran.
    """
    if not names:
        return ""
    tables = {*names, *(name for each in names for name in known[each].upstream)}
    listed = ", ".join(map(literal, sorted(tables)))
    filled = session.query(
        f"SELECT name FROM system.tables WHERE database = {literal(database)} "
        f"AND name IN ({listed}) AND total_rows > 0",
        "TSVRaw",
    )
    has_rows = set(filled.decode().splitlines())
    for name in sorted(names):
        feeders = ", ".join(known[name].feeders)
        if name not in has_rows and known[name].upstream & has_rows:
            raise bad_request(
                f"[Error] The data source '{name}' is empty, as {feeders} would fill it and "
                f"{_NOT_RUN}. {_SEND_ROWS}"
            )
    told = ", ".join(sorted(names))
    return f"{told}: only rows that were sent there, as {_NOT_RUN} that would fill it"


def _ends(target: str, reads: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what a chain of such data sources begins with."""
    found: set[str] = set()
    waiting, seen = [target], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += reads.get(name, ())
        if name != target:
            found.add(name)
    return frozenset(found)
