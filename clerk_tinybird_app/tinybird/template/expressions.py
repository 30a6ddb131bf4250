"""Rewrites expressions and statements, and refuses all that they may not use.

The rewritten code contains only these names. So a project file can reach nothing else, also when
the rewriting has a mistake:

* `run` and `values`, of the render;
* `f_...`, `m_...` and `o_...`: the functions, methods and operators of this package;
* `u_...`: the template's own variables.
"""

import ast
import inspect
import warnings
from collections.abc import Iterator
from typing import NoReturn

from clerk_tinybird_app.tinybird.template.functions import (
    FUNCTIONS,
    NAMED_SECRETS,
    SIGNATURES,
    STATEMENT_FUNCTIONS,
    TRANSFORMS,
)
from clerk_tinybird_app.tinybird.template.operations import (
    COMPARISONS,
    METHODS,
    OPERATORS,
    STATEMENT_METHODS,
)
from clerk_tinybird_app.tinybird.template.parameters import Comprehension
from clerk_tinybird_app.tinybird.template.run import bounded, clipped, syntax_error
from clerk_tinybird_app.tinybird.template.values import TYPES

FORBIDDEN_NAMES = frozenset({"format", "q"})
"""Parameters with these names have another meaning in the URLs of Tinybird's API."""

# Tinybird allows fewer operators between {{ and }} than in {% set %} and {% if %}.
_OUTPUT_OPERATORS = frozenset({"Add", "Sub", "Mult"})
_LITERALS = (str, int, float, bool, type(None))
_METHOD_SIGNATURES = {name: inspect.signature(method) for name, method in METHODS.items()}

_STEP_COST = 32
_Setting = ast.For | ast.Assign | ast.AugAssign | ast.comprehension
"""What sets names."""

_AS_TEXT = (-1, ord("s"))
"""The conversions of an f-string that are none."""

CAUGHT = "caught"
"""The name in the rewritten code for the errors that `except` catches."""

_BARE = {"else": "else", "finally": "finally", "try": "try"}
_EXCEPTS = frozenset({"except", "except Exception"})


def call(function: str, *arguments: ast.expr) -> ast.Call:
    """Return the node of `function(run, arguments...)`."""
    return ast.Call(ast.Name(function, ast.Load()), [ast.Name("run", ast.Load()), *arguments], [])


def own_name(name: str, line: int) -> str:
    """Return the name of the Python variable for a variable of the template."""
    check_name(name, line)
    return f"u_{name}"


def check_name(name: str, line: int) -> None:
    """Refuse the names that Tinybird refuses, and private names of Python."""
    if name in FORBIDDEN_NAMES or name.startswith("__"):
        raise syntax_error(f'"{name}" can not be used as a variable name', line=line)


def parse_expression(source: str, line: int) -> ast.expr:
    """Return the tree of `source`.

    Raises:
        TemplateError: It is no expression.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python would warn of '\\d'
            return ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        raise syntax_error(f"{error.msg} in {clipped(source.strip())!r}", line=line) from None


class Rewriter:
    """Rewrites the expressions at one place of a template."""

    def __init__(self, variables: frozenset[str], line: int, *, is_output: bool = False) -> None:
        """`variables`: the names that the template itself sets anywhere."""
        self._variables = variables
        self._line = line
        self._is_output = is_output

    def rewrite(self, node: ast.expr) -> ast.expr:
        """Return the guarded form of `node`.

        Raises:
            TemplateError: It uses something that is not on the list.
        """
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            self._refuse(f"Invalid expression type: {type(node).__name__}")
        rewritten: ast.expr = method(node)
        return rewritten

    def _refuse(self, text: str) -> NoReturn:
        raise syntax_error(text, line=self._line)

    def _constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, _LITERALS):
            self._refuse(f"Invalid expression type: {type(node.value).__name__}")
        try:
            bounded(node.value)
        except ValueError as error:
            self._refuse(str(error))
        return ast.Constant(node.value)

    def _name(self, node: ast.Name) -> ast.expr:
        check_name(node.id, self._line)
        if node.id in self._variables:
            return ast.Name(own_name(node.id, self._line), ast.Load())
        if node.id in FUNCTIONS.keys() - STATEMENT_FUNCTIONS:
            self._refuse(f'"{node.id}" is a function and can not be used as a variable name')
        return ast.Subscript(ast.Name("values", ast.Load()), ast.Constant(node.id), ast.Load())

    def _call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Attribute):
            name, prefix = node.func.attr, "m_"
            signature = _METHOD_SIGNATURES.get(name)
            if signature is None or (self._is_output and name in STATEMENT_METHODS):
                self._refuse(f"Invalid method name: {name}")
            given = [self.rewrite(node.func.value), *map(self.rewrite, node.args)]
        elif isinstance(node.func, ast.Name):
            name, prefix = node.func.id, "f_"
            signature = SIGNATURES.get(name)
            if signature is None or (self._is_output and name in STATEMENT_FUNCTIONS):
                self._refuse(f"Invalid function name: {name}")
            given = self._arguments(name, node)
        else:
            self._refuse("Invalid function: only a name can be called")
        made = call(prefix + name, *given)
        made.keywords = [self._keyword(keyword) for keyword in node.keywords]
        self._check_signature(name, signature, made)
        return made

    def _arguments(self, name: str, node: ast.Call) -> list[ast.expr]:
        if name in NAMED_SECRETS and not (
            node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            self._refuse(f"{name}() takes a name in quotes: a caller must not choose the secret")
        given = list(node.args)
        if name == "Array" and len(given) > 1 and isinstance(given[1], ast.Name):
            # `Array(x, Int32)` means the same as `Array(x, 'Int32')`.
            given[1] = ast.Constant(given[1].id) if given[1].id in TYPES else given[1]
        return [self.rewrite(argument) for argument in given]

    def _keyword(self, keyword: ast.keyword) -> ast.keyword:
        if keyword.arg is None or keyword.arg == "run":
            self._refuse(f"Invalid argument: {keyword.arg or '**'}")
        return ast.keyword(keyword.arg, self.rewrite(keyword.value))

    def _check_signature(self, name: str, signature: inspect.Signature, made: ast.Call) -> None:
        try:
            signature.bind(*made.args, **{str(key.arg): key.value for key in made.keywords})
        except TypeError as error:
            if name in TRANSFORMS and len(made.args) == 1:
                self._refuse("one of the transform type functions is missing an argument")
            self._refuse(f"{name}() {error}")

    def _operation(self, node: ast.BinOp | ast.UnaryOp, kind: str, allowed: frozenset[str]) -> str:
        name = type(node.op).__name__
        if name not in allowed:
            self._refuse(f"Invalid {kind}: {name}()")
        return name

    def _binop(self, node: ast.BinOp) -> ast.expr:
        allowed = _OUTPUT_OPERATORS if self._is_output else frozenset(OPERATORS)
        name = self._operation(node, "BinOp", allowed)
        return call(f"o_{name}", self.rewrite(node.left), self.rewrite(node.right))

    def _unaryop(self, node: ast.UnaryOp) -> ast.expr:
        self._operation(node, "UnaryOp", frozenset({"Not", "USub", "UAdd"}))
        return ast.UnaryOp(node.op, self.rewrite(node.operand))

    def _boolop(self, node: ast.BoolOp) -> ast.expr:
        self._only_in_statements("BoolOp")
        return ast.BoolOp(node.op, [self.rewrite(value) for value in node.values])

    def _compare(self, node: ast.Compare) -> ast.expr:
        self._only_in_statements("Compare")
        names = [type(operator).__name__ for operator in node.ops]
        if not COMPARISONS.issuperset(names):
            self._refuse(f"Invalid comparison: {names}")
        listed = ast.Tuple([ast.Constant(name) for name in names], ast.Load())
        operands = [self.rewrite(operand) for operand in (node.left, *node.comparators)]
        return call("o_compare", listed, *operands)

    def _only_in_statements(self, kind: str) -> None:
        if self._is_output:
            self._refuse(
                f"Invalid expression type: {kind} between {{{{ and }}}}: "
                "use {% if %} or {% set %} for it"
            )

    def _ifexp(self, node: ast.IfExp) -> ast.expr:
        return ast.IfExp(
            self.rewrite(node.test), self.rewrite(node.body), self.rewrite(node.orelse)
        )

    def _subscript(self, node: ast.Subscript) -> ast.expr:
        container = self.rewrite(node.value)
        if not isinstance(node.slice, ast.Slice):
            return call("o_item", container, self.rewrite(node.slice))
        edges = (node.slice.lower, node.slice.upper, node.slice.step)
        return call(
            "o_part",
            container,
            *(ast.Constant(None) if edge is None else self.rewrite(edge) for edge in edges),
        )

    def _list(self, node: ast.List) -> ast.expr:
        return call("o_display", ast.List([self.rewrite(item) for item in node.elts], ast.Load()))

    def _tuple(self, node: ast.Tuple) -> ast.expr:
        return call("o_display", ast.Tuple([self.rewrite(item) for item in node.elts], ast.Load()))

    def _joinedstr(self, node: ast.JoinedStr) -> ast.expr:
        return call("o_joined", *map(self.rewrite, node.values))

    def _formattedvalue(self, node: ast.FormattedValue) -> ast.expr:
        spec = node.format_spec
        given = spec.values if isinstance(spec, ast.JoinedStr) else []
        if node.conversion not in _AS_TEXT or not all(
            isinstance(one, ast.Constant) for one in given
        ):
            self._refuse("Invalid expression type: a format that is no constant")
        text = "".join(str(one.value) for one in given if isinstance(one, ast.Constant))
        return call("o_formatted", self.rewrite(node.value), ast.Constant(text))

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> ast.expr:
        scope, generators = self._generators(node)
        return call("o_display", ast.ListComp(scope.rewrite(node.elt), generators))

    def _generatorexp(self, node: ast.GeneratorExp) -> ast.expr:
        self._only_in_statements("GeneratorExp")
        return self._listcomp(node)

    def _dictcomp(self, node: ast.DictComp) -> ast.expr:
        self._only_in_statements("DictComp")
        scope, generators = self._generators(node)
        key = call("o_key", scope.rewrite(node.key))
        made = ast.DictComp(key, scope.rewrite(node.value), generators)
        return call("o_display", made)

    def _generators(self, node: Comprehension) -> tuple["Rewriter", list[ast.comprehension]]:
        """Return what rewrites a comprehension's elements, and what it goes through."""
        scope, cost = self, len(ast.unparse(node)) + _STEP_COST
        generators = []
        for each in node.generators:
            if each.is_async:
                self._refuse("Invalid expression type: async")
            values = call("o_for", scope.rewrite(each.iter), ast.Constant(cost))
            names = frozenset(targets(each, self._line))
            target = ast.parse(_stored(each, self._line), mode="eval").body
            scope = Rewriter(scope._variables | names, self._line, is_output=self._is_output)
            conditions = [scope.rewrite(condition) for condition in each.ifs]
            generators.append(ast.comprehension(target, values, conditions, 0))
        return scope, generators

    def _dict(self, node: ast.Dict) -> ast.expr:
        keys: list[ast.expr | None] = []
        for key in node.keys:
            if key is None:
                self._refuse("Invalid expression type: **")
            keys.append(call("o_key", self.rewrite(key)))
        return call("o_display", ast.Dict(keys, [self.rewrite(value) for value in node.values]))


def parse_for(source: str, line: int) -> ast.For:
    """Return the tree of `for a in b`."""
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
    """Return the tree of `a = b`, `a, b = c` or `a += b`."""
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


def put_into(node: ast.AST) -> ast.Subscript | None:
    """Return the place in a list or an object that `a[b] = c` sets; None: it sets names."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target if isinstance(target, ast.Subscript) else None


def targets(node: _Setting, line: int) -> Iterator[str]:
    """Yield the names that a statement sets."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if put_into(node):
        return
    for name in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
        if not isinstance(name, ast.Name):
            raise syntax_error("only a name can be set", line=line)
        yield name.id


def _stored(node: _Setting, line: int) -> str:
    names = [own_name(name, line) for name in targets(node, line)]
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Name):
        return names[0]
    return "(" + "".join(f"{name}, " for name in names) + ")"


def rewrite_set(source: str, variables: frozenset[str], line: int) -> str:
    """Return the guarded form of the text after `set`."""
    node, rewriter = parse_set(source, line), Rewriter(variables, line)
    if place := put_into(node):
        given = (place.value, place.slice, node.value)
        return ast.unparse(call("o_put", *map(rewriter.rewrite, given)))
    value = node.value
    if isinstance(node, ast.AugAssign):
        target = node.target
        loaded = ast.Name(target.id if isinstance(target, ast.Name) else "", ast.Load())
        value = ast.BinOp(loaded, node.op, node.value)
    written = ast.unparse(rewriter.rewrite(value))
    return f"{_stored(node, line)} = {written}"


def rewrite_open(source: str, variables: frozenset[str], line: int, cost: int) -> str:
    """Return the guarded form of a statement, from `if` and `for` to `except` and `finally`.

    Args:
        source: The whole statement.
        variables: All names that the template sets.
        line: The line of the statement, for errors.
        cost: The cost of one iteration, if it is a loop.
    """
    keyword, rest = split_keyword(source)
    rewriter = Rewriter(variables, line)
    if keyword == "for":
        node = parse_for(source, line)
        values = call("o_for", rewriter.rewrite(node.iter), ast.Constant(cost))
        return f"for {_stored(node, line)} in {ast.unparse(values)}"
    if keyword in {"if", "elif"}:
        return f"{keyword} {ast.unparse(rewriter.rewrite(parse_expression(rest, line)))}"
    if keyword == "while":
        condition = rewriter.rewrite(parse_expression(rest, line))
        return f"while {ast.unparse(call('o_while', condition, ast.Constant(cost)))}"
    if keyword == "except" and " ".join(source.split()) in _EXCEPTS:
        return f"except {CAUGHT}"
    if keyword in _BARE and not rest:
        return keyword
    raise syntax_error(f"{{% {clipped(source)} %}} is not supported", line=line)


def split_keyword(source: str) -> tuple[str, str]:
    """Split `if a` into ("if", "a"), as Tornado does."""
    keyword, _, rest = source.partition(" ")
    return keyword, rest.strip()
