"""``GET /api/tinybird-token``: returns a Tinybird token for a Clerk session."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.api.shared_rate_limit import SharedRateLimit
from clerk_tinybird_app.clerk.credentials import session_token
from clerk_tinybird_app.clerk.errors import ClerkError, SessionMissingError
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.logs import context
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.errors import error
from clerk_tinybird_app.serving.proxies import customer_of
from clerk_tinybird_app.telemetry import metrics, refusals
from clerk_tinybird_app.tinybird.policy import PolicyFailedError
from clerk_tinybird_app.tinybird.token import TinybirdToken

TOKEN_HEADER: Final = "x-tinybird-token"
ORG_NAME_HEADER: Final = "x-org-name"

MAX_HEADER_BYTES: Final = 32 * 1024
"""The most bytes that the headers of a request may have; nginx has the same limit."""

MAX_GUIDE_HEADERS: Final = 3 * 1024
"""The most bytes of the guide's headers. With 4 KB of headers in all, nginx answers 502."""

ADDRESS_SHARE: Final = 10
"""One address may make as many requests as this number of sessions: an office has one address."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Access-Control-Expose-Headers": f"{TOKEN_HEADER}, {ORG_NAME_HEADER}",
}
_RETRY_AFTER_SECONDS: Final = "5"
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F)))


async def tinybird_token(request: Request) -> Response:
    """Answer with a token for the session in the request.

    The answers:

    - 200 ``{token, name, expires_at, workspace_id, scopes}``, with the two headers of the guide.
    - 200 ``{token, anonymous: true}`` when there is no session and an anonymous key is configured.
    - 401 ``{error: {code, message}}`` when the session is not valid. The anonymous key is never
      sent instead.
    - 500 in the same form when the product's policy fails.
    - 503 in the same form while Clerk's keys cannot be fetched, 429 for too many requests of one
      session or address, 431 for headers that are too large.
    """
    services: Services = request.app.state.services
    try:
        return await _answer(request, services)
    except ClerkError as refusal:
        refusals.refused(refusals.API, refusal.code)
        return _refusal(refusal)
    except PolicyFailedError as failure:
        return _error(failure.status, failure.code, failure.message, {})


async def _answer(request: Request, services: Services) -> Response:
    by_address: SharedRateLimit = request.app.state.by_address
    by_session: SharedRateLimit = request.app.state.by_session
    if wait := await by_address.take(customer_of(request.scope)):
        return _too_many(wait, "address")
    if sum(len(name) + len(value) for name, value in request.headers.raw) > MAX_HEADER_BYTES:
        return _too_large()
    credential = session_token(request.headers, services.publishable_key.cookie_suffix)
    if credential is None:
        return _anonymous(services)
    session = await services.verify(credential)
    context.is_for(session.session_id, services.tenant_of(session))
    if wait := await by_session.take(session.session_id):
        return _too_many(wait, "session")
    token = services.mint(session, now=services.clock(), place="api")
    body = {
        "token": token.value,
        "name": token.name,
        "expires_at": token.expires_at,
        "workspace_id": token.claims["workspace_id"],
        "scopes": token.claims["scopes"],
    }
    return JSONResponse(body, headers=_HEADERS | guide_headers(token, session))


def guide_headers(token: TinybirdToken, session: ClerkSession) -> dict[str, str]:
    """Return the two headers of the guide, in ASCII.

    What is too long for proxies together is left out, the token last: it is in the body too.
    """
    headers: dict[str, str] = {}
    left = MAX_GUIDE_HEADERS
    for name, text in ((ORG_NAME_HEADER, session.permission_verb), (TOKEN_HEADER, token.value)):
        value = quote(text, safe=_PRINTABLE)
        if len(value) <= left:
            headers[name] = value
            left -= len(value)
    return headers


def _anonymous(services: Services) -> Response:
    key = services.settings.tinybird_api_key
    if not key:
        raise SessionMissingError
    headers = _HEADERS | {TOKEN_HEADER: key, ORG_NAME_HEADER: ""}
    return JSONResponse({"token": key, "anonymous": True}, headers=headers)


def _refusal(refusal: ClerkError) -> Response:
    hint = (
        {"WWW-Authenticate": "Bearer"}
        if refusal.status == HTTPStatus.UNAUTHORIZED
        else {"Retry-After": _RETRY_AFTER_SECONDS}
    )
    return _error(refusal.status, refusal.code, refusal.message, hint)


def _too_many(wait: float, whose: str) -> Response:
    refusals.refused(refusals.API, refusals.TOO_MANY_REQUESTS, whose)
    metrics.over_limit(whose)
    seconds = math.ceil(wait)
    message = (
        f"Too many requests for a token from this {whose}. Try again in {seconds} s, and keep a "
        "token until it expires."
    )
    hint = {"Retry-After": str(seconds)}
    return _error(HTTPStatus.TOO_MANY_REQUESTS, refusals.TOO_MANY_REQUESTS, message, hint)


def _too_large() -> Response:
    refusals.refused(refusals.API, refusals.HEADERS_TOO_LARGE)
    message = (
        f"The request's headers are larger than {MAX_HEADER_BYTES} bytes. Send one session token, "
        "and no cookies that this app does not know."
    )
    return _error(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, refusals.HEADERS_TOO_LARGE, message, {}
    )


def _error(status: int, code: str, message: str, headers: Mapping[str, str]) -> Response:
    return error(status, code, message, {**_HEADERS, **headers})
