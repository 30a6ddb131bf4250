"""``/v0/pipes/NAME.FORMAT`` and ``/v0/sql``: rows out."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.queries.answer import BY_ENDING, Answer
from clerk_tinybird_app.local.tinybird.routes import bodies, metadata
from clerk_tinybird_app.local.tinybird.routes.calls import QUERY_API, Call, for_callers

_JSON: Final = "application/json"
_NOT_PARAMETERS: Final = frozenset(("q", "token", "format", "from", "cli_version", "_mode"))


async def pipe(request: Request) -> Response:
    """Answer a pipe's rows; without a format, its description; as .pipe, its file."""
    file = request.path_params["name"]
    if "." not in file and request.method == "GET":
        return await metadata.pipe(request)
    if file.endswith(metadata.PIPE_FILE) and request.method == "GET":
        return await metadata.pipe_file(request)
    name, _, ending = file.rpartition(".")
    call = Call(request, pipe=name)
    output = BY_ENDING.get(ending)
    if output is None:
        raise not_found(f"The pipe '{file}' does not exist")
    found = call.workspace.pipe(name, call.caller)
    values = await bodies.values_of(request)
    on_top = values.get("q")
    if on_top is not None and not isinstance(on_top, str):
        raise bad_request("q must be a text")
    given = call.parameters = parameters(values)
    rows = await call.queried(
        lambda query: query.pipe(found, given, output=output, on_top=on_top or None)
    )
    return _answered(call, rows)


async def sql(request: Request) -> Response:
    """Answer one SELECT or DESCRIBE, as tab-separated text unless it says otherwise."""
    call = Call(request, pipe=QUERY_API)
    # The query and the parameters, its own and those of pipes, are in the address, or in the body.
    is_raw = request.method == "POST" and bodies.content_type(request) not in (_JSON, *bodies.FORMS)
    values = dict(request.query_params) if is_raw else await bodies.values_of(request)
    text = values.get("q")
    if is_raw and not text:
        text = (await bodies.body_of(request)).decode(errors="replace")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("The query is missing: send it as q")
    call.parameters = {**parameters(values), "q": text}
    name = values.pop("pipeline", None)
    pipeline = call.workspace.pipe(str(name), call.caller) if name else None
    given = parameters(values)
    rows = await call.queried(lambda query: query.sql(text, given, pipeline=pipeline))
    return _answered(call, rows)


@for_callers
async def example(call: Call) -> Response:
    """Give the address of a pipe's rows, for people to copy; without a token."""
    asked, url = call.request.query_params, call.request.url
    name = call.workspace.pipe(asked.get("pipe", ""), call.caller).pipe.name
    ending = asked.get("format", "json")
    return PlainTextResponse(f"{url.scheme}://{url.netloc}/v0/pipes/{name}.{ending}")


def parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pipe's own parameters among a request's."""
    return {name: value for name, value in values.items() if name not in _NOT_PARAMETERS}


def _answered(call: Call, rows: Answer) -> Response:
    """Return a query's rows; the call's headers go with them."""
    call.answered(200, read=rows.read)
    return Response(rows.body, media_type=rows.media_type, headers=call.headers)
