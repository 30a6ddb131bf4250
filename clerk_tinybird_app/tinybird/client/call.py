"""What is asked of Tinybird, checked before anything is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from clerk_tinybird_app.tinybird.client.errors import (
    TinybirdBadRequestError,
    TinybirdForbiddenError,
    TinybirdNotFoundError,
)

FORMATS: Final = frozenset({"json", "csv", "ndjson", "parquet"})
"""The endings of ``/v0/pipes/NAME`` that a query may ask for."""

MAX_QUERY_BYTES: Final = 2048
"""Longer parameters go by POST, as in Tinybird's own clients."""

# `format` and `q` are the API's own; a token has no place in an address.
_NOT_PARAMETERS: Final = ("token", "format", "q")
_PIPE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request without its token.

    Attributes:
        method: ``GET``, or ``POST`` when the parameters are long.
        path: With the query string, if any.
        form: The format asked for.
        content: The body of a POST.
    """

    method: str
    path: str
    form: str
    content: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, pipe: str, parameters: Mapping[str, str], form: str) -> Self:
        """Check and encode a query.

        Raises:
            TinybirdNotFoundError: ``pipe`` cannot be a pipe's name.
            TinybirdBadRequestError: The format is none, or a name or value is not one that a
                parameter may have.
        """
        if not _PIPE.fullmatch(pipe):
            raise TinybirdNotFoundError("A pipe's name is letters, digits and underscores.")
        if form not in FORMATS:
            raise TinybirdBadRequestError(f"The format must be one of {', '.join(sorted(FORMATS))}")
        path, query = f"/v0/pipes/{pipe}.{form}", _encoded(parameters)
        if len(query) > MAX_QUERY_BYTES:
            return cls("POST", path, form, query.encode())
        return cls("GET", f"{path}?{query}" if query else path, form)

    def arguments(self, token: str) -> dict[str, Any]:
        """Return what httpx needs to send the call with ``token``.

        Raises:
            TinybirdForbiddenError: The token cannot be one; httpx's own error would repeat it.
        """
        if not _TOKEN.fullmatch(token):
            raise TinybirdForbiddenError("There is no token, or it is not well-formed.")
        headers = {"Authorization": f"Bearer {token}"} | (_FORM if self.content else {})
        return {"headers": headers, "content": self.content}


def _encoded(parameters: Mapping[str, str]) -> str:
    for name in _NOT_PARAMETERS:
        if name in parameters:
            raise TinybirdBadRequestError(f"'{name}' cannot be the name of a parameter.")
    try:
        return urlencode(dict(parameters), quote_via=quote)
    except UnicodeEncodeError:
        raise TinybirdBadRequestError("A parameter's value is not valid text.") from None
