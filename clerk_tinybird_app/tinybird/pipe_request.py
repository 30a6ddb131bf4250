"""A request to a pipe: as an address, as a form, and as an example in three languages."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self
from urllib.parse import parse_qsl, quote, urlencode

from clerk_tinybird_app.tinybird.lint.flow import steps
from clerk_tinybird_app.tinybird.project import Project
from clerk_tinybird_app.tinybird.template import Parameter, Template

PIPE: Final = "pipe"
"""The pipe's name in a page's address."""

MOST_CHARACTERS: Final = 15_000
"""The longest address: that of a dashboard, with room for the other parts of a request."""

_MOST_VALUES: Final = 40
_MOMENT: Final = "datetime-local"

TOKEN_PLACEHOLDER: Final = "<token>"
"""The placeholder of the token in all examples, so that the token is sent only once."""

PATH_PLACEHOLDER: Final = "<path>"
"""The placeholder of the path of the request that the page shows."""

_SEVERAL: Final = re.compile(r"(_not)?_in$")

_TEMPLATES: Final = {
    "fetch": """\
const url = '{url}'
const response = await fetch(url, {{
  headers: {{ Authorization: 'Bearer {token}' }},
}})
const {{ data }} = await response.json()""",
    "curl": """\
curl '{url}' \\
  -H 'Authorization: Bearer {token}'""",
    "Python": """\
import httpx

url = "{url}"
token = "{token}"
answer = httpx.get(url, headers={{"Authorization": f"Bearer {{token}}"}})
rows = answer.raise_for_status().json()["data"]""",
}
LANGUAGES: Final = tuple(_TEMPLATES)


@dataclass(frozen=True)
class PipeRequest:
    """A pipe with parameters. It has no token, because a token must not be in an address.

    Attributes:
        pipe: The pipe's name.
        parameters: Parameter name -> value.
    """

    pipe: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of the API that answers it as JSON, such as ``/v0/pipes/NAME.json``."""
        query = _encoded(self.parameters)
        return f"/v0/pipes/{quote(self.pipe)}.json" + (f"?{query}" if query else "")

    def address(self, page: str) -> str:
        """Return the address that opens ``page`` with this request."""
        return f"{page}?{_encoded({PIPE: self.pipe, **self.parameters})}"

    @classmethod
    def read(cls, search: str, allowed: Mapping[str, Collection[str]]) -> Self | None:
        """Return the request in the query of an address, None when there is none.

        Args:
            search: The query with or without its question mark.
            allowed: Pipe -> its allowed parameters; all others are left out.
        """
        if len(search) > MOST_CHARACTERS:
            return None
        try:
            given = dict(
                parse_qsl(
                    search.removeprefix("?"), keep_blank_values=True, max_num_fields=_MOST_VALUES
                )
            )
        except ValueError:
            return None
        pipe = given.get(PIPE, "")
        if pipe not in allowed:
            return None
        return cls(pipe, {name: given[name] for name in given if name in allowed[pipe]})


def _encoded(values: Mapping[str, str]) -> str:
    # Also encoded: what could end a quoted text in one of the languages of the examples.
    return urlencode(values, quote_via=quote, safe="/:,", errors="replace")


@dataclass(frozen=True)
class Field:
    """One input of the form.

    Attributes:
        name: The parameter's name.
        type: Tinybird's type, such as ``String`` or ``UInt16``.
        description: For people, "" without one.
        placeholder: The default of an empty input, "" without one.
        options: The values to choose from, empty when every value is allowed.
        is_required: True when leaving it empty is an error.
        input: The kind of input in a browser, such as ``datetime-local``.
        is_of_several: True when it takes several values of another one, after whose name it is
            called: ``method_in``, ``method_not_in``.
    """

    name: str
    type: str
    description: str
    placeholder: str
    options: list[str]
    is_required: bool
    input: str
    is_of_several: bool = False

    def sent(self, value: str) -> str:
        """Return what the browser's input says as the pipe takes it."""
        if self.input != _MOMENT or "T" not in value:
            return value
        date, time = value.split("T", 1)
        return f"{date} {time}" if time.count(":") > 1 else f"{date} {time}:00"


def fields_of(
    project: Project, pipe: str, *, first: Iterable[str] = (), without: Iterable[str] = ()
) -> list[Field]:
    """Return the inputs for a pipe: each parameter once, but not those in ``without``.

    The parameters of another pipe that it reads are its own too: Tinybird passes them on.

    Args:
        project: What the pipe is in.
        pipe: Its name.
        first: The names that come first, such as those of a period.
        without: The names that the token fixes, so that no request can set them.

    Raises:
        TemplateError: A node's template is malformed.
    """
    own = project.pipes[pipe]
    read = (each.node for each in steps(project, own) if each.pipe is not own)
    found: dict[str, Parameter] = {}
    for node in (*own.nodes, *read):
        if node.is_template:
            for parameter in Template(node.sql).parameters:
                found.setdefault(parameter.name, parameter)
    names = [name for name in dict.fromkeys([*first, *found]) if name in found]
    hidden = set(without)
    return [
        replace(_field(found[name]), is_of_several=_SEVERAL.sub("", name) in found.keys() - {name})
        for name in names
        if name not in hidden
    ]


def _field(parameter: Parameter) -> Field:
    default = "" if parameter.default is None else str(parameter.default)
    return Field(
        name=parameter.name,
        type=parameter.type or "String",
        description=parameter.description or "",
        placeholder=default,
        options=[str(option) for option in parameter.enum or ()],
        is_required=parameter.is_enforced,
        input=_MOMENT if (parameter.type or "").startswith("DateTime") else "text",
    )


def example_requests(api_url: str) -> dict[str, str]:
    """Return language -> source of a request, with placeholders for its path and its token."""
    url = f"{api_url}{PATH_PLACEHOLDER}"
    return {
        language: template.format(url=url, token=TOKEN_PLACEHOLDER)
        for language, template in _TEMPLATES.items()
    }
