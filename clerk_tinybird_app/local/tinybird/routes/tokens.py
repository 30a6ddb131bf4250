"""``/tokens`` as Tinybird Local answers it, and ``/v0/tokens``."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.access import claims, static_tokens
from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden
from clerk_tinybird_app.local.tinybird.routes import calls
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_OWN: Final = ("workspace admin token", "admin local_testing@tinybird.co")
_ADMIN: Final = ({"type": claims.ADMIN},)


async def local(request: Request) -> Response:
    """Give the tokens of this machine's Tinybird to programs on it, never to a web page."""
    is_page = request.headers.get("sec-fetch-site", "none") != "none"
    if is_page or "origin" in request.headers:
        raise forbidden("The tokens are not for web pages")
    workspaces = calls.service_of(request).workspaces
    key = workspaces.first.signing_key
    found = {"user_token": workspaces.user_token, "admin_token": key, "workspace_admin_token": key}
    return JSONResponse(found, headers=calls.NOT_KEPT)


async def create(request: Request) -> Response:
    """Sign a JWT; with ``scope`` in the place of ``scopes``, make a token that does not expire."""
    workspace = calls.administered(request)
    values = await calls.values_of(request)
    if "scope" in values:
        return _made(workspace, values, request.query_params.getlist("scope"))
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
    return JSONResponse({"token": token}, headers=calls.NOT_KEPT)


async def index(request: Request) -> Response:
    """List the workspace's tokens that do not expire."""
    workspace = calls.administered(request)
    tokens = [_view(token, workspace) for token in _all(workspace)]
    return JSONResponse({"tokens": tokens}, headers=calls.NOT_KEPT)


async def one(request: Request) -> Response:
    """Give a token by its name or its id; remove it, or give it another value, if it was made."""
    workspace, asked = calls.administered(request), request.path_params["name"]
    named = (t for t in _all(workspace) if asked in (t.name, _id(t, workspace)))
    found = next(named, None)
    if found is None:
        raise forbidden("Token has not enough permissions to get information about this token")
    if request.method == "GET":
        return JSONResponse(_view(found, workspace), headers=calls.NOT_KEPT)
    if found.value not in workspace.made_tokens:
        raise forbidden(
            f"The token '{found.name}' is the workspace's own, which the app signs with, or a data "
            "file's, where it is to be changed"
        )
    del workspace.made_tokens[found.value]
    if request.method == "DELETE":
        return JSONResponse({"ok": True})
    return _kept(workspace, replace(found, value=static_tokens.new_token(workspace.id, found.name)))


def _made(workspace: LocalWorkspace, values: dict[str, Any], texts: list[str]) -> Response:
    name, given = values.get("name"), values["scope"]
    if not isinstance(name, str) or not name:
        raise bad_request("A token needs a name")
    if any(name == token.name for token in _all(workspace)):
        raise bad_request(f'Auth token with name "{name}" already exists')
    texts = texts or (given if isinstance(given, list) else [given])
    return _kept(workspace, static_tokens.made_token(name, workspace.id, list(map(str, texts))))


def _kept(workspace: LocalWorkspace, made: static_tokens.StaticToken) -> Response:
    workspace.made_tokens[made.value] = made
    return JSONResponse(_view(made, workspace), headers=calls.NOT_KEPT)


def _all(workspace: LocalWorkspace) -> Iterator[static_tokens.StaticToken]:
    """Yield the workspace's own token, by both names that Tinybird Local has for it, and others."""
    caller = claims.lasting("admin", workspace.id, _ADMIN)
    for name in _OWN:
        yield static_tokens.StaticToken(
            name=name, value=workspace.signing_key, scopes=_ADMIN, caller=caller
        )
    yield from workspace.tokens.values()
    yield from workspace.made_tokens.values()


def _id(token: static_tokens.StaticToken, workspace: LocalWorkspace) -> str:
    return workspace.resource_id("token", token.name)


def _view(token: static_tokens.StaticToken, workspace: LocalWorkspace) -> dict[str, Any]:
    return {
        "id": _id(token, workspace),
        "token": token.value,
        "name": token.name,
        "description": "",
        "scopes": [{"resource": None, "filter": None, **scope} for scope in token.scopes],
        "origin": {"type": "C"},
        "host": "local",
        "is_internal": False,
    }
