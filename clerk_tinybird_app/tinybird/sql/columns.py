"""The names of the columns that an endpoint answers with."""

from collections.abc import Mapping

from sqlglot import exp

from clerk_tinybird_app.tinybird.project import Node, Pipe, Project
from clerk_tinybird_app.tinybird.sql.code import CannotJudge
from clerk_tinybird_app.tinybird.sql.statements import Statement, statements
from clerk_tinybird_app.tinybird.sql.variants import PREFIX

Columns = tuple[str, ...]
_Way = tuple[tuple[str, str], ...]


def columns_of(project: Project, pipe: Pipe) -> Columns | None:
    """Return the names of what the pipe's endpoint selects, in its order.

    Args:
        project: Where the nodes, pipes and data sources that it selects from are found.
        pipe: One of the project's.

    Returns:
        None when it cannot be told: an expression without a name, names that a request chooses,
        branches that select different columns, or SQL that cannot be read.
    """
    return _of_node(project, pipe, pipe.endpoint, ())


def _of_node(project: Project, pipe: Pipe, node: Node, way: _Way) -> Columns | None:
    key = (pipe.name, node.name)
    if key in way:
        return None
    try:
        found = statements(node)
    except CannotJudge:
        return None
    reader = _Reader(project, pipe, node, (*way, key))
    all_names = {reader.query(statement, statement.tree, {}) for statement in found}
    return all_names.pop() if len(all_names) == 1 else None


class _Reader:
    """Reads the queries of one node."""

    def __init__(self, project: Project, pipe: Pipe, node: Node, way: _Way) -> None:
        self._project = project
        self._pipe = pipe
        self._node = node
        self._way = way

    def query(
        self, statement: Statement, tree: exp.Expr, ctes: Mapping[str, Columns | None]
    ) -> Columns | None:
        """Return the names that a query selects; None when one of them cannot be told."""
        ctes = dict(ctes)
        written = tree.args.get("with_")
        for cte in written.expressions if written else ():
            if not cte.args.get("scalar"):
                ctes[cte.alias] = self.query(statement, cte.this, ctes)
        if isinstance(tree, (exp.Subquery, exp.SetOperation)):
            return self.query(statement, tree.this, ctes)
        if not isinstance(tree, exp.Select):
            return None
        names: list[str] = []
        for item in tree.expressions:
            if isinstance(item, exp.Star) and not any(item.args.values()):
                found = self._source(statement, tree, ctes)
            else:
                found = (item.alias_or_name,) if isinstance(item, (exp.Alias, exp.Column)) else None
            if found is None or any(name in ("", "*") or PREFIX in name for name in found):
                return None
            names += found
        return tuple(names)

    def _source(
        self, statement: Statement, tree: exp.Select, ctes: Mapping[str, Columns | None]
    ) -> Columns | None:
        """Return the names that ``*`` stands for."""
        read = tree.args.get("from_")
        source = read.this if read and not tree.args.get("joins") else None
        if isinstance(source, exp.Final):
            source = source.this
        if isinstance(source, exp.Subquery):
            return self.query(statement, source, ctes)
        if not isinstance(source, exp.Table):
            return None
        return ctes[source.name] if source.name in ctes else self._table(source.name)

    def _table(self, name: str) -> Columns | None:
        """Return the columns of a node, pipe or data source."""
        for node in self._pipe.nodes:
            if node.name == name != self._node.name:
                return _of_node(self._project, self._pipe, node, self._way)
        if name in self._project.pipes:
            pipe = self._project.pipes[name]
            return _of_node(self._project, pipe, pipe.endpoint, self._way)
        if name in self._project.datasources:
            return tuple(column.name for column in self._project.datasources[name].columns)
        return None
