"""``/tokens`` as Tinybird Local answers it, ``/v0/tokens``, and ``/v0/variables``.

Variables are values for ``tb_secret`` in pipes, which nobody can read back.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import jwt
from starlette.requests import Request
from starlette.responses import Response

from clerk_tinybird_app.local.tinybird.access import claims, static_tokens
from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden, not_found
from clerk_tinybird_app.local.tinybird.routes.bodies import values_of
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins, service_of, with_tokens
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace, time_text

_OWN: Final = ("workspace admin token", "admin local_testing@tinybird.co")
_ADMIN: Final = ({"type": claims.ADMIN},)
_MOST: Final = 100
_MOST_BYTES: Final = 8_192
_TYPE: Final = "secret"


async def local(request: Request) -> Response:
    """Give the tokens of this machine's Tinybird to programs on it, never to a web page."""
    is_page = request.headers.get("sec-fetch-site", "none") != "none"
    if is_page or "origin" in request.headers:
        raise forbidden("The tokens are not for web pages")
    workspaces = service_of(request).workspaces
    key = workspaces.first.signing_key
    return with_tokens(
        {"user_token": workspaces.user_token, "admin_token": key, "workspace_admin_token": key}
    )


@for_admins
async def create(call: Call) -> Response:
    """Sign a JWT; with ``scope`` in the place of ``scopes``, make a token that does not expire."""
    workspace, values = call.workspace, await values_of(call.request)
    if "scope" in values or not values.keys() & {"scopes", "expiration_time"}:
        return _made(workspace, values, call.request.query_params.getlist("scope"))
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
    return with_tokens({"token": token})


@for_admins
async def index(call: Call) -> Response:
    """List the workspace's tokens that do not expire."""
    found = _all(call.workspace)
    return with_tokens({"tokens": [_view(token, call.workspace) for token in found]})


@for_admins
async def one(call: Call) -> Response | dict[str, Any]:
    """Give a token by its name or its id; remove it, or give it another value, if it was made."""
    workspace, method = call.workspace, call.request.method
    named = (t for t in _all(workspace) if call.name in (t.name, _id(t, workspace)))
    found = next(named, None)
    if found is None:
        raise forbidden("Token has not enough permissions to get information about this token")
    if method == "GET":
        return with_tokens(_view(found, workspace))
    if found.value not in workspace.made_tokens:
        raise forbidden(
            f"The token '{found.name}' is the workspace's own, which the app signs with, or a data "
            "file's, where it is to be changed"
        )
    del workspace.made_tokens[found.value]
    if method == "DELETE":
        return {"ok": True}
    return _kept(workspace, replace(found, value=static_tokens.new_token(workspace.id, found.name)))


@for_admins
async def variables(call: Call) -> dict[str, Any]:
    """List the variables, without their values, or make one."""
    known = call.workspace.variables
    if call.request.method == "GET":
        return {"variables": list(known.values())}
    values = await values_of(call.request)
    name = str(values.get("name"))
    is_new = "name" in values and name.isidentifier() and name not in known
    if not is_new or len(known) >= _MOST or values.get("type", _TYPE) != _TYPE:
        raise bad_request(
            f"A variable needs a name of letters, digits and underscores that is not there already "
            f"and the type {_TYPE}; {_MOST} may be there"
        )
    return _kept_variable(call, name, values)


@for_admins
async def variable(call: Call) -> dict[str, Any]:
    """Describe a variable, give it another value, or remove it."""
    workspace, method, name = call.workspace, call.request.method, call.name
    if name not in workspace.variables:
        raise not_found("Not found" if method == "GET" else "Variable not found")
    if method == "PUT":
        return _kept_variable(call, name, await values_of(call.request))
    if method == "GET":
        return workspace.variables[name]
    del workspace.variables[name], workspace.secrets[name]
    return {"ok": True}


def _made(workspace: LocalWorkspace, values: dict[str, Any], texts: list[str]) -> Response:
    name, given = values.get("name"), values.get("scope")
    if not isinstance(name, str) or not name:
        raise bad_request("A token needs a name")
    if given is None:
        raise bad_request("A token needs a scope, such as PIPES:READ:name; a JWT needs scopes")
    if any(name == token.name for token in _all(workspace)):
        raise bad_request(f'Auth token with name "{name}" already exists')
    texts = texts or (given if isinstance(given, list) else [given])
    return _kept(workspace, static_tokens.made_token(name, workspace.id, list(map(str, texts))))


def _kept(workspace: LocalWorkspace, made: static_tokens.StaticToken) -> Response:
    workspace.made_tokens[made.value] = made
    return with_tokens(_view(made, workspace))


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


def _kept_variable(call: Call, name: str, values: dict[str, Any]) -> dict[str, Any]:
    workspace, value = call.workspace, values.get("value")
    if not isinstance(value, str) or len(value.encode(errors="replace")) > _MOST_BYTES:
        raise bad_request(f"A variable needs a value, a text of at most {_MOST_BYTES} bytes")
    now = time_text(call.service.clock())
    before = workspace.variables.get(name, {"name": name, "type": _TYPE, "created_at": now})
    workspace.variables[name] = {**before, "updated_at": now, "edited_by": "local"}
    workspace.secrets[name] = value
    return workspace.variables[name]
