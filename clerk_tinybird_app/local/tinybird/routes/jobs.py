"""Copies run, paused and cancelled, what removes rows, and the jobs that tell how each went."""

from functools import partial
from typing import Any, Final, NoReturn

from starlette.responses import Response

from clerk_tinybird_app.local.tinybird.engine import changes
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX
from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.project.fillings import MODES, Copy
from clerk_tinybird_app.local.tinybird.project.not_run import of_connector, of_sink
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.routes.bodies import values_of
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins
from clerk_tinybird_app.local.tinybird.routes.metadata import pipe_view
from clerk_tinybird_app.local.tinybird.routes.queries import parameters

_FILTERS: Final = ("kind", "status", "pipe_id", "pipe_name")
_PAUSES: Final = {"pause": True, "resume": False, "cancel": True}


@for_admins
async def copy(call: Call) -> dict[str, Any]:
    """Begin a copy; the job in the answer tells how it goes on."""
    pipe, copied = _copied(call)
    values = await values_of(call.request)
    mode = str(values.get("_mode", ""))
    if mode and mode not in MODES:
        raise bad_request(f"_mode must be {' or '.join(MODES)}, not '{mode}'")
    job = call.service.copies.start(call.workspace, copied, parameters(values), mode)
    return {**pipe_view(call.workspace, pipe, with_sql=True), "job": job}


@for_admins
async def change_copy(call: Call) -> dict[str, Any]:
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


@for_admins
async def index(call: Call) -> dict[str, Any]:
    """List the latest jobs, those first that came last."""
    asked = call.request.query_params
    wanted = {(key, asked[key]) for key in _FILTERS if key in asked}
    found = reversed(call.workspace.jobs)
    return {"jobs": [job for job in found if all(job.get(key) == value for key, value in wanted)]}


@for_admins
async def one(call: Call) -> dict[str, Any]:
    """Describe a job."""
    return call.one_of(call.workspace.jobs, "Job")


@for_admins
async def cancel(call: Call) -> dict[str, Any]:
    """End a job that has not begun, or of which nothing is written yet."""
    job = call.one_of(call.workspace.jobs, "Job")
    if not call.service.copies.cancel(lambda each: each is job):
        raise bad_request(f"The job is {job['status']} and cannot be cancelled")
    return job


@for_admins
async def truncate(call: Call) -> Response:
    """Remove all rows of a data source, or of its quarantine."""
    workspace, name = call.workspace, call.name
    suffix = "" if name in workspace.served.datasources else QUARANTINE_SUFFIX
    source = workspace.datasource(name.removesuffix(suffix), call.caller.require_sight)
    table = source.name + (suffix if name.endswith(QUARANTINE_SUFFIX) else "")
    call.operates("truncate", table)
    work = partial(changes.truncate, database=workspace.database, table=table)
    await call.in_thread(call.service.writer.run, work)
    call.operated()
    return Response(status_code=205)


@for_admins
async def delete(call: Call) -> dict[str, Any]:
    """Remove the rows of a data source that meet a condition, or only count them."""
    workspace = call.workspace
    name = workspace.datasource(call.name, call.caller.require_sight).name
    values = await values_of(call.request)
    condition = str(values.get("delete_condition", ""))
    if not condition.strip():
        raise bad_request("The condition is missing: send it as delete_condition")
    count = await call.queried(lambda query: query.matching(name, condition))
    if str(values.get("dry_run", "")).lower() == "true":
        return {"rows_to_be_deleted": count}
    call.operates("delete", name)
    work = partial(changes.delete, database=workspace.database, table=name, condition=condition)
    await call.in_thread(call.service.writer.run, work)
    job = workspace.job("delete_data", call.service.clock(), name, rows_affected=count)
    call.operated(rows=count, job_id=job["id"])
    return {**job, "delete_id": job["id"], "job": job}
