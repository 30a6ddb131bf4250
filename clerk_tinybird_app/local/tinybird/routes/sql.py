"""``/v0/sql``: a caller's own query."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.local.tinybird.queries import answer as queries
from clerk_tinybird_app.local.tinybird.routes.answering import (
    FORMS,
    answered,
    answering,
    body_of,
    content_type,
    identify,
    queried,
    values_of,
)
from clerk_tinybird_app.local.tinybird.routes.pipes import parameters

_JSON: Final = "application/json"


@answering
async def sql(request: Request) -> Response:
    """Answer one SELECT or DESCRIBE, as tab-separated text unless it says otherwise."""
    workspace, caller = identify(request)
    text, values = await _query(request)
    given = parameters(values)
    answer = await queried(
        request,
        workspace,
        caller,
        lambda session: queries.sql(session, workspace, caller, text, given),
    )
    return answered(request, answer)


async def _query(request: Request) -> tuple[str, dict[str, Any]]:
    """Return the query and the parameters of pipes it reads: from the address, or the body."""
    is_raw = request.method == "POST" and content_type(request) not in (_JSON, *FORMS)
    values = dict(request.query_params) if is_raw else await values_of(request)
    text = values.get("q")
    if is_raw and not text:
        text = (await body_of(request)).decode(errors="replace")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("The query is missing: send it as q")
    return text, values
