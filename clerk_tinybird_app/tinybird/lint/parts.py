"""The parts of a parsed query, and what they say of its rows."""

from collections.abc import Iterator

from sqlglot import exp


def takes_some(tree: exp.Query) -> bool:
    """Tell a query that gives only some of its rows, by what the others are."""
    distinct = tree.args.get("distinct")
    is_on = isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None
    return is_on or any(tree.args.get(clause) for clause in ("limit", "offset"))


def level(tree: exp.Select) -> Iterator[exp.Expr]:
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


def queries_within(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the outermost queries in an expression."""
    return (part for part in _inside(tree) if isinstance(part, exp.Query))


def used(tree: exp.Expr, seen: set[int]) -> Iterator[exp.Expr]:
    """Yield all parts of a query but named queries that nothing reads."""
    yield tree
    for child in tree.iter_expressions():
        is_unread = isinstance(child, exp.CTE) and not child.args.get("scalar")
        if not (is_unread and id(child.this) not in seen):
            yield from used(child, seen)


def renames(tree: exp.Expr) -> bool:
    """Tell a table or query whose columns get new names."""
    alias = tree.args.get("alias")
    return isinstance(alias, exp.TableAlias) and bool(alias.args.get("columns"))
