"""``/v1/build``, ``/v1/deploy`` and ``/v1/deployments``: what is served of a project's files."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from clerk_tinybird_app.local.tinybird.access.static_tokens import scopes_of
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.project.project_check import Checked
from clerk_tinybird_app.local.tinybird.routes.bodies import MOST_BYTES, bounded
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins
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


@for_admins
async def build(call: Call) -> dict[str, Any]:
    """Serve the files of a project in the token's workspace."""
    return await call.in_thread(_build, call, await _files(call.request))


@for_admins
async def deploy(call: Call) -> dict[str, Any]:
    """Serve the files of a project, or keep them until that is asked, or only check them."""
    target, files = call.workspace, await _files(call.request)
    if target.is_deploying:
        raise bad_request("Another deployment is under way. Deploy this one when it is done.")
    target.is_deploying = True
    try:
        return await call.in_thread(_deploy, call, files)
    finally:
        target.is_deploying = False


@for_admins
async def index(call: Call) -> dict[str, Any]:
    """List the deployments: the one that serves, and one that waits to."""
    return {"deployments": _kept(call.workspace)}


@for_admins
async def one(call: Call) -> dict[str, Any]:
    """Describe a deployment, or discard one that does not serve."""
    found = call.one_of(call.workspace.deployments, "Deployment")
    if call.request.method == "DELETE":
        if found["live"]:
            raise bad_request("This deployment serves, so it cannot be discarded. Deploy another.")
        # It is described until the next one comes: `tb` asks whether it is gone.
        found["status"], call.workspace.staged = _DELETED, None
    return {"result": "success", "deployment": found}


@for_admins
async def set_live(call: Call) -> dict[str, Any]:
    """Serve a deployment that waits; the one that served until then is left to be discarded."""
    target = call.workspace
    found = call.one_of(target.deployments, "Deployment")
    if not found["live"]:
        if target.staged is None:
            raise bad_request("This deployment does not serve any more. Deploy its files again.")
        try:
            await call.in_thread(target.serve, target.staged, call.service.writer)
        except ProjectMistakes as error:
            raise bad_request(f"The deployment cannot serve. {error}") from None
        target.staged = None
        for each in target.deployments:
            each["live"] = each is found
    return {"result": "success", "deployment": found}


def _kept(target: LocalWorkspace) -> list[dict[str, Any]]:
    return [each for each in target.deployments if each["status"] != _DELETED]


async def _files(request: Request) -> dict[Path, bytes]:
    """Return the project's files that a request sends, or refuse their names or their size."""
    files: dict[Path, bytes] = {}
    async with bounded(request).form(max_files=_MOST_FILES, max_part_size=MOST_BYTES) as form:
        for name, part in form.multi_items():
            if isinstance(part, UploadFile) and name.startswith(_PROJECT_PART):
                file = _file(part.filename or "")
                if file in files:
                    raise bad_request(f"The file '{file.as_posix()}' is there twice")
                files[file] = await part.read()
    return files


def _file(name: str) -> Path:
    """Return the path of a project's file; refuse a name that is none, or that lies elsewhere."""
    file = Path(name)
    if not name.isprintable() or not file.parts or max(map(len, file.parts)) > _LONGEST_PART:
        shown = name[:_SHOWN] + ("..." if len(name) > _SHOWN else "")
        raise bad_request(f"{shown!r} is no file's name: it is empty, too long or not printable")
    if file.is_absolute() or ".." in file.parts:
        raise bad_request(f"The file '{name}' lies outside the project")
    return file


def _build(call: Call, files: dict[Path, bytes]) -> dict[str, Any]:
    before, project = call.workspace.served, read_files(files, modified=call.service.clock())
    try:
        _, checked = call.workspace.serve(project, call.service.writer)
    except ProjectMistakes as error:
        return {"result": "failed", "errors": _faults(error)}
    return {"result": "success", "build": {"id": str(uuid.uuid4()), **_told(before, checked)}}


def _deploy(call: Call, files: dict[Path, bytes]) -> dict[str, Any]:
    target, writer = call.workspace, call.service.writer
    asked = {name for name, value in call.request.query_params.items() if value.lower() == "true"}
    kept = _kept(target)
    if len(kept) > 1 and "check" not in asked:
        raise bad_request("Another deployment waits. Promote it, or discard it, then deploy this.")
    target.deployed += 1
    now = time_text(call.service.clock())
    serves = "auto_promote" in asked and "check" not in asked
    made = {"id": str(target.deployed), "created_at": now, "updated_at": now, "live": serves}
    before = target.served
    try:
        project = read_files(files, modified=call.service.clock())
        if "allow_destructive_operations" not in asked:
            _require_kept(before.datasources, project)
        if serves:
            _, checked = target.serve(project, writer)
        else:
            checked = target.check(project, writer)
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
    """Refuse, by `ProjectMistakes`, a project without all data sources that are served."""
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
    }
    for kind, old, new in (
        ("datasource", before.datasources, after.datasources),
        ("pipe", _pipes(before), _pipes(after)),
        ("token", _scopes(before), _scopes(after)),
    ):
        found[f"new_{kind}_names"] = sorted(new.keys() - old.keys())
        found[f"deleted_{kind}_names"] = sorted(old.keys() - new.keys())
        found[f"changed_{kind}_names"] = sorted(
            name for name in new.keys() & old.keys() if new[name] != old[name]
        )
    return found


def _pipes(checked: Checked) -> dict[str, Pipe]:
    return {name: compiled.pipe for name, compiled in checked.pipes.items()}


def _scopes(checked: Checked) -> dict[str, set[tuple[str, str]]]:
    return scopes_of(checked.datasources.values(), _pipes(checked).values())
