"""What all routes share: who calls, what they sent, and how a refusal is written."""

import asyncio
import functools
import gzip
import io
import json
import logging
import zlib
from collections.abc import Callable
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message

from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed
from clerk_tinybird_app.local.tinybird.engine.fair_queue import ClientGone
from clerk_tinybird_app.local.tinybird.errors import ApiError, bad_request, forbidden
from clerk_tinybird_app.local.tinybird.queries.answer import Query, refusal
from clerk_tinybird_app.local.tinybird.routes.observation import Observation
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import ProjectError
from clerk_tinybird_app.tinybird.template import TemplateError

_Result = TypeVar("_Result")

NOT_KEPT: Final = {"Cache-Control": "no-store"}
"""Headers of an answer that has tokens in it."""

FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_BYTES: Final = 10_000_000
"""The largest body, unpacked; Tinybird's own limit for events."""

_WITH_BODY: Final = frozenset(("POST", "PUT"))
_BEARER: Final = "bearer "
_TEXTS: Final = {404: "Not found", 405: "Method not allowed"}
_NOBODY_READS_IT: Final = 499

_log = logging.getLogger(__name__)


async def refused(request: Request, error: Exception) -> Response:
    """Write a refusal, or a failure, as Tinybird does; the caller's rate headers go with it."""
    found = _as_api_error(request, error)
    _tell(request, found.status, found.message)
    if isinstance(error, TemplateError) and error.body is not None:
        return JSONResponse(error.body, error.status, rate_headers(request))
    body = {"error": found.message, "documentation": found.documentation}
    return JSONResponse(body, found.status, {**rate_headers(request), **found.headers})


def _as_api_error(request: Request, error: Exception) -> ApiError:
    match error:
        case ApiError():
            return error
        case QueryFailed():
            return refusal(error)
        case TemplateError():
            return ApiError(error.status, error.message, documentation=error.documentation)
        case ProjectError():
            return bad_request(str(error))
        case HTTPException():
            text = _TEXTS.get(error.status_code, error.detail)
            return ApiError(error.status_code, text, headers=error.headers)
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return ApiError(500, "Internal error, see the log")


async def gone(request: Request, _error: Exception) -> Response:
    """Answer a client that is not there any more."""
    _tell(request, _NOBODY_READS_IT, "The client has gone")
    return Response(status_code=_NOBODY_READS_IT)


def _tell(request: Request, status: int, error: str) -> None:
    if observation := _observation(request):
        observation.failed(request, status, error)


# Starlette raises once more what only the handler of Exception is for, so each is named.
HANDLERS: Final[dict[Any, Any]] = {
    **dict.fromkeys((ApiError, QueryFailed, TemplateError, ProjectError), refused),
    **dict.fromkeys((HTTPException, Exception), refused),
    **dict.fromkeys((ClientDisconnect, ClientGone), gone),
}
"""What answers each error of a route."""


def service_of(request: Request) -> Service:
    """Return what the routes work with."""
    service: Service = request.app.state.service
    return service


def identify(request: Request, *, pipe: str = "") -> tuple[LocalWorkspace, Caller]:
    """Return who calls, once counted, and begin to observe what comes of it.

    ``pipe`` is the one that is asked, which may not be there.

    Raises:
        ApiError: 403, no token or a bad one; 429, too many requests.
    """
    service = service_of(request)
    workspace, caller = service.workspaces.identify(_token(request))
    request.state.observation = Observation(service, workspace, caller, pipe)
    if caller.rps:
        request.state.rate_headers = service.rates.take(_name(workspace, caller), caller.rps)
    return workspace, caller


def administered(request: Request) -> LocalWorkspace:
    """Return the workspace of a caller who may do everything in it.

    Raises:
        ApiError: 403, it may not; as from ``identify``.
    """
    workspace, caller = identify(request)
    caller.require_admin()
    return workspace


def observation(request: Request) -> Observation:
    """Return what is observed of a request whose caller is known."""
    found: Observation = request.state.observation
    return found


def observe(request: Request, operation: str, datasource: str) -> None:
    """Note that a request does something to a data source."""
    found = observation(request)
    found.operation, found.datasource = operation, datasource


def _observation(request: Request) -> Observation | None:
    return getattr(request.state, "observation", None)


def rate_headers(request: Request) -> dict[str, str]:
    """Return the request's id, and the caller's rate headers when it has a limit."""
    headers: dict[str, str] = getattr(request.state, "rate_headers", {})
    found = _observation(request)
    return {**headers, "X-Request-Id": found.id} if found else headers


async def in_thread(request: Request, work: Callable[..., _Result], *arguments: Any) -> _Result:
    """Run what writes beside the event loop."""
    threads = service_of(request).ingest_threads
    return await asyncio.get_running_loop().run_in_executor(threads, work, *arguments)


async def queried(
    request: Request,
    workspace: LocalWorkspace,
    caller: Caller,
    work: Callable[[Query], _Result],
) -> _Result:
    """Return what ``work`` returns of a query, with a connection on the workspace's database.

    It waits while too many queries run, and ends with its client, see `ReadPool.run`.

    Raises:
        ApiError: 429, too many queries of this caller's name wait already.
        ClientGone: There is nobody to answer.
        QueryFailed: From ``work``, as any other error.
    """
    service = service_of(request)
    name, left = _name(workspace, caller), functools.partial(_left, request)
    store = functools.partial(service.observed.store, workspace)

    def asked(session: ChdbSession) -> _Result:
        return work(Query(session, workspace, caller, store))

    return await service.pool.run(name, workspace.database, asked, left)


def content_type(request: Request) -> str:
    """Return the media type of the body in lower case, without its parameters; "" for none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def bounded(request: Request) -> Request:
    """Return a request whose reader gets an error, 413, once the body is too large."""
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            raise _too_large()
        return message

    return Request(request.scope, receive)


async def body_of(request: Request) -> bytes:
    """Return the body, unpacked when it is gzip.

    Raises:
        ApiError: 413, too large; 400, not the gzip it says it is.
    """
    body = b"".join([part async for part in bounded(request).stream()])
    if "gzip" not in request.headers.get("content-encoding", "").lower():
        return body
    return _unpacked(body)


async def values_of(request: Request) -> dict[str, Any]:
    """Return the parameters of the address and, over them, of a JSON or form body.

    Raises:
        ApiError: 400, the body is neither.
    """
    values: dict[str, Any] = dict(request.query_params)
    if request.method not in _WITH_BODY:
        return values
    if content_type(request) in FORMS:
        async with bounded(request).form(max_files=0) as form:
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


async def _left(request: Request) -> None:
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
    try:
        with gzip.open(io.BytesIO(body)) as file:
            found = file.read(MOST_BYTES + 1)
    except EOFError:
        raise bad_request("The gzip body ends too early") from None
    except (OSError, zlib.error):
        raise bad_request("The body is not gzip, which its Content-Encoding says") from None
    if len(found) > MOST_BYTES:
        raise _too_large()
    return found


def _too_large() -> ApiError:
    return ApiError(413, f"The body is larger than {MOST_BYTES} bytes")
