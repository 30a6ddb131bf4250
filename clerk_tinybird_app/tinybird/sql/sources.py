"""Which tables a node's SQL reads, and which columns it selects, told without a database.

Rather too many than too few: each branch of a template counts, whether a request can take it or
not, and of SQL that the parser does not know, every name that stands where a table can.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import TokenType, exp

from clerk_tinybird_app.tinybird.project import Node
from clerk_tinybird_app.tinybird.sql.variants import PREFIX, samples

ANY_TABLE: Final = "{{}}"
"""Stands for a table that a template's expression chooses."""

_ALONE: Final = (exp.Column, exp.Paren)
_LISTING: Final = frozenset({TokenType.FROM, TokenType.JOIN})
_ENDING: Final = frozenset(
    {TokenType.SELECT, TokenType.WHERE, TokenType.PREWHERE, TokenType.GROUP_BY, TokenType.HAVING}
    | {TokenType.ORDER_BY, TokenType.LIMIT, TokenType.UNION, TokenType.SETTINGS}
)


def sources(node: Node) -> frozenset[str]:
    """Return the names of all tables that a node may read, ``ANY_TABLE`` among them.

    Its template must be one that compiles.
    """
    return _read_by(node.sql, is_template=node.is_template)


def named_in(sql: str) -> Iterator[str]:
    """Yield every name that stands where a table can, and some more; quick for any SQL."""
    try:
        tokens = sqlglot.tokenize(sql, read="clickhouse")
    except sqlglot.errors.SqlglotError:
        return
    is_expected = is_named = False
    # Whether a comma is followed by one more table, for each open bracket.
    listed = [False]
    for token in tokens:
        kind, was_named, is_named = token.token_type, is_named, False
        if kind is TokenType.L_PAREN:
            listed.append(is_expected)
        elif kind is TokenType.R_PAREN:
            listed = listed[:-1] or [False]
        elif kind in _LISTING:
            listed[-1] = is_expected = True
        elif kind in _ENDING:
            listed[-1] = is_expected = False
        elif kind is TokenType.IN:
            is_expected = True
        elif kind is TokenType.COMMA:
            is_expected = listed[-1]
        elif kind is TokenType.DOT:
            is_expected = was_named
        elif is_expected:
            yield token.text
            is_expected, is_named = False, True


def selected(sql: str) -> frozenset[str]:
    """Return the names of the columns that a SELECT has, none if only a database can tell."""
    try:
        tree = sqlglot.parse_one(sql, read="clickhouse")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return frozenset()
    if not isinstance(tree, exp.Query) or tree.is_star:
        return frozenset()
    return frozenset(tree.named_selects)


@lru_cache(maxsize=1024)
def _read_by(sql: str, *, is_template: bool) -> frozenset[str]:
    found: set[str] = set()
    for text in samples(sql) if is_template else [sql]:
        try:
            found.update(_named(sqlglot.parse_one(text, read="clickhouse", into=exp.Select)))
        except (sqlglot.errors.SqlglotError, RecursionError):
            found.update(named_in(text))
    return frozenset(ANY_TABLE if PREFIX in name else name for name in found)


def _named(tree: exp.Expr) -> Iterator[str]:
    for part in tree.find_all(exp.Table, exp.In):
        if isinstance(part, exp.In):
            listed = [part.args.get("field"), *part.expressions]
            yield from (one.unnest().name for one in listed if isinstance(one, _ALONE))
        elif isinstance(part.this, exp.Identifier):
            yield part.name
