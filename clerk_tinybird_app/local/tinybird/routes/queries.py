"""``/v0/pipes/NAME.FORMAT`` and ``/v0/sql``: rows out."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.queries.answer import BY_ENDING, Answer
from clerk_tinybird_app.local.tinybird.routes import calls, metadata
from clerk_tinybird_app.local.tinybird.routes.observation import QUERY_API

_JSON: Final = "application/json"
_NOT_PARAMETERS: Final = frozenset(("q", "token", "format", "from", "cli_version", "_mode"))


async def pipe(request: Request) -> Response:
    """Answer a pipe's rows; without a format, its description; as .pipe, its file."""
    file = request.path_params["file"]
    if "." not in file and request.method == "GET":
        return await metadata.pipe(request)
    if file.endswith(metadata.PIPE_FILE) and request.method == "GET":
        return await metadata.pipe_file(request)
    name, _, ending = file.rpartition(".")
    workspace, caller = calls.identify(request, pipe=name)
    output = BY_ENDING.get(ending)
    if output is None:
        raise not_found(f"The pipe '{file}' does not exist")
    found = workspace.pipe(name, caller)
    values = await calls.values_of(request)
    on_top = values.get("q")
    if on_top is not None and not isinstance(on_top, str):
        raise bad_request("q must be a text")
    given = calls.observation(request).parameters = parameters(values)
    rows = await calls.queried(
        request,
        workspace,
        caller,
        lambda query: query.pipe(found, given, output=output, on_top=on_top or None),
    )
    return _answered(request, rows)


async def sql(request: Request) -> Response:
    """Answer one SELECT or DESCRIBE, as tab-separated text unless it says otherwise."""
    workspace, caller = calls.identify(request, pipe=QUERY_API)
    # The query and the parameters, its own and those of pipes, are in the address, or in the body.
    is_raw = request.method == "POST" and calls.content_type(request) not in (_JSON, *calls.FORMS)
    values = dict(request.query_params) if is_raw else await calls.values_of(request)
    text = values.get("q")
    if is_raw and not text:
        text = (await calls.body_of(request)).decode(errors="replace")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("The query is missing: send it as q")
    calls.observation(request).parameters = {**parameters(values), "q": text}
    name = values.pop("pipeline", None)
    pipeline = workspace.pipe(str(name), caller) if name else None
    given = parameters(values)
    rows = await calls.queried(
        request, workspace, caller, lambda query: query.sql(text, given, pipeline=pipeline)
    )
    return _answered(request, rows)


async def example(request: Request) -> Response:
    """Give the address of a pipe's rows, for people to copy; without a token."""
    workspace, caller = calls.identify(request)
    name = workspace.pipe(request.query_params.get("pipe", ""), caller).pipe.name
    ending = request.query_params.get("format", "json")
    base = f"{request.url.scheme}://{request.url.netloc}"
    return PlainTextResponse(f"{base}/v0/pipes/{name}.{ending}")


def parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pipe's own parameters among a request's."""
    return {name: value for name, value in values.items() if name not in _NOT_PARAMETERS}


def _answered(request: Request, rows: Answer) -> Response:
    """Return a query's rows; the caller's rate headers go with them."""
    calls.observation(request).answered(request, 200, read=rows.read)
    return Response(rows.body, media_type=rows.media_type, headers=calls.rate_headers(request))
