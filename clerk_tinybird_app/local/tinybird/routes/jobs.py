"""What removes rows that are there, and the jobs that tell how that, imports and copies went."""

from functools import partial
from typing import Any, Final

from starlette.responses import Response

from clerk_tinybird_app.local.tinybird.engine import changes
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.routes.bodies import values_of
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins

_FILTERS: Final = ("kind", "status", "pipe_id", "pipe_name")


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
