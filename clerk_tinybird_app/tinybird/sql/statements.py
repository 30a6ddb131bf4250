"""The queries that a node can run, parsed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import sqlglot
from sqlglot import exp

from clerk_tinybird_app.tinybird.project import Node
from clerk_tinybird_app.tinybird.sql.code import CannotJudge, code
from clerk_tinybird_app.tinybird.sql.values import Value
from clerk_tinybird_app.tinybird.sql.variants import CHOICE, OPTIONAL, PREFIX, variants
from clerk_tinybird_app.tinybird.template import Template, TemplateError

_BEGIN: Final = re.compile(r"[\s(]*(?:SELECT|WITH|FROM)\b", re.IGNORECASE)
_AROUND_A_CHOICE: Final = (exp.Alias, exp.CTE, exp.Paren, exp.Tuple, exp.Select, exp.Anonymous)
"""What an operator within a choice cannot reach out of."""


@dataclass(frozen=True)
class Statement:
    """One query.

    Attributes:
        tree: As parsed.
        values: What the made-up columns in it stand for, by their names.
    """

    tree: exp.Query
    values: Mapping[str, Value]

    def value(self, tree: exp.Expr) -> Value | None:
        """Return what a template's expression stands for; None for anything else."""
        if not isinstance(tree, exp.Column) or tree.args.get("table"):
            return None
        return self.values.get(tree.name)

    def column(self, tree: exp.Expr) -> exp.Column | None:
        """Return a column of a source; None for anything else, a made-up column too."""
        is_named = isinstance(tree, exp.Column) and isinstance(tree.this, exp.Identifier)
        return tree if is_named and self.value(tree) is None else None  # type: ignore[return-value]


def malformed(node: Node) -> TemplateError | None:
    """Return what is wrong with a node's template; None for one that compiles."""
    try:
        Template(node.sql, is_template=node.is_template)
    except TemplateError as error:
        return error
    return None


def statements(node: Node) -> list[Statement]:
    """Parse every query that a node can run.

    Raises:
        CannotJudge: Not all of them can be told, or parsed.
    """
    if not node.is_template:
        return [_parsed(node.sql, {})]
    if error := malformed(node):
        raise CannotJudge("its template is malformed", error.line or 1)
    try:
        return _all(node, is_merging=True)
    except CannotJudge:
        return _all(node, is_merging=False)


def _all(node: Node, *, is_merging: bool) -> list[Statement]:
    found = variants(node.sql, is_merging=is_merging)
    return [_parsed(sql, found.values) for sql in found.sql]


def _parsed(sql: str, values: Mapping[str, Value]) -> Statement:
    plain = code(sql)
    if not _BEGIN.match(plain):
        raise CannotJudge("it is not one SELECT")
    try:
        trees = sqlglot.parse(plain, read="clickhouse")
    except sqlglot.errors.ParseError as error:
        line = error.errors[0].get("line") if error.errors else None
        raise CannotJudge("it cannot be parsed", line or 1) from None
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise CannotJudge("it cannot be parsed") from None
    [tree] = trees if len(trees) == 1 else [None]
    if not isinstance(tree, exp.Query):
        raise CannotJudge("it is not one SELECT")
    if plain.count("->") != sum(1 for _ in tree.find_all(exp.Lambda)):
        # A named lambda can stand in for any function, `equals` and `and` too.
        raise CannotJudge("it has a lambda that is no function's argument")
    _check_made_up(tree, plain, values)
    return Statement(tree, values)


def _check_made_up(tree: exp.Query, plain: str, values: Mapping[str, Value]) -> None:
    """Refuse a tree in which a made-up name stands where it would mean something else.

    Raises:
        CannotJudge: There is such a place.
    """
    found = sum(1 for _ in _calls(tree))
    if found != plain.count(OPTIONAL) + plain.count(CHOICE):
        raise CannotJudge("a branch of its template is not where it seems to be")
    for call in _calls(tree):
        around = exp.And if str(call.this).startswith(OPTIONAL) else _AROUND_A_CHOICE
        if not isinstance(call.parent, around):
            raise CannotJudge("a branch of its template reaches into what is around it")
    for name in tree.find_all(exp.Identifier):
        is_known = name.this in values and not name.args.get("quoted")
        is_alone = is_known and isinstance(name.parent, (exp.Column, exp.Table))
        if PREFIX in name.this and not is_alone:
            raise CannotJudge("an expression of its template continues a name", line_of(name))
        if is_known and values[name.this].is_loose:
            raise CannotJudge("what an expression of its template writes cannot be foreseen")


def _calls(tree: exp.Query) -> Iterator[exp.Anonymous]:
    for call in tree.find_all(exp.Anonymous):
        if str(call.this).startswith((OPTIONAL, CHOICE)):
            yield call


def line_of(tree: exp.Expr) -> int:
    """Return the line of the first name in a tree, in the node's SQL, from 1."""
    names = tree.find_all(exp.Identifier)
    return min((name.meta["line"] for name in names if "line" in name.meta), default=1)
