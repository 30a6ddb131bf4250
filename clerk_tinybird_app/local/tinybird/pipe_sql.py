"""One SELECT from a pipe's nodes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.tables import quoted
from clerk_tinybird_app.tinybird.lint.sources import sources
from clerk_tinybird_app.tinybird.project import Node, Pipe, ProjectError
from clerk_tinybird_app.tinybird.template import Template, TemplateError

_LEADING: Final = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_TRAILING: Final = re.compile(r"[\s;]+\Z")
_WITH: Final = re.compile(r"WITH\b(?:\s+RECURSIVE\b)?", re.IGNORECASE)
_ALL_ROWS: Final = 2**63 - 1


@dataclass(frozen=True)
class CompiledPipe:
    """A pipe whose nodes' templates are compiled.

    Attributes:
        pipe: As the project has it.
        templates: Each node's template, by the node's name.
        uses: For each node, the nodes and other pipes that it reads from.
        others: All pipes by name, for those that this one reads from.
    """

    pipe: Pipe
    templates: Mapping[str, Template]
    uses: Mapping[str, frozenset[str]]
    others: Mapping[str, "CompiledPipe"] = field(repr=False, compare=False)

    @classmethod
    def all_of(cls, pipes: Mapping[str, Pipe]) -> "dict[str, CompiledPipe]":
        """Compile ``pipes``, which may read from each other by their names.

        Raises:
            ProjectError: A node's template is malformed.
        """
        compiled: dict[str, CompiledPipe] = {}
        for name, pipe in pipes.items():
            compiled[name] = cls._of(pipe, frozenset(pipes), compiled)
        return compiled

    @classmethod
    def _of(
        cls, pipe: Pipe, pipes: frozenset[str], others: Mapping[str, "CompiledPipe"]
    ) -> "CompiledPipe":
        names = {node.name for node in pipe.nodes} | (pipes - {pipe.name})
        return cls(
            pipe=pipe,
            templates={node.name: _template(pipe, node) for node in pipe.nodes},
            uses={node.name: sources(node.sql) & (names - {node.name}) for node in pipe.nodes},
            others=others,
        )

    def sql(self, values: Mapping[str, Any]) -> str:
        """Return the pipe's query.

        Args:
            values: The parameters, as texts or JSON values.

        Raises:
            TemplateError: A parameter is missing or of the wrong type.
            ApiError: 400, pipes or nodes read from each other in a circle.
        """
        return self.query(
            self.pipe.endpoint, lambda pipe, node: pipe.templates[node.name].render(values)
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
            for name in sorted(self.uses[node.name] - written.keys()):
                if name in own:
                    written[name] = write(own[name], way)
                else:
                    other = self.others[name]
                    written[name] = other.query(other.pipe.endpoint, render, way)
            return plain(render(self, node))

        query = write(node, way)
        return with_before(written, query)


Render = Callable[[CompiledPipe, Node], str]
"""Writes the SQL of one node of a pipe."""


def _onward(way: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the way with one more node on it, unless that closes a circle."""
    if name in way:
        raise bad_request(f"[Error] Circular reference: {' -> '.join((*way, name))}")
    return (*way, name)


def _template(pipe: Pipe, node: Node) -> Template:
    try:
        return Template(node.sql, is_template=node.is_template)
    except TemplateError as error:
        line = node.line + (error.line or 1) - 1
        raise ProjectError(pipe.path, line, error.message) from error


def plain(sql: str) -> str:
    """Return SQL without comments before it and semicolons after it."""
    return _TRAILING.sub("", _LEADING.sub("", sql))


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
