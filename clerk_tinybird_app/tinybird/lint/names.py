"""Which column of which source a name in a SELECT stands for, and what the SELECT gives on."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from sqlglot import exp

from clerk_tinybird_app.tinybird.lint.conditions import kept_by
from clerk_tinybird_app.tinybird.lint.relation import Relation
from clerk_tinybird_app.tinybird.sql.statements import Statement
from clerk_tinybird_app.tinybird.sql.variants import PREFIX

_WITH_TOTALS: Final = (exp.Rollup, exp.Cube, exp.GroupingSets)


class Name(NamedTuple):
    """A column of a source.

    Attributes:
        source: The source's name in the SELECT.
        column: The column.
    """

    source: str
    column: str


class Names:
    """The names of one SELECT.

    Args:
        tree: The SELECT.
        statement: The query that it is a part of.
        sources: What it selects from, by the names that it has there, in order.
        joins: The joins, by the name of their right side.
        aliases: The names of values of a WITH before it.
        parts: The parts of the SELECT's expressions.
    """

    def __init__(
        self,
        tree: exp.Select,
        statement: Statement,
        sources: Mapping[str, Relation],
        joins: Mapping[str, exp.Join],
        aliases: frozenset[str],
        *,
        parts: Iterable[exp.Expr],
    ) -> None:
        self._tree = tree
        self._statement = statement
        self._sources = sources
        self._joins = joins
        self._aliases = aliases | {part.alias for part in parts if self._hides(part)}

    def name(self, column: exp.Column) -> Name | None:
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
            return None if is_part or is_other else Name(source, name)
        having = [alias for alias, one in self._sources.items() if one.may_have(name)]
        is_one = all(self._is_joined_by(alias, name) for alias in having[1:])
        return Name(having[0], name) if having and is_one else None

    def _is_joined_by(self, alias: str, column: str) -> bool:
        """Tell whether a bare name is the left source's column, as both sides' are equal."""
        join = self._joins[alias]
        is_inner = kept_by(join) != ""
        return is_inner and column in {name.name for name in join.args.get("using") or ()}

    def _hides(self, part: exp.Expr) -> bool:
        """Tell an alias after whose name something else is found than its column."""
        if not isinstance(part, exp.Alias):
            return False
        inner = part.this
        is_itself = isinstance(inner, exp.Column) and inner.name == part.alias
        return not is_itself or inner.table not in ("", *self._sources)

    def only_before(self, alias: str, column: str) -> Name | None:
        """Return the one source before a join that has the column which it is joined by."""
        earlier = list(self._sources)[: list(self._sources).index(alias)]
        having = [each for each in earlier if self._sources[each].may_have(column)]
        return Name(having[0], column) if len(having) == 1 else None

    def given(self) -> dict[str, Name]:
        """Return the columns that the SELECT gives on as they are, by their new names."""
        given: dict[str, Name | None] = {}
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

    def _grouped(self, group: exp.Group) -> set[Name | None]:
        """Return the columns that tell groups apart; none where some rows are of all groups."""
        has_totals = any(value for key, value in group.args.items() if key != "expressions")
        plain = [one for one in group.expressions if isinstance(one, exp.Column)]
        is_odd = any(isinstance(one, _WITH_TOTALS) for one in group.expressions)
        return set() if has_totals or is_odd else {self.name(one) for one in plain}

    def _items(self) -> Iterator[tuple[str | None, Name | None]]:
        """Yield the name of each item of the SELECT list, None for unknown ones, and its column."""
        for place, item in enumerate(self._tree.expressions):
            inner = item.this if isinstance(item, exp.Alias) else item
            if isinstance(item, exp.Star):
                yield from self._star(item)
            elif isinstance(inner, exp.Column) and PREFIX not in inner.name:
                is_star = isinstance(inner.this, exp.Star)
                yield (None, None) if is_star else (item.alias_or_name, self.name(inner))
            else:
                value = self._statement.value(item)
                is_any = isinstance(item, exp.Columns) or (value is not None and value.is_name)
                # What has no name is called by its text, which is no column's name.
                yield None if is_any else item.alias or f" {place}", None

    def _star(self, star: exp.Star) -> Iterator[tuple[str | None, Name | None]]:
        if any(star.args.values()) or len(self._sources) != 1:
            yield None, None
            return
        [(alias, one)] = self._sources.items()
        known = one.own.union(*(read.columns for read in one.reads))
        for column in one.names if one.names is not None else known:
            yield column, Name(alias, column)

    def all_given(self) -> tuple[str, ...] | None:
        """Return the names of all columns; None when they cannot be told."""
        has_star = any(isinstance(item, exp.Star) for item in self._tree.expressions)
        if has_star and any(one.names is None for one in self._sources.values()):
            return None
        found = [out for out, _ in self._items()]
        return None if None in found else tuple(out for out in found if out is not None)
