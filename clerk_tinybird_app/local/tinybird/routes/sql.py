"""``/v0/sql``: a caller's own query."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.routes.answering import (
    answering,
    body_of,
    identify,
    in_thread,
    rate_headers,
    service_of,
    values_of,
)
from clerk_tinybird_app.local.tinybird.routes.pipes import parameters


@answering
async def sql(request: Request) -> Response:
    """Answer one SELECT or DESCRIBE, as tab-separated text unless it says otherwise."""
    workspace, caller = identify(request)
    text, values = await _query(request)
    service = service_of(request)
    answer, output = await in_thread(
        service.pool.threads, service.queries.sql, workspace, caller, text, parameters(values)
    )
    return Response(answer, media_type=output.media_type, headers=dict(rate_headers(request)))


async def _query(request: Request) -> tuple[str, dict[str, Any]]:
    """Return the query and the parameters of pipes it reads: from the address, or the body."""
    kind = request.headers.get("content-type", "")
    is_raw = request.method == "POST" and not kind.startswith(
        ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
    )
    values = dict(request.query_params) if is_raw else await values_of(request)
    text = values.get("q")
    if is_raw and not text:
        text = (await body_of(request)).decode(errors="replace")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("The query is missing: send it as q")
    return text, values
