"""``/tokens`` as Tinybird Local answers it, and ``/v0/tokens``."""

from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.access import claims
from clerk_tinybird_app.local.tinybird.access.static_tokens import StaticToken
from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden, not_found
from clerk_tinybird_app.local.tinybird.routes.answering import (
    NOT_KEPT,
    administered,
    service_of,
    values_of,
)
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace


async def local(request: Request) -> Response:
    """Give the tokens of this machine's Tinybird to programs on it, never to a web page."""
    is_page = request.headers.get("sec-fetch-site", "none") != "none"
    if is_page or "origin" in request.headers:
        raise forbidden("The tokens are not for web pages")
    workspaces = service_of(request).workspaces
    key = workspaces.first.signing_key
    found = {"user_token": workspaces.user_token, "admin_token": key, "workspace_admin_token": key}
    return JSONResponse(found, headers=NOT_KEPT)


async def create(request: Request) -> Response:
    """Sign a JWT."""
    workspace = administered(request)
    values = await values_of(request)
    try:
        expires = int(values["expiration_time"])
        payload: dict[str, Any] = {
            "workspace_id": workspace.id,
            "name": values["name"],
            "exp": expires,
            "scopes": values["scopes"],
        }
    except (KeyError, OverflowError, TypeError, ValueError):
        raise bad_request("A JWT needs name, expiration_time (seconds) and scopes") from None
    if "limits" in values:
        payload["limits"] = values["limits"]
    key = workspace.signing_key
    token = jwt.encode(payload, key, algorithm="HS256")
    # What would be refused when used is refused when made.
    claims.read(token, signing_key=key, workspace_id=workspace.id, now=expires - 1)
    return JSONResponse({"token": token}, headers=NOT_KEPT)


async def index(request: Request) -> Response:
    """List the workspace's tokens that do not expire."""
    workspace = administered(request)
    own = {"id": "admin", "name": "workspace admin token", "token": workspace.signing_key}
    named = [_view(token, workspace) for token in workspace.tokens.values()]
    tokens = [{**own, "scopes": [{"type": "ADMIN"}]}, *named]
    return JSONResponse({"tokens": tokens}, headers=NOT_KEPT)


async def one(request: Request) -> Response:
    """Give a token by its name."""
    workspace = administered(request)
    name = request.path_params["name"]
    for token in workspace.tokens.values():
        if token.name == name:
            return JSONResponse(_view(token, workspace), headers=NOT_KEPT)
    raise not_found(f"Token '{name}' not found")


def _view(token: StaticToken, workspace: LocalWorkspace) -> dict[str, Any]:
    return {
        "id": workspace.resource_id("token", token.name),
        "name": token.name,
        "token": token.value,
        "scopes": list(token.scopes),
    }
