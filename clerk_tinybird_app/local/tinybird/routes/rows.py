"""``/v0/events`` and ``/v0/datasources?mode=append``: rows in."""

import uuid

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.intake.ingest import ingest
from clerk_tinybird_app.local.tinybird.intake.rows import as_ndjson
from clerk_tinybird_app.local.tinybird.routes.answering import (
    MOST_BYTES,
    answering,
    body_of,
    content_type,
    identify,
    in_thread,
    rate_headers,
    service_of,
)


@answering
async def events(request: Request) -> Response:
    """Take rows in; the answer comes once they are stored, whether or not it is waited for."""
    workspace, caller = identify(request)
    name = request.query_params.get("name")
    if not name:
        raise bad_request("The name of the data source is missing: send it as name")
    source = workspace.datasource(name)
    caller.require_append(source.name, workspace.resource_id("datasource", source.name))
    body = await body_of(request)
    service = service_of(request)
    done = await in_thread(
        service.ingest_threads,
        lambda: ingest(service.writer, workspace.database, source, body, clock=service.clock),
    )
    waits = request.query_params.get("wait", "").lower() == "true"
    counts = {"successful_rows": done.successful_rows, "quarantined_rows": done.quarantined_rows}
    return JSONResponse(counts, 200 if waits else 202, dict(rate_headers(request)))


@answering
async def append(request: Request) -> Response:
    """Add the rows of a file to a data source."""
    found, caller = identify(request)
    name = request.path_params.get("name") or request.query_params.get("name", "")
    source = found.datasource(name)
    caller.require_append(source.name, found.resource_id("datasource", source.name))
    content = await _content(request)
    rows = as_ndjson(
        content,
        request.query_params.get("format", "ndjson"),
        source,
        delimiter=request.query_params.get("dialect_delimiter", ","),
    )
    service = service_of(request)
    done = await in_thread(
        service.ingest_threads,
        lambda: ingest(service.writer, found.database, source, rows, clock=service.clock),
    )
    job_id = str(uuid.uuid4())
    job = {
        "id": job_id,
        "job_id": job_id,
        "import_id": job_id,
        "kind": "import",
        "status": "done",
        "successful_rows": done.successful_rows,
        "quarantine_rows": done.quarantined_rows,
        "invalid_lines": 0,
        "datasource": {"id": found.resource_id("datasource", source.name), "name": source.name},
    }
    service.jobs.add(found.id, job)
    return JSONResponse(job)


@answering
async def job(request: Request) -> Response:
    """Describe an import; it is always done."""
    found, caller = identify(request)
    caller.require_admin()
    job_id = request.path_params["job_id"]
    kept = service_of(request).jobs.find(found.id, job_id)
    if kept is None:
        raise not_found(f"Job '{job_id}' not found")
    return JSONResponse(kept)


async def _content(request: Request) -> bytes:
    if content_type(request) != "multipart/form-data":
        return await body_of(request)
    async with request.form(max_files=1, max_part_size=MOST_BYTES) as form:
        for _, part in form.multi_items():
            if isinstance(part, UploadFile):
                return await part.read()
            return part.encode()
    return b""
