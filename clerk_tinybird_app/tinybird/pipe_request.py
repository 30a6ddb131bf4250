"""A request to a pipe, as an address says it: the API's own, and that of the page which runs it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, quote, urlencode

PIPE: Final = "pipe"
"""The pipe's name in a page's address."""

MOST_CHARACTERS: Final = 15_000
"""As long as a dashboard's address, with what its request has besides."""

_MOST_VALUES: Final = 40


@dataclass(frozen=True)
class PipeRequest:
    """A pipe with parameters; without a token, which has no place in an address.

    Attributes:
        pipe: The pipe's name.
        parameters: Parameter name -> value.
    """

    pipe: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of the API that answers it as JSON, such as ``/v0/pipes/top_routes.json``."""
        query = _encoded(self.parameters)
        return f"/v0/pipes/{quote(self.pipe)}.json" + (f"?{query}" if query else "")

    def address(self, page: str) -> str:
        """Return the address of ``page`` that opens with this request."""
        return f"{page}?{_encoded({PIPE: self.pipe, **self.parameters})}"

    @classmethod
    def read(cls, search: str, allowed: Mapping[str, Collection[str]]) -> Self | None:
        """Return the request in an address's query, None when there is none.

        Args:
            search: The query with or without its question mark.
            allowed: Pipe -> the parameters that it may be opened with; all else is left out.
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
    # What could end a quoted text in any of the example's languages is encoded too.
    return urlencode(values, quote_via=quote, safe="/:,", errors="replace")
