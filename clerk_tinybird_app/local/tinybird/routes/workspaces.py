"""The workspaces of this machine, as the ``tb`` command asks for them."""

from typing import Any, Final

from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.routes.bodies import values_of
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins, for_callers
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_USER: Final = {"id": "local", "email": "local@localhost"}


@for_admins
async def user_workspaces(call: Call) -> dict[str, Any]:
    """List the workspaces of this machine."""
    listed = [_view(each) for each in call.service.workspaces.all()]
    return {**_USER, "organization_id": None, "workspaces": listed, "current": call.workspace.id}


@for_admins
async def create(call: Call) -> dict[str, Any]:
    """Make a workspace."""
    name = (await values_of(call.request)).get("name")
    if not isinstance(name, str) or not name:
        raise bad_request("The name of the workspace is missing")
    return _view(await call.in_thread(call.service.workspaces.add, name))


@for_admins
async def remove(call: Call) -> dict[str, Any]:
    """Remove a workspace that was made."""
    removed = await call.in_thread(call.service.workspaces.remove, call.name)
    return {"id": removed.id, "name": removed.name}


@for_admins
async def workspace(call: Call) -> dict[str, Any]:
    """Describe the token's workspace: with these fields alone, as a client may know no other."""
    user = {"user_id": _USER["id"], "user_email": _USER["email"], "scope": "admin"}
    return {"id": call.workspace.id, "name": call.workspace.name, **user, "main": None}


@for_callers
async def regions(call: Call) -> dict[str, Any]:
    """List the regions: this machine."""
    host = f"{call.request.url.scheme}://{call.request.url.netloc}"
    region = {"key": "local", "name": "local", "provider": "local", "api_host": host, "host": host}
    return {"regions": [region]}


def _view(found: LocalWorkspace) -> dict[str, Any]:
    """Return a workspace, as the API describes it, with its admin token."""
    return {
        "id": found.id,
        "name": found.name,
        "token": found.signing_key,
        "main": None,
        "role": "admin",
        "is_branch": False,
        "members": [],
        "organization_id": None,
        "organization_name": None,
        "plan": "dev",
    }
