"""What one SELECT gives: which of its sources its own conditions keep to the asking tenant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlglot import exp

from clerk_tinybird_app.tinybird.lint.conditions import (
    conjuncts,
    function_name,
    in_names,
    kept_by,
    may_be_same,
    picked_by,
    same,
)
from clerk_tinybird_app.tinybird.lint.names import Name, Names
from clerk_tinybird_app.tinybird.lint.parts import level, takes_some
from clerk_tinybird_app.tinybird.lint.relation import Doubt, Read, Relation, either
from clerk_tinybird_app.tinybird.sql.code import CannotJudge
from clerk_tinybird_app.tinybird.sql.statements import line_of
from clerk_tinybird_app.tinybird.sql.variants import PREFIX

if TYPE_CHECKING:
    from clerk_tinybird_app.tinybird.lint.reading import Reading, Scope

_OF_ONE_ROW: Final = frozenset({"and", "or", "xor", "not", "cast", "case", "if", "coalesce"})
"""Functions that look at nothing but their row: of ClickHouse's many, a few that are common."""

_NOT_PLAIN: Final = "the tenant's column is compared with its parameter in a way of its own"


class _Fact(NamedTuple):
    """A column is equal to another one, or to the tenant's parameter.

    Attributes:
        name: The column.
        other: The other one; None for the parameter.
        only: The source whose rows it holds for; "" for all.
        holds: Whether it holds in all rows that the SELECT gives.
    """

    name: Name
    other: Name | None
    only: str
    holds: bool


class Selecting:
    """Judges one SELECT.

    Args:
        reading: Judges what it selects from.
        tree: The SELECT.
        scope: Where it stands.

    Raises:
        CannotJudge: It has something that is not understood.
    """

    def __init__(self, reading: "Reading", tree: exp.Select, scope: "Scope") -> None:
        self._reading = reading
        self._tree = tree
        self._scope = scope
        self._sources: dict[str, Relation] = {}
        self._joins: dict[str, exp.Join] = {}
        self._take_sources()
        self._parts = list(level(tree))
        self._names = Names(
            tree, scope.statement, self._sources, self._joins, scope.aliases, parts=self._parts
        )
        clauses = (tree.args.get("where"), tree.args.get("prewhere"))
        self._conditions = [each for clause in clauses for each in conjuncts(clause)]
        # Rows that ORDER BY ... WITH FILL makes up, out of the first and the last row.
        self._is_filled = any(isinstance(part, exp.WithFill) for part in self._parts)
        self._is_outer = any(join.side for join in self._joins.values())

    def relation(self) -> Relation:
        """Return what the SELECT gives.

        Raises:
            CannotJudge: It has something that is not understood.
        """
        beside = [query.lost() for query in self._queries_beside()]
        own = self._own()
        given = self._names.given()
        takes = takes_some(self._tree) or self._is_filled
        may_mix = takes or any(self._may_mix(part) for part in self._parts)
        sources = [
            Relation(
                frozenset(self._onward(read, alias, given, may_mix=may_mix) for read in one.reads),
                one.doubts,
            )
            for alias, one in self._sources.items()
        ]
        kept = frozenset(out for out, name in given.items() if name in own and not self._is_filled)
        return replace(either([*sources, *beside]), names=self._names.all_given(), own=kept)

    def _take_sources(self) -> None:
        read = self._tree.args.get("from_")
        if read is not None:
            self._take(read.this)
        for join in self._tree.args.get("joins") or ():
            if join.kind != "ARRAY":
                self._joins[self._take(join.this)] = join

    def _take(self, tree: exp.Expr) -> str:
        inner = tree.this if isinstance(tree, exp.Final) else tree
        alias = inner.alias_or_name or f" {len(self._sources)}"
        if alias in self._sources:
            raise CannotJudge(f"two of its sources are '{alias}'", line_of(tree))
        self._sources[alias] = self._reading.source(tree, self._scope)
        return alias

    def _queries_beside(self) -> Iterator[Relation]:
        """Yield what the queries in this SELECT's expressions give."""
        for part in self._parts:
            if isinstance(part, exp.Query):
                yield self._reading.query(part, self._scope)
            for name in in_names(part) if isinstance(part, exp.In) else ():
                is_elsewhere = bool(name.table) and name.table not in self._sources
                if is_elsewhere or self._reading.is_table(name.name, self._scope):
                    raise CannotJudge(f"IN {name.name} may read a table", line_of(name))

    def _own(self) -> set[Name]:
        """Take away the reads that conditions close; return the columns of the tenant's own id."""
        own = {
            Name(alias, column)
            for alias, one in self._sources.items()
            for column in one.own
            if not self._is_outer
        }
        closed = set(own)
        joined = {alias: list(self._joined(alias, join)) for alias, join in self._joins.items()}
        facts = list(self._equal(self._conditions, "", holds=True))
        facts += [fact for facts in joined.values() for fact in facts]
        self._mix_picked(joined)
        for name, other, only, holds in facts * len(facts):
            if (other is None or other in own) and only in ("", name.source):
                closed.add(name)
                own |= {name} if holds else set()
        for name in closed:
            self._close(name)
        self._doubt_what_looks_filtered()
        return own

    def _joined(self, alias: str, join: exp.Join) -> Iterator[_Fact]:
        """Yield what a join's own condition says."""
        kept = kept_by(join)
        if kept:
            only = alias if kept == "right" else ""
            holds = not self._is_outer
            yield from self._equal(conjuncts(join.args.get("on")), only, holds=holds)
            for name in join.args.get("using") or ():
                before = self._names.only_before(alias, name.name)
                if before is not None:
                    yield from _both_ways(before, Name(alias, name.name), only, holds=holds)

    def _mix_picked(self, joined: Mapping[str, list[_Fact]]) -> None:
        """Mark what a join picks one row of; filtered after it, the one may have been another's."""
        order = list(self._sources)
        for alias, facts in joined.items():
            tied = {fact.name for fact in facts}
            picked = picked_by(self._joins[alias])
            before = order[: order.index(alias)]
            for each in [*(before if "left" in picked else ()), *([alias] * ("right" in picked))]:
                one = self._sources[each]
                loose = {
                    read
                    for read in one.reads
                    if not any(Name(each, column) in tied for column in read.columns)
                }
                mixed = {replace(read, is_mixed=True) for read in loose}
                self._sources[each] = replace(one, reads=one.reads - loose | mixed)

    def _equal(self, conditions: Iterable[exp.Expr], only: str, *, holds: bool) -> Iterator[_Fact]:
        for condition in conditions:
            found = same(condition, self._scope.statement, self._reading.tenant.parameter)
            first = self._names.name(found.column) if found else None
            if found is not None and first is not None:
                second = self._names.name(found.other) if found.other is not None else None
                if second is not None:
                    yield from _both_ways(first, second, only, holds=holds)
                elif found.other is None:
                    yield _Fact(first, None, only, holds)
            elif isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
                first = self._names.name(condition.this)
                if first is not None and self._gives_own(condition.args.get("query")):
                    yield _Fact(first, None, only, holds)

    def _gives_own(self, query: exp.Expr | None) -> bool:
        """Tell a query of one column, which holds nothing but the tenant's own id."""
        if query is None:
            return False
        found = self._reading.query(query, self._scope)
        return found.names is not None and len(found.names) == 1 and found.names[0] in found.own

    def _close(self, name: Name) -> None:
        """Take away the reads that a filter of the column closes."""
        late = f"{name.column} is filtered only after rows may have been put together"
        self._end(name, late, is_right=True)

    def _end(self, name: Name, reason: str, *, is_right: bool = False) -> None:
        """Turn the reads with the column into doubts; those rightly filtered into nothing."""
        source = self._sources[name.source]
        met = {read for read in source.reads if name.column in read.columns}
        doubts = {Doubt(read.place, reason) for read in met if read.is_mixed or not is_right}
        self._sources[name.source] = replace(
            source, reads=source.reads - met, doubts=source.doubts | doubts
        )

    def _doubt_what_looks_filtered(self) -> None:
        """Turn reads into doubts where a condition may be a filter in a way not understood."""
        tenant, statement = self._reading.tenant, self._scope.statement
        for condition in self._conditions:
            is_odd = may_be_same(condition, statement, tenant.column, tenant.parameter)
            if is_odd and not same(condition, statement, tenant.parameter):
                for alias in self._sources:
                    self._end(Name(alias, tenant.column), _NOT_PLAIN)

    def _onward(self, read: Read, alias: str, given: dict[str, Name], *, may_mix: bool) -> Read:
        """Return an open read as what is around the SELECT sees it."""
        columns = frozenset(
            out
            for out, name in given.items()
            if name.source == alias and name.column in read.columns
        )
        if any(isinstance(part, exp.Window) for part in self._parts):
            # It looks at all rows, whatever is filtered after it.
            columns = frozenset()
        return replace(read, columns=columns, is_mixed=read.is_mixed or may_mix)

    def _may_mix(self, part: exp.Expr) -> bool:
        """Tell a function that may look at other rows than its own, or its group's."""
        name = function_name(part)
        is_of_group = isinstance(part, exp.AggFunc) and self._tree.args.get("group") is not None
        return bool(name) and not (name in _OF_ONE_ROW or is_of_group or name.startswith(PREFIX))


def _both_ways(first: Name, second: Name, only: str, *, holds: bool) -> Iterator[_Fact]:
    yield _Fact(first, second, only, holds)
    yield _Fact(second, first, only, holds)
