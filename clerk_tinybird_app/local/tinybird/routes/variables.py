"""``/v0/variables``: values for ``tb_secret`` in pipes, which nobody can read back."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.routes import calls
from clerk_tinybird_app.local.tinybird.workspaces.workspace import time_text

_MOST: Final = 100
_MOST_BYTES: Final = 8_192
_TYPE: Final = "secret"


async def every(request: Request) -> Response:
    """List the variables, without their values, or make one."""
    known = calls.administered(request).variables
    if request.method == "GET":
        return JSONResponse({"variables": list(known.values())})
    values = await calls.values_of(request)
    name = str(values.get("name"))
    is_new = "name" in values and name.isidentifier() and name not in known
    if not is_new or len(known) >= _MOST or values.get("type", _TYPE) != _TYPE:
        raise bad_request(
            f"A variable needs a name of letters, digits and underscores that is not there already "
            f"and the type {_TYPE}; {_MOST} may be there"
        )
    return _kept(request, name, values)


async def one(request: Request) -> Response:
    """Describe a variable, give it another value, or remove it."""
    workspace, name = calls.administered(request), request.path_params["name"]
    if name not in workspace.variables:
        raise not_found("Not found" if request.method == "GET" else "Variable not found")
    if request.method == "PUT":
        return _kept(request, name, await calls.values_of(request))
    if request.method == "GET":
        return JSONResponse(workspace.variables[name])
    del workspace.variables[name], workspace.secrets[name]
    return JSONResponse({"ok": True})


def _kept(request: Request, name: str, values: dict[str, Any]) -> Response:
    workspace, value = calls.administered(request), values.get("value")
    if not isinstance(value, str) or len(value.encode(errors="replace")) > _MOST_BYTES:
        raise bad_request(f"A variable needs a value, a text of at most {_MOST_BYTES} bytes")
    now = time_text(calls.service_of(request).clock())
    before = workspace.variables.get(name, {"name": name, "type": _TYPE, "created_at": now})
    workspace.variables[name] = {**before, "updated_at": now, "edited_by": "local"}
    workspace.secrets[name] = value
    return JSONResponse(workspace.variables[name])
