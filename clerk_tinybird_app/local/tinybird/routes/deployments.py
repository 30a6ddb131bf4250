"""``/v1/build``, ``/v1/deploy`` and ``/v1/deployments``: what is served of a project's files."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.project.project_check import Checked
from clerk_tinybird_app.local.tinybird.routes import calls
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace, time_text
from clerk_tinybird_app.tinybird.project import (
    DataSource,
    Pipe,
    Project,
    ProjectError,
    ProjectMistakes,
    read_files,
)

_PROJECT_PART: Final = "data_project://"
_MOST_FILES: Final = 2000
_LONGEST_PART: Final = 255
"""Of a file's or a folder's name, on most file systems."""

_SHOWN: Final = 40
_READY: Final = "data_ready"
"""The status of a deployment that can serve, or does."""
_DELETED: Final = "deleted"


async def build(request: Request) -> Response:
    """Serve the files of a project in the token's workspace."""
    target, files = calls.administered(request), await _files(request)
    return JSONResponse(
        await calls.in_thread(request, _build, target, files, calls.service_of(request))
    )


async def deploy(request: Request) -> Response:
    """Serve the files of a project, or keep them until that is asked, or only check them."""
    target, files = calls.administered(request), await _files(request)
    asked = {name for name, value in request.query_params.items() if value.lower() == "true"}
    if target.is_deploying:
        raise bad_request("Another deployment is under way. Deploy this one when it is done.")
    target.is_deploying, service = True, calls.service_of(request)
    try:
        return JSONResponse(await calls.in_thread(request, _deploy, target, files, service, asked))
    finally:
        target.is_deploying = False


async def index(request: Request) -> Response:
    """List the deployments: the one that serves, and one that waits to."""
    return JSONResponse({"deployments": _kept(calls.administered(request))})


async def one(request: Request) -> Response:
    """Describe a deployment, or discard one that does not serve."""
    target, found = _found(request)
    if request.method == "DELETE":
        if found["live"]:
            raise bad_request("This deployment serves, so it cannot be discarded. Deploy another.")
        # It is described until the next one comes: `tb` asks whether it is gone.
        found["status"], target.staged = _DELETED, None
    return JSONResponse({"result": "success", "deployment": found})


async def set_live(request: Request) -> Response:
    """Serve a deployment that waits; the one that served until then is left to be discarded."""
    target, found = _found(request)
    writer = calls.service_of(request).writer
    if not found["live"]:
        if target.staged is None:
            raise bad_request("This deployment does not serve any more. Deploy its files again.")
        try:
            await calls.in_thread(request, target.serve, target.staged, writer)
        except ProjectMistakes as error:
            raise bad_request(f"The deployment cannot serve. {error}") from None
        target.staged = None
        for each in target.deployments:
            each["live"] = each is found
    return JSONResponse({"result": "success", "deployment": found})


def _kept(target: LocalWorkspace) -> list[dict[str, Any]]:
    return [each for each in target.deployments if each["status"] != _DELETED]


def _found(request: Request) -> tuple[LocalWorkspace, dict[str, Any]]:
    target, asked = calls.administered(request), request.path_params["deployment_id"]
    for found in target.deployments:
        if found["id"] == asked:
            return target, found
    raise not_found(f"Deployment '{asked}' not found")


async def _files(request: Request) -> dict[Path, bytes]:
    """Return the project's files that a request sends.

    Raises:
        ApiError: 413, they are too large; 400, a name is none.
    """
    files: dict[Path, bytes] = {}
    async with calls.bounded(request).form(
        max_files=_MOST_FILES, max_part_size=calls.MOST_BYTES
    ) as form:
        for name, part in form.multi_items():
            if isinstance(part, UploadFile) and name.startswith(_PROJECT_PART):
                file = _file(part.filename or "")
                if file in files:
                    raise bad_request(f"The file '{file.as_posix()}' is there twice")
                files[file] = await part.read()
    return files


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


def _build(target: LocalWorkspace, files: dict[Path, bytes], service: Service) -> dict[str, Any]:
    before = target.served
    try:
        _, checked = target.serve(read_files(files), service.writer)
    except ProjectMistakes as error:
        return {"result": "failed", "errors": _faults(error)}
    return {"result": "success", "build": {"id": str(uuid.uuid4()), **_told(before, checked)}}


def _deploy(
    target: LocalWorkspace, files: dict[Path, bytes], service: Service, asked: set[str]
) -> dict[str, Any]:
    kept = _kept(target)
    if len(kept) > 1 and "check" not in asked:
        raise bad_request("Another deployment waits. Promote it, or discard it, then deploy this.")
    target.deployed += 1
    now = time_text(service.clock())
    serves = "auto_promote" in asked and "check" not in asked
    made = {"id": str(target.deployed), "created_at": now, "updated_at": now, "live": serves}
    before = target.served
    try:
        project = read_files(files)
        if "allow_destructive_operations" not in asked:
            _require_kept(before.datasources, project)
        if serves:
            _, checked = target.serve(project, service.writer)
        else:
            checked = target.check(project, service.writer)
    except ProjectMistakes as error:
        refused = {"status": "failed", "live": False, "errors": _faults(error), "feedback": []}
        return {"result": "failed", "deployment": {**made, **refused}}
    made["status"] = _READY
    if serves:
        target.deployments[:] = [made]
    elif "check" not in asked:
        # What is served without a deployment counts as the one before the first.
        first = {**made, "id": "0", "live": True}
        target.deployments[:] = [*(kept or [first]), made]
        target.staged = project
    return {"result": "success", "deployment": {**made, **_told(before, checked)}}


def _require_kept(served: Mapping[str, DataSource], project: Project) -> None:
    """Pass if a project has all data sources that are served.

    Raises:
        ProjectMistakes: It lacks some.
    """
    text = "It is not in the project any more. Deploy with --allow-destructive-operations if its "
    gone = [source for name, source in served.items() if name not in project.datasources]
    if gone:
        raise ProjectMistakes(
            ProjectError(source.path, 1, f"{text}rows are to be served no more.") for source in gone
        )


def _faults(error: ProjectMistakes) -> list[dict[str, str]]:
    return [
        {"filename": one.file.as_posix(), "error": f"line {one.line}: {one.message}"}
        for one in error.mistakes
    ]


def _told(before: Checked, after: Checked) -> dict[str, Any]:
    """Return what is new, changed and gone, and what is to be said of it."""
    found: dict[str, Any] = {
        "errors": [],
        "feedback": [
            {"level": "WARNING", "resource": one.file.stem, "message": str(one)}
            for one in after.doubts
        ],
        **{f"{change}_token_names": [] for change in ("new", "changed", "deleted")},
    }
    for kind, old, new in (
        ("datasource", before.datasources, after.datasources),
        ("pipe", _pipes(before), _pipes(after)),
    ):
        found[f"new_{kind}_names"] = sorted(new.keys() - old.keys())
        found[f"deleted_{kind}_names"] = sorted(old.keys() - new.keys())
        found[f"changed_{kind}_names"] = sorted(
            name for name in new.keys() & old.keys() if new[name] != old[name]
        )
    return found


def _pipes(checked: Checked) -> dict[str, Pipe]:
    return {name: compiled.pipe for name, compiled in checked.pipes.items()}
