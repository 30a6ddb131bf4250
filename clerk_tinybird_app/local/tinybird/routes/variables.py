"""``/v0/variables``: values for ``tb_secret`` in pipes, which nobody can read back."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.routes.answering import (
    administered,
    service_of,
    values_of,
)
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace, time_text

_MOST: Final = 100
_MOST_BYTES: Final = 8_192


async def index(request: Request) -> Response:
    """List the variables, without their values."""
    return JSONResponse({"variables": list(administered(request).variables.values())})


async def create(request: Request) -> Response:
    """Make a variable."""
    workspace = administered(request)
    values = await values_of(request)
    name = values.get("name")
    if not isinstance(name, str) or not name.isidentifier():
        raise bad_request("A variable needs a name of letters, digits and underscores")
    if name in workspace.variables:
        raise bad_request(f"There is a variable named '{name}' already")
    if len(workspace.variables) >= _MOST:
        raise bad_request(f"There are {_MOST} variables already; delete one")
    if values.get("type", "secret") != "secret":
        raise bad_request("The type of a variable is secret")
    return _kept(request, workspace, name, values)


async def one(request: Request) -> Response:
    """Describe a variable."""
    found = administered(request).variables.get(request.path_params["name"])
    if found is None:
        raise not_found("Not found")
    return JSONResponse(found)


async def update(request: Request) -> Response:
    """Give a variable another value."""
    workspace, name = _named(request)
    return _kept(request, workspace, name, await values_of(request))


async def remove(request: Request) -> Response:
    """Remove a variable."""
    workspace, name = _named(request)
    del workspace.variables[name], workspace.secrets[name]
    return JSONResponse({"ok": True})


def _named(request: Request) -> tuple[LocalWorkspace, str]:
    workspace, name = administered(request), request.path_params["name"]
    if name not in workspace.variables:
        raise not_found("Variable not found")
    return workspace, name


def _kept(
    request: Request, workspace: LocalWorkspace, name: str, values: dict[str, Any]
) -> Response:
    value = values.get("value")
    if not isinstance(value, str) or len(value.encode(errors="replace")) > _MOST_BYTES:
        raise bad_request(f"A variable needs a value, a text of at most {_MOST_BYTES} bytes")
    now = time_text(service_of(request).clock())
    before = workspace.variables.get(name, {"created_at": now})
    found = {"name": name, "type": "secret", "created_at": before["created_at"]}
    workspace.variables[name] = {**found, "updated_at": now, "edited_by": "local"}
    workspace.secrets[name] = value
    return JSONResponse(workspace.variables[name])
