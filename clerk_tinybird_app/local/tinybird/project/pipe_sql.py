"""One SELECT from a pipe's nodes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.engine.tables import quoted
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.project.node_text import visible
from clerk_tinybird_app.tinybird.lint.sources import ANY_TABLE, sources
from clerk_tinybird_app.tinybird.project import Node, Pipe, ProjectError
from clerk_tinybird_app.tinybird.template import QueryContext, Template, TemplateError

_LEADING: Final = re.compile(r"\A(?:\s+|(?:--|\#[ !])[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_WITH: Final = re.compile(r"WITH\b(?:\s+RECURSIVE\b)?", re.IGNORECASE)
_ALL_ROWS: Final = 2**63 - 1
_NOTHING: Final = QueryContext()


@dataclass(frozen=True)
class CompiledPipe:
    """A pipe whose nodes' templates are compiled.

    Attributes:
        pipe: As the project has it.
        templates: Each node's template, by the node's name.
        reads: For each node, every name that stands where a table can, `ANY_TABLE` for one that
            only a request chooses.
        uses: For each node, the nodes and other pipes that it reads from.
        others: All pipes by name, for those that this one reads from.
        datasources: The names of all data sources.
    """

    pipe: Pipe
    templates: Mapping[str, Template]
    reads: Mapping[str, frozenset[str]]
    uses: Mapping[str, frozenset[str]]
    others: Mapping[str, "CompiledPipe"] = field(repr=False, compare=False)
    datasources: frozenset[str] = field(repr=False, compare=False)

    def sql(self, values: Mapping[str, Any]) -> str:
        """Return the pipe's query.

        Args:
            values: The parameters, as texts or JSON values.

        Raises:
            TemplateError: A parameter is missing or of the wrong type.
            ApiError: 400, pipes or nodes read from each other in a circle.
        """
        return self.query(
            self.pipe.endpoint,
            lambda pipe, node: pipe.templates[node.name].render(values, pipe.context(node)),
        )

    def query(self, node: Node, render: "Render", way: tuple[str, ...] = ()) -> str:
        """Return the query of one node, after those that it reads from.

        Args:
            node: One of this pipe's.
            render: Writes the SQL of one node alone.
            way: The nodes that lead to this one.

        Raises:
            ApiError: 400, pipes or nodes read from each other in a circle.
        """
        written: dict[str, str] = {}
        own = {node.name: node for node in self.pipe.nodes}

        def write(node: Node, way: tuple[str, ...]) -> str:
            way = _onward(way, f"{self.pipe.name}.{node.name}")
            sql = plain(render(self, node))
            for name in sorted(self._used(node, sql) - written.keys()):
                if name in own:
                    written[name] = write(own[name], way)
                else:
                    other = self.others[name]
                    written[name] = other.query(other.pipe.endpoint, render, way)
            return sql

        query = write(node, way)
        return with_before(written, query)

    def context(self, node: Node) -> QueryContext:
        """Return what the template of a node may reach besides its parameters."""
        if ANY_TABLE not in self.reads[node.name]:
            return _NOTHING
        return QueryContext(tables=self._within_reach(node) | self.datasources)

    def _used(self, node: Node, sql: str) -> frozenset[str]:
        """Return what a node reads from, in which a request may have had a choice."""
        used = self.uses[node.name]
        if ANY_TABLE in self.reads[node.name]:
            used |= sources(sql) & self._within_reach(node)
        return used

    def _within_reach(self, node: Node) -> frozenset[str]:
        nodes = {each.name for each in self.pipe.nodes} - {node.name}
        return frozenset(nodes | (self.others.keys() - {self.pipe.name}))


Render = Callable[[CompiledPipe, Node], str]
"""Writes the SQL of one node of a pipe."""


def compiled(
    pipes: Mapping[str, Pipe], datasources: Iterable[str] = ()
) -> tuple[dict[str, CompiledPipe], list[ProjectError]]:
    """Compile pipes, which may read from each other and from data sources by their names.

    Returns:
        Those whose templates are well formed, by name, and the mistakes in the others.
    """
    found: dict[str, CompiledPipe] = {}
    mistakes: list[ProjectError] = []
    for name, pipe in pipes.items():
        reads = {node.name: sources(node.sql) for node in pipe.nodes}
        names = reads.keys() | (pipes.keys() - {name})
        templates = {}
        for node in pipe.nodes:
            try:
                templates[node.name] = Template(node.sql, is_template=node.is_template)
            except TemplateError as error:
                line = node.line + (error.line or 1) - 1
                mistakes.append(ProjectError(pipe.path, line, error.message))
        if len(templates) == len(pipe.nodes):
            found[name] = CompiledPipe(
                pipe=pipe,
                templates=templates,
                reads=reads,
                uses={node: reads[node] & (names - {node}) for node in reads},
                others=found,
                datasources=frozenset(datasources),
            )
    return found, mistakes


def _onward(way: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the way with one more node on it, unless that closes a circle."""
    if name in way:
        raise bad_request(f"[Error] Circular reference: {' -> '.join((*way, name))}")
    return (*way, name)


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
    return f"SELECT * FROM view({sql}\n) LIMIT {_ALL_ROWS}"  # noqa: S608 - a trusted query


def with_before(ctes: Mapping[str, str], sql: str) -> str:
    """Return ``sql`` with named queries before its own, in their order."""
    if not ctes:
        return sql
    # The line break ends a comment that a query may end with.
    before = ", ".join(f"{quoted(name)} AS ({query}\n)" for name, query in ctes.items())
    if found := _WITH.match(sql):
        return f"{found.group()} {before}, {sql[found.end() :].lstrip()}"
    return f"WITH {before} {sql}"


_Place = tuple[CompiledPipe, Node]
_Key = tuple[str, str]


def circles(pipes: Mapping[str, CompiledPipe]) -> Iterator[ProjectError]:
    """Yield a mistake for each circle, on the line that closes it."""
    done: set[_Key] = set()
    for pipe in pipes.values():
        for node in pipe.pipe.nodes:
            yield from _from((pipe, node), pipes, {}, done)


def _from(
    place: _Place, pipes: Mapping[str, CompiledPipe], way: dict[_Key, str], done: set[_Key]
) -> Iterator[ProjectError]:
    """Yield the circles that a node leads into, but for those found before.

    Args:
        place: The node.
        pipes: All pipes.
        way: The nodes that lead to it, in order, each with its name for people.
        done: The nodes that were looked at.
    """
    pipe, node = place
    if _key(place) in done:
        return
    done.add(_key(place))
    way = {**way, _key(place): f"{pipe.pipe.name}.{node.name}"}
    for name, following in _followed(pipe, node, pipes):
        key = _key(following)
        if key in way:
            names = list(way.values())[list(way).index(key) :]
            circle = " -> ".join((*names, names[0]))
            text = f"Circular reference: {circle}."
            yield ProjectError(pipe.pipe.path, _line(node, name), text)
        else:
            yield from _from(following, pipes, way, done)


def _followed(
    pipe: CompiledPipe, node: Node, pipes: Mapping[str, CompiledPipe]
) -> Iterator[tuple[str, _Place]]:
    own = {each.name: each for each in pipe.pipe.nodes}
    for name in sorted(pipe.uses[node.name]):
        if name in own:
            yield name, (pipe, own[name])
        elif name in pipes:
            yield name, (pipes[name], pipes[name].pipe.endpoint)


def _key(place: _Place) -> _Key:
    pipe, node = place
    return pipe.pipe.name, node.name


def _line(node: Node, name: str) -> int:
    """Return the file's line on which a node names what it reads from."""
    found = re.search(rf"\b{re.escape(name)}\b", visible(node.sql))
    return node.line + (node.sql.count("\n", 0, found.start()) if found else 0)
