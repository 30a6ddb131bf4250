"""What removes rows that are there, and the jobs that tell how that, imports and copies went."""

from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.engine import changes
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX
from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.routes import calls

_FILTERS: Final = ("kind", "status", "pipe_id", "pipe_name")


async def index(request: Request) -> Response:
    """List the latest jobs, those first that came last."""
    asked = request.query_params
    wanted = {(key, asked[key]) for key in _FILTERS if key in asked}
    found = reversed(calls.administered(request).jobs)
    jobs = [job for job in found if all(job.get(key) == value for key, value in wanted)]
    return JSONResponse({"jobs": jobs})


async def one(request: Request) -> Response:
    """Describe a job."""
    return JSONResponse(_job(request))


async def cancel(request: Request) -> Response:
    """End a job that has not begun, or of which nothing is written yet."""
    job = _job(request)
    if not calls.service_of(request).copies.cancel(lambda each: each is job):
        raise bad_request(f"The job is {job['status']} and cannot be cancelled")
    return JSONResponse(job)


def _job(request: Request) -> dict[str, Any]:
    workspace, job_id = calls.administered(request), request.path_params["job_id"]
    for kept in workspace.jobs:
        if kept["id"] == job_id:
            return kept
    raise not_found(f"Job '{job_id}' not found")


async def truncate(request: Request) -> Response:
    """Remove all rows of a data source, or of its quarantine."""
    workspace, name = calls.administered(request), request.path_params["name"]
    suffix = "" if name in workspace.served.datasources else QUARANTINE_SUFFIX
    source = workspace.datasource(name.removesuffix(suffix), lambda _: None)
    table = source.name + (suffix if name.endswith(QUARANTINE_SUFFIX) else "")
    calls.observe(request, "truncate", table)
    work = partial(changes.truncate, database=workspace.database, table=table)
    await calls.in_thread(request, calls.service_of(request).writer.run, work)
    calls.observation(request).operated()
    return Response(status_code=205)


async def delete(request: Request) -> Response:
    """Remove the rows of a data source that meet a condition, or only count them."""
    workspace, caller = calls.identify(request)
    caller.require_admin()
    name = workspace.datasource(request.path_params["name"], lambda _: None).name
    values = await calls.values_of(request)
    condition = str(values.get("delete_condition", ""))
    if not condition.strip():
        raise bad_request("The condition is missing: send it as delete_condition")
    count = await calls.queried(
        request, workspace, caller, lambda query: query.matching(name, condition)
    )
    if str(values.get("dry_run", "")).lower() == "true":
        return JSONResponse({"rows_to_be_deleted": count})
    calls.observe(request, "delete", name)
    work = partial(changes.delete, database=workspace.database, table=name, condition=condition)
    service = calls.service_of(request)
    await calls.in_thread(request, service.writer.run, work)
    job = workspace.job("delete_data", service.clock(), name, rows_affected=count)
    calls.observation(request).operated(rows=count, job_id=job["id"])
    return JSONResponse({**job, "delete_id": job["id"], "job": job})
