"""What a request to a pipe can be filled in with, read from the project's own files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.tinybird.project import Pipe
from clerk_tinybird_app.tinybird.template import Parameter, Template

_FIRST: Final = ("start", "end")
"""A period reads in this order, whatever order the SQL needs it in."""


@dataclass(frozen=True)
class Field:
    """One input of the form.

    Attributes:
        name: The parameter's name.
        type: Tinybird's type, such as ``String`` or ``UInt16``.
        description: For people, "" without one.
        placeholder: The default that applies when it is left empty, "" without one.
        options: The values to choose from, empty when any will do.
        is_required: True when leaving it empty is an error.
    """

    name: str
    type: str
    description: str
    placeholder: str
    options: list[str]
    is_required: bool


def fields_of(pipe: Pipe, *, without: Iterable[str] = ()) -> list[Field]:
    """Return the inputs for ``pipe``, each parameter once, but for those ``without``.

    Args:
        pipe: A pipe of the project.
        without: Names that a token fixes, which no request can set.

    Raises:
        TemplateError: A node's template is malformed.
    """
    found: dict[str, Parameter] = {}
    for node in pipe.nodes:
        if node.is_template:
            for parameter in Template(node.sql).parameters:
                found.setdefault(parameter.name, parameter)
    names: list[str] = [name for name in _FIRST if name in found]
    names += [name for name in found if name not in _FIRST]
    hidden = set(without)
    return [_field(found[name]) for name in names if name not in hidden]


def _field(parameter: Parameter) -> Field:
    default = "" if parameter.default is None else str(parameter.default)
    return Field(
        name=parameter.name,
        type=parameter.type or "String",
        description=parameter.description or "",
        placeholder=default,
        options=[str(option) for option in parameter.enum or ()],
        is_required=parameter.is_enforced,
    )
