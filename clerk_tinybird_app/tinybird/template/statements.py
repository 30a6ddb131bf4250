"""What stands between `{%` and `%}`: read into trees, and rewritten."""

import ast
import warnings
from collections.abc import Iterator

from clerk_tinybird_app.tinybird.template.errors import clipped, syntax_error
from clerk_tinybird_app.tinybird.template.expressions import (
    Rewriter,
    call,
    own_name,
    parse_expression,
)

CAUGHT = "caught"
"""The name, in the rewritten code, of the tuple of errors that `except` catches."""

_BARE = {"else": "else", "finally": "finally", "try": "try"}
_EXCEPTS = frozenset({"except", "except Exception"})


def parse_for(source: str, line: int) -> ast.For:
    """The tree of `for a in b`."""
    node = _one_statement(f"{source}:\n pass", line)
    if (
        not isinstance(node, ast.For)
        or node.orelse
        or len(node.body) != 1
        or not isinstance(node.body[0], ast.Pass)
    ):
        raise syntax_error("for needs a name and a list: {% for item in items %}", line=line)
    return node


def parse_set(source: str, line: int) -> ast.Assign | ast.AugAssign:
    """The tree of `a = b`, `a, b = c` or `a += b`."""
    node = _one_statement(source, line)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return node
    raise syntax_error("set needs a name and a value: {% set name = value %}", line=line)


def _one_statement(source: str, line: int) -> ast.stmt:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(source).body
    except SyntaxError as error:
        raise syntax_error(f"{error.msg} in {clipped(source)!r}", line=line) from None
    if len(body) != 1:
        raise syntax_error(f"one statement is allowed, not {len(body)}", line=line)
    return body[0]


def targets(node: ast.For | ast.Assign | ast.AugAssign, line: int) -> Iterator[str]:
    """The names that a statement sets."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    for name in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
        if not isinstance(name, ast.Name):
            raise syntax_error("only a name can be set", line=line)
        yield name.id


def _stored(node: ast.For | ast.Assign | ast.AugAssign, line: int) -> str:
    names = [own_name(name, line) for name in targets(node, line)]
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Name):
        return names[0]
    return "(" + "".join(f"{name}, " for name in names) + ")"


def rewrite_set(source: str, variables: frozenset[str], line: int) -> str:
    """The guarded form of what follows `set`."""
    node = parse_set(source, line)
    value = node.value
    if isinstance(node, ast.AugAssign):
        target = node.target
        loaded = ast.Name(target.id if isinstance(target, ast.Name) else "", ast.Load())
        value = ast.BinOp(loaded, node.op, node.value)
    written = ast.unparse(Rewriter(variables, line).rewrite(value))
    return f"{_stored(node, line)} = {written}"


def rewrite_open(source: str, variables: frozenset[str], line: int, cost: int) -> str:
    """The guarded form of `if`, `elif`, `for`, `while`, `try`, `else`, `except` or `finally`.

    Args:
        source: all of the statement.
        variables: the names that the template sets anywhere.
        line: of the statement, for errors.
        cost: of one turn, if it is a loop.
    """
    keyword, rest = split_keyword(source)
    rewriter = Rewriter(variables, line)
    if keyword == "for":
        node = parse_for(source, line)
        values = call("o_loop", rewriter.rewrite(node.iter), ast.Constant(cost))
        return f"for {_stored(node, line)} in {ast.unparse(values)}"
    if keyword in {"if", "elif"}:
        return f"{keyword} {ast.unparse(rewriter.rewrite(parse_expression(rest, line)))}"
    if keyword == "while":
        condition = rewriter.rewrite(parse_expression(rest, line))
        return f"while {ast.unparse(call('o_turn', condition, ast.Constant(cost)))}"
    if keyword == "except" and " ".join(source.split()) in _EXCEPTS:
        return f"except {CAUGHT}"
    if keyword in _BARE and not rest:
        return keyword
    raise syntax_error(f"{{% {clipped(source)} %}} is not supported", line=line)


def split_keyword(source: str) -> tuple[str, str]:
    """`if a` -> ("if", "a"), as Tornado takes it apart."""
    keyword, _, rest = source.partition(" ")
    return keyword, rest.strip()
