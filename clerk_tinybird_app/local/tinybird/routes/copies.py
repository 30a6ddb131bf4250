"""``/v0/pipes/NAME/copy``: copies run, paused and cancelled; and what does not run here."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.project.copies import MODES
from clerk_tinybird_app.local.tinybird.project.not_run import of_connector, of_sink
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.routes import calls
from clerk_tinybird_app.local.tinybird.routes.metadata import pipe_view
from clerk_tinybird_app.local.tinybird.routes.queries import parameters
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_PAUSES: Final = {"pause": True, "resume": False, "cancel": True}


async def run(request: Request) -> Response:
    """Begin a copy; the job in the answer tells how it goes on."""
    workspace, pipe = _administered(request)
    copy = workspace.served.copies.get(pipe.pipe.name)
    if copy is None:
        raise _no_copy(pipe)
    values = await calls.values_of(request)
    mode = str(values.get("_mode", ""))
    if mode and mode not in MODES:
        raise bad_request(f"_mode must be {' or '.join(MODES)}, not '{mode}'")
    job = calls.service_of(request).copies.start(workspace, copy, parameters(values), mode)
    return JSONResponse({**pipe_view(workspace, pipe, with_sql=True), "job": job})


async def change(request: Request) -> Response:
    """Pause or resume a schedule, or pause it and cancel what waits or runs."""
    workspace, pipe = _administered(request)
    name, action = pipe.pipe.name, request.path_params["action"]
    copy = workspace.served.copies.get(name)
    if action not in _PAUSES:
        raise not_found("Not found")
    if copy is None:
        raise _no_copy(pipe)
    copies, more = calls.service_of(request).copies, dict[str, Any]()
    if action == "cancel":
        of_it = [job for job in workspace.jobs if job.get("pipe_name") == name]
        more["cancelled_jobs"] = copies.cancel(of_it.__contains__)
    elif not copy.cron:
        raise bad_request(f"The copy pipe '{name}' has no COPY_SCHEDULE to {action}")
    if copy.cron:
        copies.pause(workspace, name, is_paused=_PAUSES[action])
    return JSONResponse({**pipe_view(workspace, pipe, with_sql=True), **more})


async def sink(request: Request) -> Response:
    """Say that a sink does not run here."""
    _, pipe = _administered(request)
    name = pipe.pipe.name
    raise bad_request(of_sink(pipe.pipe) or f"The pipe '{name}' has no node of TYPE sink")


async def connector(request: Request) -> Response:
    """Say that a connector does not run here."""
    workspace = calls.administered(request)
    source = workspace.datasource(request.path_params["name"], lambda _: None)
    raise bad_request(of_connector(source) or f"The data source '{source.name}' has no connector")


def _administered(request: Request) -> tuple[LocalWorkspace, CompiledPipe]:
    """Return the workspace of a caller who may do everything in it, and the pipe it names.

    Raises:
        ApiError: 403, it may not; 404, there is no such pipe; 400, it has a mistake.
    """
    workspace, caller = calls.identify(request)
    caller.require_admin()
    return workspace, workspace.pipe(request.path_params["name"], caller)


def _no_copy(pipe: CompiledPipe) -> Exception:
    return bad_request(f"The pipe '{pipe.pipe.name}' has no node of TYPE copy")
