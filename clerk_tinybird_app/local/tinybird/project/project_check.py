"""Finds all mistakes of a project, and what of it can be served in spite of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.project import pipe_check, rehearsal, schema
from clerk_tinybird_app.local.tinybird.project.circles import circles
from clerk_tinybird_app.local.tinybird.project.definition import Definition
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, compiled
from clerk_tinybird_app.local.tinybird.project.unfed import not_run
from clerk_tinybird_app.tinybird.project import DataSource, Project, ProjectError

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A project that was checked.

    Attributes:
        datasources: Those without a mistake, by name.
        pipes: Those without a mistake that read from nothing that has one, by name.
        definitions: The tables of ``datasources`` as ClickHouse spells them, by name.
        unserved: For the name of everything else, the mistake that keeps it from being served.
        mistakes: All of them.
        doubts: What is wrong here and may be right in Tinybird, and what does not run here.
    """

    datasources: Mapping[str, DataSource]
    pipes: Mapping[str, CompiledPipe]
    definitions: Mapping[str, Definition]
    unserved: Mapping[str, ProjectError]
    mistakes: tuple[ProjectError, ...]
    doubts: tuple[ProjectError, ...]


def check(project: Project, writer: Writer, database: str) -> Checked:
    """Find a project's mistakes; nothing that lasts is changed.

    Args:
        project: The project.
        writer: Makes the tables of a rehearsal.
        database: Where the project's tables are.
    """
    sources = project.datasources
    pipes, malformed = compiled(project.pipes, sources)
    try:
        definitions, refused = rehearsal.rehearse(writer, database, sources.values())
        mistakes = [*project.mistakes, *malformed, *circles(pipes), *refused]
        found = pipe_check.check(
            _without(_unserved(mistakes, pipes), pipes).values(),
            writer.folder,
            rehearsal.name_beside(database),
        )
    finally:
        rehearsal.leave(writer, database)
    taken = _without(_by_name(refused), sources).values()
    mistakes += found.mistakes
    mistakes += writer.run(
        partial(schema.mistakes, database=database, sources=taken, wanted=definitions)
    )
    unserved = _unserved(mistakes, pipes)
    return Checked(
        datasources=_without(unserved, sources),
        pipes=_without(unserved, pipes),
        definitions=definitions,
        unserved=unserved,
        mistakes=tuple(mistakes),
        doubts=(*found.doubts, *not_run(pipes)),
    )


def _unserved(
    mistakes: Iterable[ProjectError], pipes: Mapping[str, CompiledPipe]
) -> dict[str, ProjectError]:
    """Return the first mistake of each name, also of pipes that read from what has one."""
    found = _by_name(mistakes)
    while more := {
        name: found[read]
        for name, pipe in pipes.items()
        if name not in found
        for node, reads in pipe.reads.items()
        # Its own nodes come first; but what has the name of the node itself is not of the pipe.
        for read in reads.difference(pipe.reads.keys() - {node}) & found.keys()
    }:
        found |= more
    return found


def _by_name(mistakes: Iterable[ProjectError]) -> dict[str, ProjectError]:
    found: dict[str, ProjectError] = {}
    for mistake in mistakes:
        # A data source or a pipe is named as its file is.
        found.setdefault(mistake.file.stem, mistake)
    return found


def _without(names: Mapping[str, object], all_of_them: Mapping[str, _T]) -> dict[str, _T]:
    return {name: one for name, one in all_of_them.items() if name not in names}
