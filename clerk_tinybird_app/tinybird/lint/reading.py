"""What reaches an endpoint's answer unfiltered, through nodes, pipes and queries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlglot import exp

from clerk_tinybird_app.tinybird.lint.conditions import function_name, reads_by_itself
from clerk_tinybird_app.tinybird.lint.parts import queries_within, renames, takes_some, used
from clerk_tinybird_app.tinybird.lint.relation import (
    NOTHING,
    Doubt,
    Place,
    Read,
    Relation,
    either,
    united,
)
from clerk_tinybird_app.tinybird.lint.selecting import Selecting
from clerk_tinybird_app.tinybird.policy import Tenant
from clerk_tinybird_app.tinybird.project import DataSource, Node, Pipe, Project
from clerk_tinybird_app.tinybird.sql.code import CannotJudge
from clerk_tinybird_app.tinybird.sql.statements import Statement, line_of, statements
from clerk_tinybird_app.tinybird.sql.variants import PREFIX

_WITHOUT_TENANTS: Final = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "one"}
    | {"generateseries", "generate_series", "generaterandom", "null"}
)
"""Tables and table functions whose rows are made up."""

_MERGING: Final = re.compile(r"(Replacing|Summing|Aggregating|Collapsing|Coalescing)MergeTree")
_OF_BRACKETS: Final = frozenset({"this", "alias", "with_"})
_SYSTEM: Final = "system"
_SERVICE: Final = "tinybird."
"""How the names of Tinybird's service data sources begin."""

_SETTINGS: Final = frozenset({"max_threads", "max_execution_time"})
"""Settings that change no row; some others read a table, drop rows or filter them."""

_FRACTION: Final = re.compile(r"0\.\d+|1 / [1-9]\d*")
"""A SAMPLE that takes a row for its key alone; how many rows there are decides on others."""

_Key = tuple[str, str, frozenset[str]]
"""The names of a pipe and a node, and of the values of a WITH around it."""


@dataclass(frozen=True)
class Scope:
    """Where a query stands.

    Attributes:
        pipe: The pipe.
        node: The node.
        statement: The node's query that it is a part of.
        ctes: The named queries before it, each with the scope that it was named in.
        aliases: The names of values of a WITH, which hold in all queries after them.
        seen: The tables and queries that were judged, by identity.
        judged: What the named queries give, by identity and by ``aliases``.
    """

    pipe: Pipe
    node: Node
    statement: Statement
    ctes: Mapping[str, tuple[exp.Expr, "Scope"]] = field(default_factory=dict)
    aliases: frozenset[str] = frozenset()
    seen: set[int] = field(default_factory=set)
    judged: dict[tuple[int, frozenset[str]], Relation] = field(default_factory=dict)

    def place(self, tree: exp.Expr) -> Place:
        """Return where a part of the query is in the file."""
        return Place(self.pipe.path, self.node.line + line_of(tree) - 1, self.node.name)


class Reading:
    """Judges queries of a project.

    Args:
        project: The project.
        tenant: How its tenants are named.
    """

    def __init__(self, project: Project, tenant: Tenant) -> None:
        self.tenant = tenant
        self._project = project
        self._feeders: dict[str, list[tuple[Pipe, Node]]] = {}
        for pipe in project.pipes.values():
            for node in pipe.nodes:
                if node.target:
                    self._feeders.setdefault(node.target, []).append((pipe, node))
        self._known: dict[_Key, Relation] = {}
        self._open: set[_Key] = set()
        self._met: set[_Key] = set()
        """Those of ``_open`` that were read while they were judged."""

    def endpoint(self, pipe: Pipe, aliases: frozenset[str] = frozenset()) -> Relation:
        """Return what a pipe answers."""
        return self._node(pipe, pipe.endpoint, aliases)

    def query(self, tree: exp.Expr, scope: Scope) -> Relation:
        """Return what a query gives.

        Raises:
            CannotJudge: It has something that is not understood.
        """
        scope.seen.add(id(tree))
        scope, before = self._after_with(tree, scope)
        if isinstance(tree, exp.Subquery):
            if {name for name, value in tree.args.items() if value} - _OF_BRACKETS or renames(tree):
                raise CannotJudge("a query in brackets has something after it", line_of(tree))
            found = self.query(tree.this, scope)
        elif isinstance(tree, exp.SetOperation):
            found = united(self.query(tree.left, scope), self.query(tree.right, scope))
            if takes_some(tree):
                found = found.mixed()
        elif isinstance(tree, exp.Select):
            found = Selecting(self, tree, scope).relation()
        else:
            raise CannotJudge(f"it has a {type(tree).__name__} for a query", line_of(tree))
        return replace(found, reads=found.reads | before.reads, doubts=found.doubts | before.doubts)

    def source(self, tree: exp.Expr, scope: Scope) -> Relation:
        """Return what stands after FROM or JOIN gives.

        Raises:
            CannotJudge: It is neither a table nor a query.
        """
        if isinstance(tree, exp.Final):
            tree = tree.this
        if isinstance(tree, exp.Subquery):
            return self.query(tree, scope)
        if not isinstance(tree, exp.Table) or renames(tree):
            raise CannotJudge("what it selects from is not understood", line_of(tree))
        scope.seen.add(id(tree))
        if isinstance(tree.this, exp.Func):
            return self._function(tree, scope)
        if not isinstance(tree.this, exp.Identifier) or PREFIX in tree.name:
            return self._doubt("it reads a table that the request chooses", tree, scope)
        return self.table(tree.name, tree.db, tree, scope)

    def table(self, name: str, database: str, tree: exp.Expr, scope: Scope) -> Relation:
        """Return what a table of this name gives."""
        if database == _SYSTEM and name in _WITHOUT_TENANTS:
            return Relation()
        if not database:
            if name in scope.ctes:
                return self._named(*scope.ctes[name], scope)
            own = {node.name: node for node in scope.pipe.nodes}
            if name in own and name != scope.node.name:
                return self._node(scope.pipe, own[name], scope.aliases)
            if name in self._project.pipes:
                return self.endpoint(self._project.pipes[name], scope.aliases)
        name = f"{database}.{name}" if database else name
        source = self._project.datasources.get(name)
        if source is None:
            is_told = name.startswith(_SERVICE)
            reason = "has the requests of all tenants" if is_told else "is not in the project"
            return self._doubt(f"it reads '{name}', which {reason}", tree, scope)
        return self._data_source(source, scope.place(tree))

    def is_table(self, name: str, scope: Scope) -> bool:
        """Tell whether a bare name could be a table's."""
        nodes = {node.name for node in scope.pipe.nodes}
        known = (scope.ctes, nodes, self._project.pipes, self._project.datasources)
        return any(name in names for names in known)

    def _data_source(self, source: DataSource, place: Place) -> Relation:
        names = tuple(column.name for column in source.columns)
        has_tenants = self.tenant.column in names
        columns = frozenset({self.tenant.column} if has_tenants else ())
        what = f"the data source '{source.name}'"
        read = Read(place, what, has_tenants=has_tenants, columns=columns)
        fed = either(self._fed(source, *feeder) for feeder in self._feeders.get(source.name, ()))
        # Without the column, what the rows are made of tells more than the data source.
        own = frozenset({read} if has_tenants or not fed.reads else ())
        found = Relation(own | fed.reads, fed.doubts, names)
        if has_tenants and _puts_together(source, self.tenant.column):
            reason = (
                f"{source.engine} puts rows of '{source.name}' with one sorting key together, and "
            )
            doubt = Doubt(place, f"{reason}the key lacks {self.tenant.column}")
            return replace(found, doubts=found.doubts | {doubt})
        return found

    def _fed(self, source: DataSource, pipe: Pipe, node: Node) -> Relation:
        """Return the reads whose rows a pipe puts into a data source without their tenant.

        What else the pipe makes of the rows is not judged: nearly every materialized pipe calls
        functions that this package knows nothing of.
        """
        given = self._node(pipe, node, frozenset())
        has_column = self.tenant.column in {column.name for column in source.columns}
        lost = (
            replace(read, columns=frozenset(), target=read.target or source.name)
            for read in given.reads
            if not has_column or self.tenant.column not in read.columns
        )
        return Relation(frozenset(lost), given.doubts)

    def _named(self, query: exp.Expr, around: Scope, scope: Scope) -> Relation:
        key = (id(query), scope.aliases)
        if key not in scope.judged:
            scope.judged[key] = self.query(query, replace(around, aliases=scope.aliases))
        return scope.judged[key]

    def _node(self, pipe: Pipe, node: Node, aliases: frozenset[str]) -> Relation:
        key = (pipe.name, node.name, aliases)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            # Copy pipes may go round in a circle; the data sources on it are judged by themselves.
            self._met.add(key)
            return NOTHING
        self._open.add(key)
        found = self._judged(pipe, node, aliases)
        self._open.discard(key)
        self._met.discard(key)
        if not self._met:
            # Otherwise it lacks what an open one gives, and holds for that one's judging only.
            self._known[key] = found
        return found

    def _judged(self, pipe: Pipe, node: Node, aliases: frozenset[str]) -> Relation:
        try:
            return either(
                self._statement(Scope(pipe, node, statement, aliases=aliases))
                for statement in statements(node)
            )
        except CannotJudge as doubt:
            place = Place(pipe.path, node.line + doubt.line - 1, node.name)
            return Relation(doubts=frozenset({Doubt(place, doubt.reason)}))

    def _statement(self, scope: Scope) -> Relation:
        tree = scope.statement.tree
        found = self.query(tree, scope)
        for part in used(tree, scope.seen):
            is_source = isinstance(part.parent, exp.Table)
            is_odd = isinstance(part, (exp.Aliases, exp.Lateral, exp.Pivot))
            if is_odd or (reads_by_itself(part) and not is_source):
                what = function_name(part) or type(part).__name__
                raise CannotJudge(f"what {what}() reads is not understood", line_of(part))
            size = str(part.args.get("size"))
            if isinstance(part, exp.TableSample) and not _FRACTION.fullmatch(size):
                raise CannotJudge(
                    "which rows SAMPLE takes may depend on others", line_of(part.parent or part)
                )
            for setting in part.args.get("settings") or ():
                if setting.this.name not in _SETTINGS:
                    reason = f"what the setting {setting.this.name} does to its rows is not known"
                    raise CannotJudge(reason, line_of(setting))
            if isinstance(part, exp.Query) and part.args.get("format"):
                raise CannotJudge("its FORMAT tells more than its rows", line_of(part))
            is_read = isinstance(part, (exp.Table, exp.Select, exp.SetOperation))
            if is_read and id(part) not in scope.seen:
                raise CannotJudge("it reads something in a place of its own", line_of(part))
        return found

    def _after_with(self, tree: exp.Expr, scope: Scope) -> tuple[Scope, Relation]:
        """Return the scope after a query's WITH, and what its values read."""
        written = tree.args.get("with_")
        if written is None:
            return scope, NOTHING
        if written.args.get("recursive"):
            raise CannotJudge("its WITH is RECURSIVE", line_of(written))
        values = []
        for cte in written.expressions:
            if cte.args.get("scalar"):
                scope = replace(scope, aliases=scope.aliases | {cte.alias})
                values += [self.query(one, scope).lost() for one in queries_within(cte.this)]
            elif self.is_table(cte.alias, scope) or renames(cte):
                raise CannotJudge(f"'{cte.alias}' names two things that it reads", line_of(cte))
            else:
                scope = replace(scope, ctes={**scope.ctes, cte.alias: (cte.this, scope)})
        return scope, either(values)

    def _function(self, tree: exp.Table, scope: Scope) -> Relation:
        name = function_name(tree.this)
        if name in _WITHOUT_TENANTS:
            within = [self.query(one, scope).lost() for one in queries_within(tree.this)]
            return either([Relation(), *within])
        read = Read(scope.place(tree), f"the table function {name}()")
        return Relation(reads=frozenset({read}))

    def _doubt(self, reason: str, tree: exp.Expr, scope: Scope) -> Relation:
        return Relation(doubts=frozenset({Doubt(scope.place(tree), reason)}))


def _puts_together(source: DataSource, tenant: str) -> bool:
    """Tell an engine that makes one row of several tenants' rows."""
    key = source.engine_settings.get("ENGINE_SORTING_KEY", "").split(",")
    has_tenant = tenant in {part.strip(" `()") for part in key}
    return _MERGING.search(source.engine) is not None and not has_tenant
