"""What the ``tb`` command asks of workspaces: which there are, and to serve a project's files."""

import uuid
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.routes import calls
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import ProjectMistakes, read_files

_PROJECT_PART: Final = "data_project://"
_MOST_FILES: Final = 2000
_LONGEST_PART: Final = 255
"""Of a file's or a folder's name, on most file systems."""

_SHOWN: Final = 40


async def user_workspaces(request: Request) -> Response:
    """List the workspaces of this machine."""
    workspace = calls.administered(request)
    user = {"id": "local", "email": "local@localhost", "organization_id": None}
    listed = [_view(each) for each in calls.service_of(request).workspaces.all()]
    return JSONResponse({**user, "workspaces": listed, "current": workspace.id})


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
    """Describe the token's workspace."""
    return JSONResponse(_view(calls.administered(request)))


async def regions(request: Request) -> Response:
    """List the regions: this machine."""
    calls.identify(request)
    host = f"{request.url.scheme}://{request.url.netloc}"
    region = {"key": "local", "name": "local", "provider": "local", "api_host": host, "host": host}
    return JSONResponse({"regions": [region]})


async def build(request: Request) -> Response:
    """Serve the files of a project in the token's workspace."""
    target = calls.administered(request)
    async with request.form(max_files=_MOST_FILES, max_part_size=calls.MOST_BYTES) as form:
        files: dict[Path, bytes] = {}
        for name, part in form.multi_items():
            if isinstance(part, UploadFile) and name.startswith(_PROJECT_PART):
                file = _file(part.filename or "")
                if file in files:
                    raise bad_request(f"The file '{file.as_posix()}' is there twice")
                files[file] = await part.read()
    return JSONResponse(
        await calls.in_thread(request, _build, target, files, calls.service_of(request).writer)
    )


def _file(name: str) -> Path:
    """Return the path of a project's file.

    Raises:
        ApiError: 400, the name is none, or of a file that lies elsewhere.
    """
    file = Path(name)
    if not name.isprintable() or not file.parts or max(map(len, file.parts)) > _LONGEST_PART:
        shown = name[:_SHOWN] + ("..." if len(name) > _SHOWN else "")
        raise bad_request(f"{shown!r} is no file's name: it is empty, too long or not printable")
    if file.is_absolute() or ".." in file.parts:
        raise bad_request(f"The file '{name}' lies outside the project")
    return file


def _build(target: LocalWorkspace, files: dict[Path, bytes], writer: Writer) -> dict[str, Any]:
    before = target.served
    try:
        _, checked = target.serve(read_files(files), writer)
    except ProjectMistakes as error:
        faults = [
            {"filename": one.file.as_posix(), "error": f"line {one.line}: {one.message}"}
            for one in error.mistakes
        ]
        return {"result": "failed", "errors": faults}
    feedback = [
        {"level": "WARNING", "resource": one.file.stem, "message": str(one)}
        for one in checked.doubts
    ]
    made: dict[str, Any] = {"id": str(uuid.uuid4()), "feedback": feedback}
    after = target.served
    for kind, old, new in (
        ("datasource", before.datasources.keys(), after.datasources.keys()),
        ("pipe", before.pipes.keys(), after.pipes.keys()),
    ):
        made[f"new_{kind}_names"] = sorted(new - old)
        made[f"deleted_{kind}_names"] = sorted(old - new)
        made[f"changed_{kind}_names"] = []
    return {"result": "success", "build": made}


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
