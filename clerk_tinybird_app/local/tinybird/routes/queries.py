"""``/v0/pipes/NAME.FORMAT`` and ``/v0/sql``: rows out."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.queries import answer as queries
from clerk_tinybird_app.local.tinybird.queries.answer import BY_ENDING
from clerk_tinybird_app.local.tinybird.routes import metadata
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

_QUERY: Final = "q"
_NOT_PARAMETERS: Final = frozenset((_QUERY, "token", "format", "from", "cli_version"))


@answering
async def data(request: Request) -> Response:
    """Answer a pipe's rows; without a format, its description."""
    if "." not in request.path_params["file"] and request.method == "GET":
        return await metadata.pipe(request)
    workspace, caller = identify(request)
    name, _, ending = request.path_params["file"].rpartition(".")
    output = BY_ENDING.get(ending)
    if output is None:
        raise not_found(f"The pipe '{request.path_params['file']}' does not exist")
    if name in workspace.served.unserved:
        # Whoever may not read it learns nothing of what is wrong with it.
        caller.fixed_params(name, workspace.resource_id("pipe", name))
    pipe = workspace.pipe(name)
    # Whoever may not read it learns nothing of the rest.
    caller.fixed_params(pipe.pipe.name, workspace.resource_id("pipe", pipe.pipe.name))
    values = await values_of(request)
    given, on_top = parameters(values), _on_top(values)
    answer = await queried(
        request,
        workspace,
        caller,
        lambda session: queries.pipe(
            session, workspace, caller, pipe, given, output=output, on_top=on_top
        ),
    )
    return answered(request, answer)


def parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pipe's own parameters among a request's."""
    return {name: value for name, value in values.items() if name not in _NOT_PARAMETERS}


def _on_top(values: Mapping[str, Any]) -> str | None:
    text = values.get(_QUERY)
    if text is not None and not isinstance(text, str):
        raise bad_request("q must be a text")
    return text or None


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
