"""``GET /api/tinybird-token``: a Tinybird token for whoever shows a Clerk session."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.clerk.credentials import session_token
from clerk_tinybird_app.clerk.errors import ClerkError, SessionMissingError
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.tinybird.token import TinybirdToken

TOKEN_HEADER: Final = "x-tinybird-token"
ORG_NAME_HEADER: Final = "x-org-name"

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Access-Control-Expose-Headers": f"{TOKEN_HEADER}, {ORG_NAME_HEADER}",
}
_RETRY_AFTER_SECONDS: Final = "5"


async def tinybird_token(request: Request) -> Response:
    """Answer with a token for the session in the request.

    200 ``{token, name, expires_at, workspace_id, scopes}`` with the guide's two headers; 200
    ``{token, anonymous: true}`` when nobody is signed in and an anonymous key is configured;
    401 ``{error: {code, message}}`` for anything wrong with the session, which never falls back
    to the anonymous key; 503 in the same form while Clerk's keys cannot be had.
    """
    services: Services = request.app.state.services
    try:
        credential = session_token(request.headers, services.publishable_key.cookie_suffix)
        if credential is None:
            return _anonymous(services)
        session = await services.verifier.verify(credential)
    except ClerkError as error:
        return _refusal(error)
    token = TinybirdToken.mint(session, services.workspace, now=services.clock())
    body = {
        "token": token.value,
        "name": token.name,
        "expires_at": token.expires_at,
        "workspace_id": token.claims["workspace_id"],
        "scopes": token.claims["scopes"],
    }
    names = {TOKEN_HEADER: token.value, ORG_NAME_HEADER: token.org_permission}
    return JSONResponse(body, headers=_HEADERS | names)


def _anonymous(services: Services) -> Response:
    key = services.settings.tinybird_api_key
    if not key:
        raise SessionMissingError
    headers = _HEADERS | {TOKEN_HEADER: key, ORG_NAME_HEADER: ""}
    return JSONResponse({"token": key, "anonymous": True}, headers=headers)


def _refusal(error: ClerkError) -> Response:
    hint = (
        {"WWW-Authenticate": "Bearer"}
        if error.status == HTTPStatus.UNAUTHORIZED
        else {"Retry-After": _RETRY_AFTER_SECONDS}
    )
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, status_code=error.status, headers=_HEADERS | hint)
