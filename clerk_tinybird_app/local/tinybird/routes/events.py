"""``/v0/events``: rows in."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.intake.ingest import ingest
from clerk_tinybird_app.local.tinybird.routes.answering import (
    answering,
    body_of,
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
