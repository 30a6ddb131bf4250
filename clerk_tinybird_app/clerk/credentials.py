"""Finds the session token in a request."""

import re
from typing import Final

from starlette.datastructures import Headers

from clerk_tinybird_app.clerk.errors import SessionMalformedError

_SESSION_COOKIE: Final = "__session"

# The white space between cookies (OWS in RFC 9110). `str.strip` removes more, such as U+00A0: two
# cookies that are different for a browser would have the same name here.
_WHITE_SPACE: Final = " \t"

# RFC 6750, section 2.1. It has no comma, so two headers that a proxy joined do not match.
_BEARER: Final = re.compile(r"(?i:Bearer) +([A-Za-z0-9._~+/-]+=*)")


def session_token(headers: Headers, cookie_suffix: str) -> str | None:
    """Find the session token of a request; `verify` decides whether it is valid.

    `Authorization: Bearer` comes first, then Clerk's cookie for this app's own instance, then
    Clerk's plain cookie. Other cookies are never read, also when their names begin like this one.

    Args:
        headers: The request's headers, such as `request.headers`.
        cookie_suffix: See `PublishableKey.cookie_suffix`.

    Returns:
        The token; None if the request carries no credential at all.

    Raises:
        SessionMalformedError: If there is an Authorization header that is not exactly one
            `Bearer TOKEN`, or if one cookie has two values. The next place is not tried then.
    """
    authorization = headers.getlist("authorization")
    if authorization:
        return _bearer(authorization)
    cookies = headers.getlist("cookie")
    return _cookie(cookies, f"{_SESSION_COOKIE}_{cookie_suffix}") or _cookie(
        cookies, _SESSION_COOKIE
    )


def _bearer(authorization: list[str]) -> str:
    match = _BEARER.fullmatch(authorization[0])
    if len(authorization) > 1 or match is None:
        raise SessionMalformedError
    return match[1]


def _cookie(headers: list[str], name: str) -> str | None:
    """Return the cookie's value; None if it is absent or empty. A removed one may be empty."""
    texts = (text for header in headers for text in header.split(";"))
    pairs = (text.strip(_WHITE_SPACE).partition("=") for text in texts)
    values = {value for key, _, value in pairs if key == name}
    if len(values) > 1:
        raise SessionMalformedError
    return values.pop() or None if values else None
