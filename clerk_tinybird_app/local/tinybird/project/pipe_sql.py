"""One SELECT from a pipe's nodes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from clerk_tinybird_app.local.tinybird.engine.tables import quoted
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.project import service_datasources
from clerk_tinybird_app.local.tinybird.project.node_text import visible
from clerk_tinybird_app.tinybird.project import TARGETS, Node, Pipe, ProjectError
from clerk_tinybird_app.tinybird.sql.sources import ANY_TABLE, named_in, sources
from clerk_tinybird_app.tinybird.template import Parameter, QueryContext, Template, TemplateError

_LEADING: Final = re.compile(r"\A(?:\s+|(?:--|\#[ !])[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_WITH: Final = re.compile(r"WITH\b(?:\s+RECURSIVE\b)?", re.IGNORECASE)
_ALL_ROWS: Final = 2**63 - 1

PlaceKey = tuple[str, str]
"""A pipe's name and a node's."""

Render = Callable[["Place"], str]
"""Writes the SQL of one node alone."""


class Place(NamedTuple):
    """A node and the pipe that it is in."""

    pipe: "CompiledPipe"
    node: Node

    @property
    def key(self) -> PlaceKey:
        """Return what tells it from other places."""
        return self.pipe.pipe.name, self.node.name

    @property
    def context(self) -> QueryContext:
        """Return what its template may reach besides its parameters."""
        secrets = self.pipe.secrets
        if ANY_TABLE not in self.pipe.reads[self.node.name]:
            return QueryContext(secrets=secrets)
        return QueryContext(tables=self._within_reach | self.pipe.datasources, secrets=secrets)

    def sql(self, values: Mapping[str, Any]) -> str:
        """Return the query of its rows with these parameters, texts or JSON values.

        Raises:
            TemplateError: A parameter is missing or of the wrong type.
            ApiError: 400, pipes or nodes read from each other in a circle.
        """
        return self.query(lambda place: place.rendered(values))

    def rendered(self, values: Mapping[str, Any]) -> str:
        """Return the SQL of the node alone."""
        return self.pipe.templates[self.node.name].render(values, self.context)

    def query(self, render: Render, path: tuple[PlaceKey, ...] = ()) -> str:
        """Return its query, after those that it reads from; ``path`` is what leads to it.

        Raises:
            ApiError: 400, pipes or nodes read from each other in a circle.
        """
        written: dict[str, str] = {}

        def write(place: Place, path: tuple[PlaceKey, ...]) -> str:
            if place.key in path:
                circle = " -> ".join(map(".".join, (*path, place.key)))
                raise bad_request(f"[Error] Circular reference: {circle}")
            path = (*path, place.key)
            sql = plain(render(place))
            for name in service_datasources.named_in(place.node.sql):
                written[name] = service_datasources.query(name)
            for name, read in place.reads(sql):
                if name not in written:
                    is_own = read.pipe is self.pipe
                    written[name] = write(read, path) if is_own else read.query(render, path)
            return sql

        query = write(self, path)
        return with_before(written, query)

    def reads(self, sql: str = "") -> Iterator[tuple[str, "Place"]]:
        """Yield what it reads from, each with its name there: other nodes, ends of pipes.

        Of what a request has a choice of, those are meant that ``sql`` names, its SQL then.
        """
        names = self.pipe.uses[self.node.name]
        if ANY_TABLE in self.pipe.reads[self.node.name]:
            names |= self._within_reach.intersection(named_in(sql))
        for name in sorted(names):
            if name in self.pipe.places:
                yield name, self.pipe.places[name]
            # A pipe that does not compile is nowhere.
            elif name in self.pipe.others:
                yield name, self.pipe.others[name].endpoint

    @property
    def _within_reach(self) -> frozenset[str]:
        others = self.pipe.others.keys() - {self.pipe.pipe.name}
        return frozenset((self.pipe.reads.keys() - {self.node.name}) | others)

    def mistake(self, text: str, name: str = "") -> ProjectError:
        """Return a mistake, where its SQL has a name; without one, where it names what it fills."""
        node = self.node
        line = node.lines.get(TARGETS.get(node.type, ""), node.line)
        if name:
            found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", visible(node.sql))
            line = node.line + (node.sql.count("\n", 0, found.start()) if found else 0)
        return ProjectError(self.pipe.pipe.path, line, text)


@dataclass(frozen=True)
class CompiledPipe:
    """A pipe whose nodes' templates are compiled.

    Each node, by its name, ``reads`` every name that stands where a table can, `ANY_TABLE` for one
    that only a request chooses, and ``uses`` the nodes and pipes among them. The ``others`` are all
    pipes by name, the ``secrets`` the values for ``tb_secret``, as they are when it is asked.
    """

    pipe: Pipe
    templates: Mapping[str, Template]
    reads: Mapping[str, frozenset[str]]
    uses: Mapping[str, frozenset[str]]
    others: Mapping[str, "CompiledPipe"] = field(repr=False, compare=False)
    datasources: frozenset[str] = field(repr=False, compare=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """All its nodes by their names."""
        return {node.name: Place(self, node) for node in self.pipe.nodes}

    @property
    def endpoint(self) -> Place:
        """The node whose rows are the pipe's."""
        return Place(self, self.pipe.endpoint)

    @property
    def filling(self) -> Place:
        """The node whose rows go into a data source, in a pipe that has one."""
        return Place(self, self.pipe.filling or self.pipe.endpoint)

    def sql(self, values: Mapping[str, Any]) -> str:
        """Return the pipe's query with these parameters, see `Place.sql`."""
        return self.endpoint.sql(values)


def compiled(
    pipes: Mapping[str, Pipe],
    datasources: Iterable[str] = (),
    secrets: Mapping[str, str] = MappingProxyType({}),
) -> tuple[dict[str, CompiledPipe], list[ProjectError]]:
    """Compile pipes, which may read from each other and from data sources by their names.

    Return those whose templates are well formed, by name, and the mistakes in the others.
    """
    found: dict[str, CompiledPipe] = {}
    names_of_data = frozenset(datasources)
    mistakes: list[ProjectError] = []
    for name, pipe in pipes.items():
        templates = {}
        for node in pipe.nodes:
            try:
                templates[node.name] = Template(node.sql, is_template=node.is_template)
            except TemplateError as error:
                line = node.line + (error.line or 1) - 1
                mistakes.append(ProjectError(pipe.path, line, error.message))
        if len(templates) == len(pipe.nodes):
            reads = {node.name: sources(node) for node in pipe.nodes}
            names = reads.keys() | (pipes.keys() - {name})
            uses = {node: reads[node] & (names - {node}) for node in reads}
            found[name] = CompiledPipe(pipe, templates, reads, uses, found, names_of_data, secrets)
    return found, mistakes


def chain(last: Place) -> list[Place]:
    """Return a node and all that it reads from, each after what it reads from itself."""
    found: list[Place] = []
    entered: set[PlaceKey] = set()

    def enter(place: Place) -> None:
        if place.key not in entered:
            entered.add(place.key)
            for _, read in place.reads():
                enter(read)
            found.append(place)

    enter(last)
    return found


def parameters_of(places: Iterable[Place]) -> list[Parameter]:
    """Return the parameters of nodes' templates."""
    templates = (pipe.templates[node.name] for pipe, node in places)
    return [each for template in templates for each in template.parameters]


def datasources_of(place: Place) -> frozenset[str]:
    """Return the data sources that a node reads, also through other nodes and pipes."""
    found: set[str] = set()
    for pipe, node in chain(place):
        found |= (pipe.reads[node.name] - pipe.uses[node.name]) & pipe.datasources
    return frozenset(found)


def circles(pipes: Iterable[CompiledPipe]) -> Iterator[ProjectError]:
    """Yield a mistake for each circle of nodes that read from each other, where it closes."""
    done: set[PlaceKey] = set()

    def follow(place: Place, path: tuple[PlaceKey, ...]) -> Iterator[ProjectError]:
        if place.key in done:
            return
        done.add(place.key)
        path = (*path, place.key)
        for name, read in place.reads():
            if read.key not in path:
                yield from follow(read, path)
                continue
            circle = " -> ".join(map(".".join, (*path[path.index(read.key) :], read.key)))
            yield place.mistake(f"Circular reference: {circle}.", name)

    for pipe in pipes:
        for place in pipe.places.values():
            yield from follow(place, ())


def plain(sql: str) -> str:
    """Return SQL without comments before it and semicolons after it."""
    text = _LEADING.sub("", sql).rstrip()
    # A pattern would begin anew at every space of the query.
    while text.endswith(";"):
        text = text.rstrip(";").rstrip()
    return text


def sealed(sql: str) -> str:
    """Return ``sql`` as a query that nothing around it can change or look behind.

    ClickHouse resolves the names in a CTE, functions and operators included, through the aliases
    of the query around it: a caller's ``(a, b) -> 1 AS equals`` would make every filter true.
    The body of ``view()`` is a scope of its own.

    It also moves conditions inwards, to rows that the query's own filter keeps out: a caller's
    ``WHERE throwIf(...)`` would tell of them. It moves none past a LIMIT.
    """
    return f"SELECT * FROM view({sql}\n) LIMIT {_ALL_ROWS}"


def with_before(ctes: Mapping[str, str], sql: str) -> str:
    """Return ``sql`` with named queries before its own, in their order."""
    if not ctes:
        return sql
    # The line break ends a comment that a query may end with.
    before = ", ".join(f"{quoted(name)} AS ({query}\n)" for name, query in ctes.items())
    if found := _WITH.match(sql):
        return f"{found.group()} {before}, {sql[found.end() :].lstrip()}"
    return f"WITH {before} {sql}"
