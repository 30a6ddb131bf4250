"""``/v0/pipes/NAME/copy``: copies run, paused and cancelled; and what does not run here."""

from typing import Any, Final, NoReturn

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.project.copies import MODES, Copy
from clerk_tinybird_app.local.tinybird.project.not_run import of_connector, of_sink
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.routes.bodies import values_of
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins
from clerk_tinybird_app.local.tinybird.routes.metadata import pipe_view
from clerk_tinybird_app.local.tinybird.routes.queries import parameters

_PAUSES: Final = {"pause": True, "resume": False, "cancel": True}


@for_admins
async def run(call: Call) -> dict[str, Any]:
    """Begin a copy; the job in the answer tells how it goes on."""
    pipe, copy = _copied(call)
    values = await values_of(call.request)
    mode = str(values.get("_mode", ""))
    if mode and mode not in MODES:
        raise bad_request(f"_mode must be {' or '.join(MODES)}, not '{mode}'")
    job = call.service.copies.start(call.workspace, copy, parameters(values), mode)
    return {**pipe_view(call.workspace, pipe, with_sql=True), "job": job}


@for_admins
async def change(call: Call) -> dict[str, Any]:
    """Pause or resume a schedule, or pause it and cancel what waits or runs."""
    action = call.request.path_params["action"]
    if action not in _PAUSES:
        raise not_found("Not found")
    pipe, copy = _copied(call)
    name, copies, more = pipe.pipe.name, call.service.copies, dict[str, Any]()
    if action == "cancel":
        of_it = [job for job in call.workspace.jobs if job.get("pipe_name") == name]
        more["cancelled_jobs"] = copies.cancel(of_it.__contains__)
    elif not copy.cron:
        raise bad_request(f"The copy pipe '{name}' has no COPY_SCHEDULE to {action}")
    if copy.cron:
        copies.pause(call.workspace, name, is_paused=_PAUSES[action])
    return {**pipe_view(call.workspace, pipe, with_sql=True), **more}


@for_admins
async def sink(call: Call) -> NoReturn:
    """Say that a sink does not run here."""
    pipe = call.workspace.pipe(call.name, call.caller).pipe
    raise bad_request(of_sink(pipe) or f"The pipe '{pipe.name}' has no node of TYPE sink")


@for_admins
async def connector(call: Call) -> NoReturn:
    """Say that a connector does not run here."""
    source = call.workspace.datasource(call.name, call.caller.require_sight)
    raise bad_request(of_connector(source) or f"The data source '{source.name}' has no connector")


def _copied(call: Call) -> tuple[CompiledPipe, Copy]:
    """Return the pipe that is asked, and what it copies."""
    pipe = call.workspace.pipe(call.name, call.caller)
    copy = call.workspace.served.copies.get(pipe.pipe.name)
    if copy is None:
        raise bad_request(f"The pipe '{pipe.pipe.name}' has no node of TYPE copy")
    return pipe, copy
