"""``/v0/variables``: values for ``tb_secret`` in pipes, which nobody can read back."""

from typing import Any, Final

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.routes.bodies import values_of
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins
from clerk_tinybird_app.local.tinybird.workspaces.workspace import time_text

_MOST: Final = 100
_MOST_BYTES: Final = 8_192
_TYPE: Final = "secret"


@for_admins
async def every(call: Call) -> dict[str, Any]:
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
    return _kept(call, name, values)


@for_admins
async def one(call: Call) -> dict[str, Any]:
    """Describe a variable, give it another value, or remove it."""
    workspace, method, name = call.workspace, call.request.method, call.name
    if name not in workspace.variables:
        raise not_found("Not found" if method == "GET" else "Variable not found")
    if method == "PUT":
        return _kept(call, name, await values_of(call.request))
    if method == "GET":
        return workspace.variables[name]
    del workspace.variables[name], workspace.secrets[name]
    return {"ok": True}


def _kept(call: Call, name: str, values: dict[str, Any]) -> dict[str, Any]:
    workspace, value = call.workspace, values.get("value")
    if not isinstance(value, str) or len(value.encode(errors="replace")) > _MOST_BYTES:
        raise bad_request(f"A variable needs a value, a text of at most {_MOST_BYTES} bytes")
    now = time_text(call.service.clock())
    before = workspace.variables.get(name, {"name": name, "type": _TYPE, "created_at": now})
    workspace.variables[name] = {**before, "updated_at": now, "edited_by": "local"}
    workspace.secrets[name] = value
    return workspace.variables[name]
