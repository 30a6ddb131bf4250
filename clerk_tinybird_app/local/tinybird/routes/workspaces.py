"""What the ``tb`` command calls: workspaces, builds, regions, appended files."""

import uuid
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.routes.answering import (
    MOST_BYTES,
    answering,
    identify,
    in_thread,
    service_of,
    values_of,
)
from clerk_tinybird_app.local.tinybird.routes.metadata import workspace_view
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace, Served
from clerk_tinybird_app.tinybird.project import ProjectMistakes, read_files

_PROJECT_PART: Final = "data_project://"
_MOST_FILES: Final = 2000
_LONGEST_PART: Final = 255
"""Of a file's or a folder's name, on most file systems."""

_SHOWN: Final = 40


@answering
async def user_workspaces(request: Request) -> Response:
    """List the workspaces of this machine."""
    workspace, caller = identify(request)
    caller.require_admin()
    all_of_them = service_of(request).workspaces.all()
    user = {"id": "local", "email": "local@localhost", "organization_id": None}
    listed = [workspace_view(each) for each in all_of_them]
    return JSONResponse({**user, "workspaces": listed, "current": workspace.id})


@answering
async def create_workspace(request: Request) -> Response:
    """Make a workspace."""
    _, caller = identify(request)
    caller.require_admin()
    name = (await values_of(request)).get("name")
    if not isinstance(name, str) or not name:
        raise bad_request("The name of the workspace is missing")
    service = service_of(request)
    made = await in_thread(service.ingest_threads, service.workspaces.add, name)
    return JSONResponse(workspace_view(made))


@answering
async def remove_workspace(request: Request) -> Response:
    """Remove a workspace that was made."""
    _, caller = identify(request)
    caller.require_admin()
    service = service_of(request)
    removed = await in_thread(
        service.ingest_threads, service.workspaces.remove, request.path_params["workspace_id"]
    )
    return JSONResponse({"id": removed.id, "name": removed.name})


@answering
async def workspace(request: Request) -> Response:
    """Describe the token's workspace."""
    found, caller = identify(request)
    caller.require_admin()
    return JSONResponse(workspace_view(found))


@answering
async def regions(request: Request) -> Response:
    """List the regions: this machine."""
    identify(request)
    host = _base(request)
    region = {"key": "local", "name": "local", "provider": "local", "api_host": host, "host": host}
    return JSONResponse({"regions": [region]})


@answering
async def build(request: Request) -> Response:
    """Serve the files of a project in the token's workspace."""
    found, caller = identify(request)
    caller.require_admin()
    service = service_of(request)
    async with request.form(max_files=_MOST_FILES, max_part_size=MOST_BYTES) as form:
        files: dict[Path, bytes] = {}
        for name, part in form.multi_items():
            if isinstance(part, UploadFile) and name.startswith(_PROJECT_PART):
                file = _file(part.filename or "")
                if file in files:
                    raise bad_request(f"The file '{file.as_posix()}' is there twice")
                files[file] = await part.read()
    return JSONResponse(await in_thread(service.ingest_threads, _build, service, found, files))


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


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


def _build(service: Service, target: LocalWorkspace, files: dict[Path, bytes]) -> dict[str, Any]:
    before = target.served
    try:
        outcome = target.serve(read_files(files), service.writer)
    except ProjectMistakes as error:
        faults = [
            {"filename": one.file.as_posix(), "error": f"line {one.line}: {one.message}"}
            for one in error.mistakes
        ]
        return {"result": "failed", "errors": faults}
    feedback = [
        {"level": "WARNING", "resource": one.file.stem, "message": str(one)}
        for one in outcome.checked.doubts
    ]
    made = {**_difference(before, target.served), "feedback": feedback}
    return {"result": "success", "build": made}


def _difference(before: Served, after: Served) -> dict[str, Any]:
    kinds = {
        "datasource": (before.datasources, after.datasources),
        "pipe": (before.pipes, after.pipes),
    }
    result: dict[str, Any] = {"id": str(uuid.uuid4())}
    for kind, (old, new) in kinds.items():
        result[f"new_{kind}_names"] = sorted(new.keys() - old.keys())
        result[f"deleted_{kind}_names"] = sorted(old.keys() - new.keys())
        result[f"changed_{kind}_names"] = []
    return result


@answering
async def example(request: Request) -> Response:
    """Give the address of a pipe's rows, for people to copy; without a token."""
    found, caller = identify(request)
    name = found.pipe(request.query_params.get("pipe", "")).pipe.name
    caller.fixed_params(name, found.resource_id("pipe", name))
    ending = request.query_params.get("format", "json")
    return PlainTextResponse(f"{_base(request)}/v0/pipes/{name}.{ending}")
