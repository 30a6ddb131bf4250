"""Which conditions say that a column holds the asking tenant's id."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from clerk_tinybird_app.tinybird.sql.statements import Statement

_KINDS: Final = frozenset({"", "INNER", "OUTER", "ANY", "ALL", "ASOF", "SEMI"})
_OF_ALL_MATCHES: Final = frozenset(
    {"", "INNER", "OUTER", "CROSS", "ALL", "ANTI", "LEFT", "RIGHT", "FULL"}
)
_OF_CLASSES: Final = (exp.Anonymous, exp.AnonymousAggFunc, exp.ParameterizedAgg)
_READING: Final = re.compile(
    r"(global)?(not)?(null)?in(ignoreset)?|joinget\w*|dict\w+|file|hascolumnintable|catboostevaluate"
)


@dataclass(frozen=True, slots=True)
class Same:
    """A condition that a column is equal to something.

    Attributes:
        column: The column.
        other: Another column; None for the tenant's parameter.
    """

    column: exp.Column
    other: exp.Column | None


def conjuncts(tree: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield what a clause joins with ``AND`` at its top."""
    if isinstance(tree, (exp.Where, exp.PreWhere, exp.Paren)):
        yield from conjuncts(tree.this)
    elif isinstance(tree, exp.And):
        yield from conjuncts(tree.left)
        yield from conjuncts(tree.right)
    elif tree is not None:
        yield tree


def same(condition: exp.Expr, statement: Statement, parameter: str) -> Same | None:
    """Return the equality that a condition is; None for any other condition.

    ``IN`` with one value is one too; with several it also keeps the rows of the others.
    """
    if isinstance(condition, exp.EQ):
        sides = (condition.left.unnest(), condition.right.unnest())
    elif _is_in_one(condition):
        sides = (condition.this.unnest(), condition.expressions[0].unnest())
    else:
        return None
    columns = [column for column in map(statement.column, sides) if column]
    if len(columns) != 1:
        both = len(columns) == len(sides) and isinstance(condition, exp.EQ)
        return Same(columns[0], columns[1]) if both else None
    values = [statement.value(side) for side in sides]
    is_own = any(value and value.exact == parameter for value in values)
    return Same(columns[0], None) if is_own else None


def may_be_same(condition: exp.Expr, statement: Statement, column: str, parameter: str) -> bool:
    """Tell whether a condition compares the column with the parameter in some other way."""
    if not isinstance(condition, (exp.EQ, exp.In)):
        return False
    found = list(condition.find_all(exp.Column))
    values = [value for value in map(statement.value, found) if value]
    return any(each.name == column for each in found) and any(
        parameter in value.parameters for value in values
    )


def kept_by(join: exp.Join) -> str:
    """Return which rows a join's own condition holds for: "both" sides', the "right" one's, "".

    The other side's rows of an outer join are kept whether it holds or not.
    """
    if (join.kind or "").upper() not in _KINDS:
        return ""
    return {"": "both", "LEFT": "right"}.get((join.side or "").upper(), "")


def picked_by(join: exp.Join) -> frozenset[str]:
    """Return the sides, "left" and "right", of which a join takes one row out of several."""
    side, kind = ((join.args.get(word) or "").upper() for word in ("side", "kind"))
    if {side, kind} <= _OF_ALL_MATCHES:
        return frozenset()
    if side == "RIGHT":
        return frozenset({"left"})
    return frozenset({"right"} if side == "LEFT" or kind == "ASOF" else {"left", "right"})


def in_names(condition: exp.In) -> Iterator[exp.Column]:
    """Yield what stands alone after IN, in brackets or not, and so may be a table."""
    listed = condition.expressions
    found = condition.args.get("field") or (listed[0] if len(listed) == 1 else None)
    if found is not None and isinstance(found.unnest(), exp.Column):
        yield found.unnest()


def function_name(tree: exp.Expr) -> str:
    """Return a function's name as ClickHouse has it, in small letters; "" for anything else."""
    if isinstance(tree, _OF_CLASSES):
        return str(tree.this).lower()
    return tree.sql_name().lower() if isinstance(tree, exp.Func) else ""


def reads_by_itself(tree: exp.Expr) -> bool:
    """Tell a function that reads something which its arguments only name."""
    return _READING.fullmatch(function_name(tree)) is not None


def _is_in_one(condition: exp.Expr) -> bool:
    return isinstance(condition, exp.In) and len(condition.expressions) == 1
