"""What changes the rows that are there, and the jobs that tell how that and imports went."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX
from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.intake import changes
from clerk_tinybird_app.local.tinybird.queries.answer import Query
from clerk_tinybird_app.local.tinybird.routes.answering import (
    administered,
    identify,
    in_thread,
    queried,
    service_of,
    values_of,
)

_FILTERS: Final = ("kind", "status", "pipe_id", "pipe_name")


async def index(request: Request) -> Response:
    """List the latest jobs, those first that came last."""
    wanted = {key: request.query_params[key] for key in _FILTERS if key in request.query_params}
    jobs = [
        job
        for job in reversed(administered(request).jobs)
        if all(str(job.get(key)) == value for key, value in wanted.items())
    ]
    return JSONResponse({"jobs": jobs})


async def one(request: Request) -> Response:
    """Describe a job; it is always done."""
    workspace = administered(request)
    job_id = request.path_params["job_id"]
    for kept in workspace.jobs:
        if kept["id"] == job_id:
            return JSONResponse(kept)
    raise not_found(f"Job '{job_id}' not found")


async def truncate(request: Request) -> Response:
    """Remove all rows of a data source, or of its quarantine."""
    workspace, name = administered(request), request.path_params["name"]
    base = name.removesuffix(QUARANTINE_SUFFIX)
    is_quarantine = base != name and name not in workspace.served.datasources
    source = workspace.datasource(base if is_quarantine else name, lambda _: None)
    table = source.name + (QUARANTINE_SUFFIX if is_quarantine else "")
    writer = service_of(request).writer
    await in_thread(request, changes.truncate, writer, workspace.database, table)
    return Response(status_code=205)


async def delete(request: Request) -> Response:
    """Remove the rows of a data source that meet a condition, or only count them."""
    workspace, caller = identify(request)
    caller.require_admin()
    source = workspace.datasource(request.path_params["name"], lambda _: None)
    values = await values_of(request)
    condition = values.get("delete_condition")
    if not isinstance(condition, str) or not condition.strip():
        raise bad_request("The condition is missing: send it as delete_condition")
    count = await queried(
        request,
        workspace,
        caller,
        lambda session: Query(session, workspace, caller).matching(source.name, condition),
    )
    if str(values.get("dry_run", "")).lower() == "true":
        return JSONResponse({"rows_to_be_deleted": count})
    service = service_of(request)
    await in_thread(
        request, changes.delete, service.writer, workspace.database, source.name, condition
    )
    about = {
        "datasource": {"id": workspace.resource_id("datasource", source.name), "name": source.name},
        "delete_condition": condition,
        "rows_affected": count,
    }
    job = workspace.job("delete_data", service.clock(), **about)
    return JSONResponse({**job, "delete_id": job["id"], "job": job})
