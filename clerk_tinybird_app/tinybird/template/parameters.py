"""Finds the parameters of a template without rendering it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clerk_tinybird_app.tinybird.template.functions import SIGNATURES, TRANSFORMS

Comprehension = ast.ListComp | ast.GeneratorExp | ast.DictComp

_NAMING = TRANSFORMS | {"column", "columns", "symbol", "table", "split_to_array"}
_NEEDING = TRANSFORMS | {"symbol", "table"}
_NEVER_MISSING = frozenset({"Boolean", "JSON", "split_to_array"})
_DOCUMENTED = ("description", "example", "format")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a template.

    Attributes:
        name: The name in the URL.
        type: `Int32`, `Array(String)`, `column`, ...; None when no use has a type.
        default: The value of a missing parameter: the value of a literal, else the text of the
            expression; None without a default.
        has_default: Whether any use has a default. A use with a default is no error when the
            parameter is missing.
        required: The value of `required=`; without it, whether the parameter has neither a
            default nor a condition. This is only documentation: see `is_enforced`.
        description: For people.
        enum: For people; it is not checked.
        example: For people.
        format: For people.
        is_conditional: True when every use is inside a branch, a loop, a `try` or a comment, or
            in `defined()`. The parameter can then be left out without an error.
        is_enforced: True when some use outside all of these has no default. It is then always
            an error to leave the parameter out.
        line: The line of the first use in the SQL, from 1.
    """

    name: str
    type: str | None = None
    default: Any = None
    has_default: bool = False
    required: bool = True
    description: str | None = None
    enum: tuple[Any, ...] | None = None
    example: Any = None
    format: str | None = None
    is_conditional: bool = True
    is_enforced: bool = False
    line: int = 1


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a parameter.

    Attributes:
        maker: The function that has it as the first argument, if there is one.
        arguments: The other arguments of that function, by name.
        is_conditional: Whether a render can skip this use.
    """

    name: str
    line: int
    is_conditional: bool
    maker: str | None = None
    arguments: dict[str, ast.expr] | None = None

    @property
    def lacks_default(self) -> bool:
        """True for a use with a type and without a default."""
        return self.maker in _NEEDING and _absent((self.arguments or {}).get("default"))

    @property
    def fails_when_missing(self) -> bool:
        """True when this use, if it runs, is an error for a missing value."""
        if self.maker is None or self.maker in _NEVER_MISSING or self.maker == "defined":
            return False
        arguments = self.arguments or {}
        return _absent(arguments.get("default")) and _value(arguments.get("defined"), True)


def _absent(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _value(node: ast.expr | None, otherwise: Any = None) -> Any:
    if node is None:
        return otherwise
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def uses(
    tree: ast.AST, variables: frozenset[str], line: int, *, is_conditional: bool
) -> Iterator[Use]:
    """Return the uses of parameters in an expression."""
    if isinstance(tree, ast.Name):
        if tree.id not in variables:
            yield Use(tree.id, line + tree.lineno - 1, is_conditional)
        return
    if isinstance(tree, ast.Call):
        yield from _call_uses(tree, variables, line, is_conditional=is_conditional)
        return
    if isinstance(tree, Comprehension):
        yield from _comprehension_uses(tree, variables, line, is_conditional=is_conditional)
        return
    for child in ast.iter_child_nodes(tree):
        passed_by = is_conditional or _can_skip(tree, child)
        yield from uses(child, variables, line, is_conditional=passed_by)


def _comprehension_uses(
    tree: Comprehension, variables: frozenset[str], line: int, *, is_conditional: bool
) -> Iterator[Use]:
    for each in tree.generators:
        yield from uses(each.iter, variables, line, is_conditional=is_conditional)
        names = (node.id for node in ast.walk(each.target) if isinstance(node, ast.Name))
        variables, is_conditional = variables.union(names), True
        for condition in each.ifs:
            yield from uses(condition, variables, line, is_conditional=True)
    for made in (tree.key, tree.value) if isinstance(tree, ast.DictComp) else (tree.elt,):
        yield from uses(made, variables, line, is_conditional=True)


def _can_skip(tree: ast.AST, child: ast.AST) -> bool:
    if isinstance(tree, ast.IfExp):
        return child is not tree.test
    return isinstance(tree, ast.BoolOp) and child is not tree.values[0]


def _call_uses(
    tree: ast.Call, variables: frozenset[str], line: int, *, is_conditional: bool
) -> Iterator[Use]:
    children: list[ast.AST] = [*tree.args, *(keyword.value for keyword in tree.keywords)]
    name = tree.func.id if isinstance(tree.func, ast.Name) else None
    if name is None:
        children.insert(0, tree.func)
    elif name in _NAMING or name == "defined":
        arguments = _bound(name, tree)
        first = arguments.pop("x", None)
        if isinstance(first, ast.Name) and first.id not in variables:
            yield Use(first.id, line + first.lineno - 1, is_conditional, name, arguments)
            children.remove(first)
        kind = arguments.get("type")
        if isinstance(kind, ast.Name) and kind in children and kind.id in TRANSFORMS:
            children.remove(kind)
    for child in children:
        yield from uses(child, variables, line, is_conditional=is_conditional)


def _bound(name: str, tree: ast.Call) -> dict[str, ast.expr]:
    keywords = {keyword.arg: keyword.value for keyword in tree.keywords if keyword.arg}
    given = SIGNATURES[name].bind(None, *tree.args, **keywords).arguments
    del given["run"]
    return given


def collect(found: Sequence[Use]) -> tuple[Parameter, ...]:
    """Return one Parameter for each name, in the order of first use."""
    parameters: dict[str, Parameter] = {}
    for use in found:
        known = parameters.get(use.name) or Parameter(use.name, line=use.line)
        parameters[use.name] = _merged(known, use)
    return tuple(_concluded(parameter, found) for parameter in parameters.values())


def _merged(known: Parameter, use: Use) -> Parameter:
    arguments = use.arguments or {}
    changes: dict[str, Any] = {}
    if known.type is None and use.maker in _NAMING:
        changes["type"] = _type_name(use.maker or "", arguments)
    if not known.has_default and not _absent(arguments.get("default")):
        changes |= {"has_default": True, "default": _value(arguments["default"])}
    for name in _DOCUMENTED:
        if getattr(known, name) is None and name in arguments:
            changes[name] = _value(arguments[name])
    enum = _value(arguments.get("enum"))
    if known.enum is None and isinstance(enum, (list, tuple)):
        changes["enum"] = tuple(enum)
    if use.maker != "defined" and not use.is_conditional:
        changes["is_conditional"] = False
    if use.fails_when_missing and not use.is_conditional:
        changes["is_enforced"] = True
    return replace(known, **changes)


def _type_name(maker: str, arguments: dict[str, ast.expr]) -> str:
    if maker != "Array":
        return "Array(String)" if maker == "split_to_array" else maker
    kind = arguments.get("type")
    name = kind.id if isinstance(kind, ast.Name) else _value(kind, "String")
    return f"Array({name})"


def _concluded(parameter: Parameter, found: Sequence[Use]) -> Parameter:
    said = [
        _value(use.arguments["required"])
        for use in found
        if use.name == parameter.name and use.arguments and "required" in use.arguments
    ]
    stated = next((value for value in said if isinstance(value, bool)), None)
    needed = not (parameter.has_default or parameter.is_conditional)
    required = needed if stated is None else stated
    return replace(parameter, required=required)


def without_default(found: Sequence[Use]) -> tuple[str, ...]:
    """Return the parameters with a typed use without a default, in the order of first use."""
    return tuple(dict.fromkeys(use.name for use in found if use.lacks_default))
