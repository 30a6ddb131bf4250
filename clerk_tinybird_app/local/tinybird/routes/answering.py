"""What all routes share: who calls, what they sent, and how a refusal is written."""

import asyncio
import functools
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.errors import ApiError, bad_request, forbidden
from clerk_tinybird_app.local.tinybird.queries.answer import Answer, refusal
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import ProjectError
from clerk_tinybird_app.tinybird.template import TemplateError

Handler = Callable[[Request], Awaitable[Response]]
_Result = TypeVar("_Result")

_BEARER: Final = "bearer "
WARNING_HEADER: Final = "X-Tinybird-Warning"
"""Says why an answer may not be what Tinybird would answer; no header of Tinybird's."""

FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_BYTES: Final = 10_000_000
"""The largest body, unpacked; Tinybird's own limit for events."""


def answering(handler: Handler) -> Handler:
    """Wrap a route so that every named refusal becomes the answer Tinybird gives."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ApiError as error:
            return refused(request, error)
        except QueryFailed as failure:
            return refused(request, refusal(failure))
        except TemplateError as error:
            if error.body is not None:
                return JSONResponse(error.body, error.status, dict(rate_headers(request)))
            found = ApiError(error.status, error.message, documentation=error.documentation)
            return refused(request, found)
        except ProjectError as error:
            return refused(request, bad_request(str(error)))

    return answer


def refused(request: Request, error: ApiError) -> Response:
    """Return a refusal; the caller's rate headers go with it."""
    body = {"error": error.message, "documentation": error.documentation}
    return JSONResponse(body, error.status, {**rate_headers(request), **error.headers})


def answered(request: Request, answer: Answer) -> Response:
    """Return a query's rows; the caller's rate headers go with them, and what is to be told."""
    told = {WARNING_HEADER: answer.warning} if answer.warning else {}
    headers = {**rate_headers(request), **told}
    return Response(answer.body, media_type=answer.output.media_type, headers=headers)


def service_of(request: Request) -> Service:
    """Return what the routes work with."""
    service: Service = request.app.state.service
    return service


def identify(request: Request) -> tuple[LocalWorkspace, Caller]:
    """Return who calls, once counted.

    Raises:
        ApiError: 403, no token or a bad one; 429, too many requests.
    """
    service = service_of(request)
    workspace, caller = service.tokens.identify(_token(request))
    if caller.rps:
        allowance = service.rates.take(_name(workspace, caller), caller.rps)
        request.state.rate_headers = allowance.headers()
    return workspace, caller


def rate_headers(request: Request) -> Mapping[str, str]:
    """Return the caller's rate headers, none when it has no limit."""
    headers: Mapping[str, str] = getattr(request.state, "rate_headers", {})
    return headers


async def in_thread(executor: Executor, work: Callable[..., _Result], *arguments: Any) -> _Result:
    """Run blocking ``work`` beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(executor, work, *arguments)


async def queried(
    request: Request,
    workspace: LocalWorkspace,
    caller: Caller,
    work: Callable[[ChdbSession], _Result],
) -> _Result:
    """Return what ``work`` returns, done with a read-only connection on the workspace's database.

    It waits while too many queries run, and ends with its client, see `ReadPool.run`.

    Raises:
        ApiError: 429, too many queries of this caller's name wait already.
        ClientGone: There is nobody to answer.
        QueryFailed: From ``work``, as any other error.
    """
    return await service_of(request).pool.run(
        _name(workspace, caller), workspace.database, work, functools.partial(_gone, request)
    )


def content_type(request: Request) -> str:
    """Return the media type of the body in lower case, without its parameters; "" for none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def body_of(request: Request) -> bytes:
    """Return the body, unpacked when it is gzip.

    Raises:
        ApiError: 413, too large; 400, not the gzip it says it is.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise _too_large()
        parts.append(part)
    body = b"".join(parts)
    if "gzip" not in request.headers.get("content-encoding", "").lower():
        return body
    return _unpacked(body)


async def values_of(request: Request) -> dict[str, Any]:
    """Return the parameters of the address and, over them, of a JSON or form body.

    Raises:
        ApiError: 400, the body is neither.
    """
    values: dict[str, Any] = dict(request.query_params)
    if request.method != "POST":
        return values
    if content_type(request) in FORMS:
        async with request.form(max_files=0) as form:
            return values | {name: str(value) for name, value in form.items()}
    return values | _json_object(await body_of(request))


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("The body is neither a JSON object nor a form") from None
    if not isinstance(value, dict):
        raise bad_request("The body is not a JSON object")
    return value


def _name(workspace: LocalWorkspace, caller: Caller) -> str:
    """Return what requests and queries are counted by."""
    return f"{workspace.id} {caller.name}"


async def _gone(request: Request) -> None:
    """Return when the client is gone; for a request whose body was read or is not wanted."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _token(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise forbidden("invalid authentication token. More than one Authorization header")
    if headers and headers[0][: len(_BEARER)].lower() == _BEARER:
        return headers[0][len(_BEARER) :].strip(" \t")
    if token := request.query_params.get("token"):
        return token
    raise forbidden("invalid authentication token. No token was sent")


def _unpacked(body: bytes) -> bytes:
    """Return every member of a gzip body, one after the other."""
    found = b""
    while body:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            found += unpacker.decompress(body, MOST_BYTES - len(found))
        except zlib.error:
            raise bad_request("The body is not gzip, which its Content-Encoding says") from None
        if unpacker.unconsumed_tail or len(found) >= MOST_BYTES:
            raise _too_large()
        if not unpacker.eof:
            raise bad_request("The gzip body ends too early")
        body = unpacker.unused_data
    return found


def _too_large() -> ApiError:
    return ApiError(413, f"The body is larger than {MOST_BYTES} bytes")
