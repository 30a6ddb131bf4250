"""``/v0/events`` and the appending of files: rows in."""

import uuid

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.intake.ingest import Ingested, ingest
from clerk_tinybird_app.local.tinybird.intake.rows import as_ndjson
from clerk_tinybird_app.local.tinybird.routes.answering import (
    MOST_BYTES,
    administered,
    body_of,
    content_type,
    identify,
    in_thread,
    rate_headers,
    service_of,
)
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import DataSource


async def events(request: Request) -> Response:
    """Take rows in; the answer comes once they are stored, whether or not it is waited for."""
    workspace, source = _target(request, request.query_params.get("name") or None)
    done = await _ingested(request, workspace, source, await body_of(request))
    waits = request.query_params.get("wait", "").lower() == "true"
    return JSONResponse(done._asdict(), 200 if waits else 202, rate_headers(request))


async def append(request: Request) -> Response:
    """Add the rows of a file to a data source."""
    asked = request.query_params
    name = request.path_params.get("name") or asked.get("name", "")
    workspace, source = _target(request, name)
    content, kind = await _content(request), asked.get("format", "ndjson")
    rows = as_ndjson(content, kind, source, delimiter=asked.get("dialect_delimiter", ","))
    done = await _ingested(request, workspace, source, rows)
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
        "datasource": {
            "id": workspace.resource_id("datasource", source.name),
            "name": source.name,
        },
    }
    workspace.jobs.append(job)
    return JSONResponse(job)


async def job(request: Request) -> Response:
    """Describe an import; it is always done."""
    workspace = administered(request)
    job_id = request.path_params["job_id"]
    for kept in workspace.jobs:
        if kept["id"] == job_id:
            return JSONResponse(kept)
    raise not_found(f"Job '{job_id}' not found")


def _target(request: Request, name: str | None) -> tuple[LocalWorkspace, DataSource]:
    """Return the data source that the caller may add rows to."""
    workspace, caller = identify(request)
    if name is None:
        raise bad_request("The name of the data source is missing: send it as name")
    return workspace, workspace.datasource(name, caller.require_append)


async def _ingested(
    request: Request, workspace: LocalWorkspace, source: DataSource, rows: bytes
) -> Ingested:
    service = service_of(request)
    return await in_thread(
        request,
        lambda: ingest(service.writer, workspace.database, source, rows, clock=service.clock),
    )


async def _content(request: Request) -> bytes:
    if content_type(request) != "multipart/form-data":
        return await body_of(request)
    async with request.form(max_files=1, max_part_size=MOST_BYTES) as form:
        for _, part in form.multi_items():
            if isinstance(part, UploadFile):
                return await part.read()
            return part.encode()
    return b""
