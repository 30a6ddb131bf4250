"""Finds all mistakes of a project, and what of it can be served in spite of them.

Its tables are made empty in a database of their own before anything that lasts is changed, the
rehearsal: ClickHouse finds the mistakes of the data sources there, and spells the tables as it
would spell them; the pipes' SQL is checked against them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.error_text import for_author
from clerk_tinybird_app.local.tinybird.engine.readers import Limits
from clerk_tinybird_app.local.tinybird.engine.tables import quoted
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.project import materialized, schema, service_datasources
from clerk_tinybird_app.local.tinybird.project.fillings import Copy, check_copies, check_views
from clerk_tinybird_app.local.tinybird.project.materialized import View
from clerk_tinybird_app.local.tinybird.project.not_run import not_run
from clerk_tinybird_app.local.tinybird.project.pipe_check import Found, check_pipes
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, circles, compiled
from clerk_tinybird_app.local.tinybird.project.schema import Definition
from clerk_tinybird_app.tinybird.project import DataSource, Project, ProjectError

_T = TypeVar("_T")

_LIMITS: Final = Limits(seconds=2, threads=1)
_REHEARSAL_SUFFIX: Final = "_rehearsal"
_CLAUSES: Final = (
    *("ENGINE_PARTITION_KEY", "ENGINE_SORTING_KEY", "ENGINE_PRIMARY_KEY", "ENGINE_SAMPLING_KEY"),
    *("ENGINE_TTL", "ENGINE_SETTINGS"),
)
_GONE: Final = (
    "'{target}' would be filled anew, and {engine} of '{source}' may have removed rows that it was "
    "filled from. Write DEPLOYMENT_METHOD alter below TYPE to keep what is there, or fill a data "
    "source of another name."
)

_NESTED: Final = (
    "Tinybird takes no rows of the type Nested, which is the column '{0}'. Write an array for each "
    "of its parts, such as `{0}.name` Array(String) `json:$.{0}[:].name`."
)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A project that was checked, all of it compiled.

    Attributes:
        datasources: Those without a mistake, by name.
        pipes: Those without a mistake that read from nothing that has one, by name.
        definitions: The tables of ``datasources`` as ClickHouse spells them, by name.
        views: Those of the materialized ones among ``pipes``, by the pipe's name.
        anew: The data sources that they are to fill anew.
        copies: The copy pipes among ``pipes``, by name.
        unserved: For the name of everything else, the mistake that keeps it from being served.
        mistakes: All of them.
        doubts: What is wrong here and may be right in Tinybird, and what does not run here.
    """

    datasources: Mapping[str, DataSource] = field(default_factory=dict)
    pipes: Mapping[str, CompiledPipe] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    anew: frozenset[str] = frozenset()
    copies: Mapping[str, Copy] = field(default_factory=dict)
    unserved: Mapping[str, ProjectError] = field(default_factory=dict)
    mistakes: tuple[ProjectError, ...] = ()
    doubts: tuple[ProjectError, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Tell whether this is a project without a mistake."""
        return bool(self.datasources or self.pipes) and not self.unserved

    def require(self, name: str) -> None:
        """Pass but for the name of something that a mistake keeps from being served.

        Raises:
            ApiError: 400, with the mistake.
        """
        if mistake := self.unserved.get(name):
            raise bad_request(f"[Error] '{name}' is not served. {mistake}")

    def without(self, failed: Mapping[str, QueryFailed], database: str) -> "Checked":
        """Return it without the materialized pipes that failed on the rows that are there."""
        text = "It fails on rows that are there, so what it fills stays as it was."
        mistakes = [
            self.pipes[name].filling.mistake(f"{text} {for_author(failure, database)}")
            for name, failure in failed.items()
        ]
        return replace(
            self,
            pipes=_without(failed, self.pipes),
            unserved={**self.unserved, **_by_name(mistakes)},
            mistakes=(*self.mistakes, *mistakes),
        )


def check(
    project: Project, writer: Writer, database: str, *, secrets: Mapping[str, str]
) -> Checked:
    """Find a project's mistakes; nothing that lasts, in its database, is changed.

    ``secrets`` are for its pipes, whenever they are asked.
    """
    sources = project.datasources
    pipes, malformed = compiled(project.pipes, sources, secrets)
    rehearsal = database + _REHEARSAL_SUFFIX
    drop = partial(schema.drop_database, database=rehearsal)
    session = writer.connect()
    reading = ChdbSession(writer.folder, _LIMITS.as_settings())
    reading.use(rehearsal)
    try:
        writer.run(drop)
        definitions, refused = _rehearse(writer, rehearsal, sources.values())
        texts = (node.sql for pipe in pipes.values() for node in pipe.pipe.nodes)
        if any(list(service_datasources.named_in(text)) for text in texts):
            writer.run(partial(service_datasources.create, database=rehearsal))
        mistakes = [*project.mistakes, *malformed, *circles(pipes.values()), *refused]
        found = Found(mistakes, [])
        sound = _without(_unserved(mistakes, pipes), pipes)
        check_pipes(sound.values(), writer.folder, rehearsal, found)
        sound = _without(_unserved(mistakes, pipes), pipes)
        views = check_views(session, reading, rehearsal, sound, definitions, found=found)
        copies = check_copies(reading, sound, definitions, found)
        kept, running = schema.definitions(session, database), materialized.views(session, database)
    finally:
        session.close()
        reading.close()
        writer.run(drop)
    views = {
        name: replace(view, query=view.query.replace(f"{rehearsal}.", f"{database}."))
        for name, view in views.items()
    }
    taken = _without(_by_name(refused), sources)
    compare = partial(
        materialized.stale, running=running, sources=taken, kept=kept, wanted=definitions
    )
    mistakes += [
        pipes[view.pipe].filling.mistake(
            _GONE.format(target=view.target, source=view.source, engine=engine)
        )
        for view in views.values()
        if (engine := tables.removes_rows(sources[view.source]))
        if view.target in kept and not kept[view.target].is_empty
        if view.target in compare(views)
    ]
    # A mistake costs views, and what no view fills cannot be filled anew.
    while True:
        anew = compare(views)
        changed = schema.mistakes(_without(anew, taken).values(), kept, definitions)
        unserved = _unserved([*mistakes, *changed], pipes)
        if views.keys().isdisjoint(unserved):
            break
        views = _without(unserved, views)
    mistakes += changed
    return Checked(
        datasources=_without(unserved, sources),
        pipes=_without(unserved, pipes),
        definitions=definitions,
        views=views,
        anew=anew,
        copies=_without(unserved, copies),
        unserved=unserved,
        mistakes=tuple(mistakes),
        doubts=(*found.doubts, *not_run(project.pipes.values(), sources.values())),
    )


def _rehearse(
    writer: Writer, rehearsal: str, sources: Iterable[DataSource]
) -> tuple[dict[str, Definition], list[ProjectError]]:
    """Make all tables of ``sources``, without rows.

    Returns:
        Each table as ClickHouse spells it, by name; and for each data source that ClickHouse does
        not take, the line of the first column, engine, key, TTL or index that it refuses.
    """
    writer.run(partial(schema.create_database, database=rehearsal))
    mistakes = []
    for source in sources:
        try:
            writer.run(partial(schema.create, database=rehearsal, source=source))
        except QueryFailed as failure:
            # On another connection: the one that failed is closed.
            find = partial(_mistake, source=source, rehearsal=rehearsal, failure=failure)
            mistakes.append(writer.run(find))
    return writer.run(partial(schema.definitions, database=rehearsal)), mistakes


def _mistake(
    session: ChdbSession, source: DataSource, rehearsal: str, failure: QueryFailed
) -> ProjectError:
    """Build the table up step by step; the first step that ClickHouse refuses has the mistake."""
    table = f"{rehearsal}.{quoted(source.name)}"
    session.query(f"DROP TABLE IF EXISTS {table} SYNC")
    for line, part in _steps(source):
        try:
            session.query(tables.create_table(part, table))
        except QueryFailed as found:
            return ProjectError(source.path, line, for_author(found, rehearsal))
        session.query(f"DROP TABLE {table} SYNC")
    # The table is good, so it is the way of the rows into it; the failure may name the column.
    for column in source.columns:
        if tables.bare_type(column).startswith("Nested("):
            return ProjectError(source.path, column.line, _NESTED.format(column.name))
    named = (column.line for column in source.columns if quoted(column.name) in failure.message)
    line = next(named, source.line_of("SCHEMA"))
    return ProjectError(source.path, line, for_author(failure, rehearsal))


def _steps(source: DataSource) -> Iterator[tuple[int, DataSource]]:
    """Yield more and more of a data source, each time with the line of what is new."""
    bare = tuple(replace(column, default=None, codec=None) for column in source.columns)
    start = replace(source, columns=bare, engine="MergeTree", engine_settings={}, indexes=())
    for column in bare:
        yield column.line, replace(start, columns=(column,))
    yield source.line_of("SCHEMA"), start
    for place, column in enumerate(source.columns):
        yield column.line, replace(start, columns=(*bare[:place], column, *bare[place + 1 :]))
    given = source.engine_settings
    settings = {key: given[key] for key in tables.ENGINE_ARGUMENTS if key in given}
    names = {column.name for column in source.columns}
    strange = [key for key, value in settings.items() if value.strip("`") not in names]
    part = replace(start, columns=source.columns, engine=source.engine, engine_settings=settings)
    yield source.line_of(*strange, "ENGINE"), part
    for keyword in _CLAUSES:
        if keyword in given:
            settings = {**settings, keyword: given[keyword]}
            part = replace(part, engine_settings=settings)
            yield source.line_of(keyword), part
    for place, line in enumerate(source.index_lines):
        yield line, replace(part, indexes=source.indexes[: place + 1])


def _unserved(
    mistakes: Iterable[ProjectError], pipes: Mapping[str, CompiledPipe]
) -> dict[str, ProjectError]:
    """Return the first mistake of each name, also of pipes that read from what has one."""
    found = _by_name(mistakes)
    while more := {
        name: found[read]
        for name, pipe in pipes.items()
        if name not in found
        for node in pipe.pipe.nodes
        # Its own nodes come first; but what has the name of the node itself is not of the pipe.
        for read in {
            *pipe.reads[node.name].difference(pipe.reads.keys() - {node.name}),
            node.target,
        }
        & found.keys()
    }:
        found |= more
    return found


def _by_name(mistakes: Iterable[ProjectError]) -> dict[str, ProjectError]:
    found: dict[str, ProjectError] = {}
    for mistake in mistakes:
        # A data source or a pipe is named as its file is.
        found.setdefault(mistake.file.stem, mistake)
    return found


def _without(names: Collection[str], all_of_them: Mapping[str, _T]) -> dict[str, _T]:
    return {name: one for name, one in all_of_them.items() if name not in names}
