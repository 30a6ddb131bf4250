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
from clerk_tinybird_app.tinybird.lint.relation import Doubt, Read, Relation, either
from clerk_tinybird_app.tinybird.sql.code import CannotJudge
from clerk_tinybird_app.tinybird.sql.statements import line_of
from clerk_tinybird_app.tinybird.sql.variants import PREFIX

if TYPE_CHECKING:
    from clerk_tinybird_app.tinybird.lint.reading import Reading, Scope

_OF_ONE_ROW: Final = frozenset({"and", "or", "xor", "not", "cast", "case", "if", "coalesce"})
"""Functions that look at nothing but their row: of ClickHouse's many, a few that are common."""

_WITH_TOTALS: Final = (exp.Rollup, exp.Cube, exp.GroupingSets)
_NOT_PLAIN: Final = "the tenant's column is compared with its parameter in a way of its own"


class _Name(NamedTuple):
    source: str
    column: str


class _Fact(NamedTuple):
    """A column is equal to another one, or to the tenant's parameter.

    Attributes:
        name: The column.
        other: The other one; None for the parameter.
        only: The source whose rows it holds for; "" for all.
        holds: Whether it holds in all rows that the SELECT gives.
    """

    name: _Name
    other: _Name | None
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
        self._parts = list(_level(tree))
        clauses = (tree.args.get("where"), tree.args.get("prewhere"))
        self._conditions = [each for clause in clauses for each in conjuncts(clause)]
        # Rows that ORDER BY ... WITH FILL makes up, out of the first and the last row.
        self._is_filled = any(isinstance(part, exp.WithFill) for part in self._parts)
        self._aliases = scope.aliases | {part.alias for part in self._parts if self._hides(part)}
        self._is_outer = any(join.side for join in self._joins.values())

    def relation(self) -> Relation:
        """Return what the SELECT gives.

        Raises:
            CannotJudge: It has something that is not understood.
        """
        beside = [query.lost() for query in self._queries_beside()]
        own = self._own()
        given = self._given()
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
        return replace(either([*sources, *beside]), names=self._names(), own=kept)

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

    def _hides(self, part: exp.Expr) -> bool:
        """Tell an alias after whose name something else is found than its column."""
        if not isinstance(part, exp.Alias):
            return False
        inner = part.this
        is_itself = isinstance(inner, exp.Column) and inner.name == part.alias
        return not is_itself or inner.table not in ("", *self._sources)

    def _queries_beside(self) -> Iterator[Relation]:
        """Yield what the queries in this SELECT's expressions give."""
        for part in self._parts:
            if isinstance(part, exp.Query):
                yield self._reading.query(part, self._scope)
            for name in in_names(part) if isinstance(part, exp.In) else ():
                if self._reading.is_table(name.name, self._scope):
                    raise CannotJudge(f"IN {name.name} may read a table", line_of(name))

    def _own(self) -> set[_Name]:
        """Take away the reads that conditions close; return the columns of the tenant's own id."""
        own = {
            _Name(alias, column)
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
                before = self._only_before(alias, name.name)
                if before is not None:
                    yield from _both_ways(before, _Name(alias, name.name), only, holds=holds)

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
                    if not any(_Name(each, column) in tied for column in read.columns)
                }
                mixed = {replace(read, is_mixed=True) for read in loose}
                self._sources[each] = replace(one, reads=one.reads - loose | mixed)

    def _equal(self, conditions: Iterable[exp.Expr], only: str, *, holds: bool) -> Iterator[_Fact]:
        for condition in conditions:
            found = same(condition, self._scope.statement, self._reading.tenant.parameter)
            first = self._name(found.column) if found else None
            if found is not None and first is not None:
                second = self._name(found.other) if found.other is not None else None
                if second is not None:
                    yield from _both_ways(first, second, only, holds=holds)
                elif found.other is None:
                    yield _Fact(first, None, only, holds)
            elif isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
                first = self._name(condition.this)
                if first is not None and self._gives_own(condition.args.get("query")):
                    yield _Fact(first, None, only, holds)

    def _gives_own(self, query: exp.Expr | None) -> bool:
        """Tell a query of one column, which holds nothing but the tenant's own id."""
        if query is None:
            return False
        found = self._reading.query(query, self._scope)
        return found.names is not None and len(found.names) == 1 and found.names[0] in found.own

    def _only_before(self, alias: str, column: str) -> _Name | None:
        """Return the one source before a join that has the column which it is joined by."""
        earlier = list(self._sources)[: list(self._sources).index(alias)]
        having = [each for each in earlier if self._sources[each].may_have(column)]
        return _Name(having[0], column) if len(having) == 1 else None

    def _name(self, column: exp.Column) -> _Name | None:
        """Return what a column's name stands for; None when it could be something else."""
        name, source = column.name, column.table
        taken = self._aliases | self._sources.keys() - {source}
        if column.args.get("db") or name in taken or not isinstance(column.this, exp.Identifier):
            return None
        if source:
            # A column may have parts too.
            parts = {source, f"{source}.{name}"}
            is_part = any(parts & set(one.names or ()) for one in self._sources.values())
            is_other = source in self._aliases or source not in self._sources
            return None if is_part or is_other else _Name(source, name)
        having = [alias for alias, one in self._sources.items() if one.may_have(name)]
        is_one = all(self._is_joined_by(alias, name) for alias in having[1:])
        return _Name(having[0], name) if having and is_one else None

    def _is_joined_by(self, alias: str, column: str) -> bool:
        """Tell whether a bare name is the left source's column, as both sides' are equal."""
        join = self._joins[alias]
        is_inner = kept_by(join) != ""
        return is_inner and column in {name.name for name in join.args.get("using") or ()}

    def _close(self, name: _Name) -> None:
        """Take away the reads that a filter of the column closes."""
        late = f"{name.column} is filtered only after rows may have been put together"
        self._end(name, late, is_right=True)

    def _end(self, name: _Name, reason: str, *, is_right: bool = False) -> None:
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
                    self._end(_Name(alias, tenant.column), _NOT_PLAIN)

    def _given(self) -> dict[str, _Name]:
        """Return the columns that the SELECT gives on as they are, by their new names."""
        given: dict[str, _Name | None] = {}
        for out, name in self._items():
            if out is None:
                return {}
            given[out] = name if given.get(out, name) == name else None
        group = self._tree.args.get("group")
        grouped = self._grouped(group) if group else None
        return {
            out: name
            for out, name in given.items()
            if name is not None and (grouped is None or name in grouped)
        }

    def _grouped(self, group: exp.Group) -> set[_Name | None]:
        """Return the columns that tell groups apart; none where some rows are of all groups."""
        has_totals = any(value for key, value in group.args.items() if key != "expressions")
        plain = [one for one in group.expressions if isinstance(one, exp.Column)]
        is_odd = any(isinstance(one, _WITH_TOTALS) for one in group.expressions)
        return set() if has_totals or is_odd else {self._name(one) for one in plain}

    def _items(self) -> Iterator[tuple[str | None, _Name | None]]:
        """Yield the name of each item of the SELECT list, None for unknown ones, and its column."""
        for place, item in enumerate(self._tree.expressions):
            inner = item.this if isinstance(item, exp.Alias) else item
            if isinstance(item, exp.Star):
                yield from self._star(item)
            elif isinstance(inner, exp.Column) and PREFIX not in inner.name:
                is_star = isinstance(inner.this, exp.Star)
                yield (None, None) if is_star else (item.alias_or_name, self._name(inner))
            else:
                value = self._scope.statement.value(item)
                is_any = isinstance(item, exp.Columns) or (value is not None and value.is_name)
                # What has no name is called by its text, which is no column's name.
                yield None if is_any else item.alias or f" {place}", None

    def _star(self, star: exp.Star) -> Iterator[tuple[str | None, _Name | None]]:
        if any(star.args.values()) or len(self._sources) != 1:
            yield None, None
            return
        [(alias, one)] = self._sources.items()
        known = one.own.union(*(read.columns for read in one.reads))
        for column in one.names if one.names is not None else known:
            yield column, _Name(alias, column)

    def _names(self) -> tuple[str, ...] | None:
        """Return the names of all columns; None when they cannot be told."""
        has_star = any(isinstance(item, exp.Star) for item in self._tree.expressions)
        if has_star and any(one.names is None for one in self._sources.values()):
            return None
        found = [out for out, _ in self._items()]
        return None if None in found else tuple(out for out in found if out is not None)

    def _onward(self, read: Read, alias: str, given: dict[str, _Name], *, may_mix: bool) -> Read:
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


def _both_ways(first: _Name, second: _Name, only: str, *, holds: bool) -> Iterator[_Fact]:
    yield _Fact(first, second, only, holds)
    yield _Fact(second, first, only, holds)


def takes_some(tree: exp.Query) -> bool:
    """Tell a query that gives only some of its rows, by what the others are."""
    distinct = tree.args.get("distinct")
    is_on = isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None
    return is_on or any(tree.args.get(clause) for clause in ("limit", "offset"))


def _level(tree: exp.Select) -> Iterator[exp.Expr]:
    """Yield the parts of a SELECT's expressions, queries in them as a whole."""
    for clause, value in tree.args.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Join):
                sides = [part.args.get("on"), *(part.args.get("using") or ())]
                if part.kind == "ARRAY":
                    sides += [part.this, *part.expressions]
                yield from (each for side in sides if side is not None for each in _inside(side))
            elif isinstance(part, exp.Expr) and clause not in ("from_", "with_"):
                yield from _inside(part)


def _inside(part: exp.Expr) -> Iterator[exp.Expr]:
    yield part
    if not isinstance(part, exp.Query):
        for child in part.iter_expressions():
            yield from _inside(child)
