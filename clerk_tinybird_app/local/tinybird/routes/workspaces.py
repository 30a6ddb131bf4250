"""The workspaces of this machine, as the ``tb`` command asks for them."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.routes import calls
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_USER: Final = {"id": "local", "email": "local@localhost"}


async def user_workspaces(request: Request) -> Response:
    """List the workspaces of this machine."""
    workspace = calls.administered(request)
    listed = [_view(each) for each in calls.service_of(request).workspaces.all()]
    return JSONResponse(
        {**_USER, "organization_id": None, "workspaces": listed, "current": workspace.id}
    )


async def create(request: Request) -> Response:
    """Make a workspace."""
    calls.administered(request)
    name = (await calls.values_of(request)).get("name")
    if not isinstance(name, str) or not name:
        raise bad_request("The name of the workspace is missing")
    return JSONResponse(
        _view(await calls.in_thread(request, calls.service_of(request).workspaces.add, name))
    )


async def remove(request: Request) -> Response:
    """Remove a workspace that was made."""
    calls.administered(request)
    id_or_name = request.path_params["workspace_id"]
    removed = await calls.in_thread(
        request, calls.service_of(request).workspaces.remove, id_or_name
    )
    return JSONResponse({"id": removed.id, "name": removed.name})


async def workspace(request: Request) -> Response:
    """Describe the token's workspace: with these fields alone, as a client may know no other."""
    found = calls.administered(request)
    user = {"user_id": _USER["id"], "user_email": _USER["email"], "scope": "admin"}
    return JSONResponse({"id": found.id, "name": found.name, **user, "main": None})


async def regions(request: Request) -> Response:
    """List the regions: this machine."""
    calls.identify(request)
    host = f"{request.url.scheme}://{request.url.netloc}"
    region = {"key": "local", "name": "local", "provider": "local", "api_host": host, "host": host}
    return JSONResponse({"regions": [region]})


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
