"""What all routes share: who calls, what comes of it, and how a refusal is written.

What becomes of a call is told to the service data sources of the caller's workspace.
"""

import asyncio
import functools
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, ParamSpec, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession, QueryFailed, Read
from clerk_tinybird_app.local.tinybird.engine.fair_queue import ClientGone
from clerk_tinybird_app.local.tinybird.errors import ApiError, bad_request, forbidden, not_found
from clerk_tinybird_app.local.tinybird.project import service_datasources
from clerk_tinybird_app.local.tinybird.queries.answer import Query, refusal
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.tinybird.project import ProjectError
from clerk_tinybird_app.tinybird.template import TemplateError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

QUERY_API: Final = "query_api"
"""What Tinybird calls the SQL of callers where a pipe's name stands."""

_BEARER: Final = "bearer "
_TEXTS: Final = {404: "Not found", 405: "Method not allowed"}
_FIRST_FAILURE: Final = 400
_NOBODY_READS_IT: Final = 499
_MOST_CHARACTERS: Final = 4_000
"""Of all parameters together: thousands of requests may wait to be written."""

_LONGEST: Final = 1_000
"""Characters of what is kept of an address or a parameter."""

_NOTHING: Final = Read(0, 0, 0)

_log = logging.getLogger(__name__)


def service_of(request: Request) -> Service:
    """Return what the routes work with."""
    service: Service = request.app.state.service
    return service


class Call:
    """A request of a caller who is known, once it is counted.

    It may ask a ``pipe``, by a name or an id of which there may be none, with ``parameters``, or do
    an ``operation`` to a ``datasource``; "" for none. The ``headers`` of its answer are its own id,
    and the caller's rates when it has a limit. Refused are no token or a bad one, 403, and too many
    requests, 429.
    """

    def __init__(self, request: Request, *, pipe: str = "") -> None:
        self.request = request
        self.service = service_of(request)
        self.workspace, self.caller = self.service.workspaces.identify(_token(request))
        self.pipe = pipe
        self.parameters: Mapping[str, Any] = {}
        self.operation = self.datasource = ""
        self._id = secrets.token_hex(16)
        self._began, self._since = self.service.clock(), _loop_time()
        # What requests and queries are counted by.
        self._counted = f"{self.workspace.id} {self.caller.name}"
        self.headers = {"X-Request-Id": self._id}
        request.state.call = self
        if self.caller.rps:
            self.headers |= self.service.rates.take(self._counted, self.caller.rps)

    @property
    def name(self) -> str:
        """The name or the id in its address; "" for none."""
        return str(self.request.path_params.get("name", ""))

    def one_of(self, described: Iterable[dict[str, Any]], kind: str) -> dict[str, Any]:
        """Return the description whose id is in its address, or refuse with 404."""
        for each in described:
            if each["id"] == self.name:
                return each
        raise not_found(f"{kind} '{self.name}' not found")

    def operates(self, operation: str, datasource: str) -> None:
        """Note that it does something to a data source."""
        self.operation, self.datasource = operation, datasource

    async def in_thread(
        self, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        """Run what writes beside the event loop."""
        loop, threads = asyncio.get_running_loop(), self.service.ingest_threads
        return await loop.run_in_executor(threads, functools.partial(work, *given, **named))

    async def queried(self, work: Callable[[Query], _Result]) -> _Result:
        """Return what ``work`` returns of a query, with a connection on the workspace's database.

        It waits, and ends with its client, and raises, as `ReadPool.run` does. For a request whose
        body was read or is not wanted.
        """
        store = functools.partial(self.service.observed.store, self.workspace)

        def asked(session: ChdbSession) -> _Result:
            return work(Query(session, self.workspace, self.caller, store))

        async def left() -> None:
            while (await self.request.receive())["type"] != "http.disconnect":
                pass

        return await self.service.pool.run(self._counted, self.workspace.database, asked, left)

    def answered(self, status: int, *, read: Read | None = _NOTHING, error: str = "") -> None:
        """Keep how a pipe answered; of a ``read`` of service data sources nothing is kept."""
        known = self.workspace.name_of("pipe", self.pipe) if self.pipe != QUERY_API else QUERY_API
        if known is None or read is None:
            return
        id_of, add = self.workspace.resource_id, self.service.observed.add
        shared = {
            "start_datetime": int(self._began),
            "request_id": self._id,
            "pipe_id": known if known == QUERY_API else id_of("pipe", known),
            "pipe_name": known,
            "url": _address(self.request),
            "status_code": status,
        }
        parameters = _shortened(self.parameters)
        row = {
            **shared,
            "duration": _loop_time() - self._since,
            "read_bytes": read.bytes,
            "read_rows": read.rows,
            "result_rows": read.result_rows,
            "error": int(status >= _FIRST_FAILURE),
            "token": id_of("token", self.caller.name),
            "token_name": self.caller.name,
            "method": self.request.method,
            "parameters": parameters,
            "user_agent": self.request.headers.get("user-agent", "")[:_LONGEST] or None,
        }
        add(self.workspace, service_datasources.PIPE_STATS_RT, row)
        if status >= _FIRST_FAILURE:
            more = {"params": str(parameters)[:_LONGEST], "error": error[:_LONGEST]}
            add(self.workspace, service_datasources.ENDPOINT_ERRORS, {**shared, **more})

    def operated(self, *, job_id: str | None = None, **more: Any) -> None:
        """Keep what became of a data source; see `Observed.add_operation`."""
        more |= dict.fromkeys(("request_id", "operation_id"), self._id)
        more |= dict.fromkeys(("job_id", "import_id"), job_id)
        self.service.observed.add_operation(
            self.workspace,
            self.operation,
            self.datasource,
            began=self._began,
            seconds=_loop_time() - self._since,
            **more,
        )

    def failed(self, status: int, error: str) -> None:
        """Keep that it was refused."""
        if self.operation:
            self.operated(error=error)
        elif self.pipe:
            self.answered(status, error=error)


_Answer = Response | dict[str, Any]
_Work = Callable[[Call], Awaitable[_Answer]]
_Endpoint = Callable[[Request], Awaitable[Response]]


def for_callers(work: _Work) -> _Endpoint:
    """Make the endpoint of what anybody with a token may ask; a ``dict`` is answered as JSON."""

    @functools.wraps(work)
    async def endpoint(request: Request) -> Response:
        answer = await work(Call(request))
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return endpoint


def for_admins(work: _Work) -> _Endpoint:
    """Make the endpoint of what only those may ask who may do everything in the workspace."""

    @functools.wraps(work)
    async def allowed(call: Call) -> _Answer:
        call.caller.require_admin()
        return await work(call)

    return for_callers(allowed)


def with_tokens(found: dict[str, Any]) -> Response:
    """Return an answer that has tokens in it, which nobody on the way is to keep."""
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


async def refused(request: Request, error: Exception) -> Response:
    """Write a refusal, or a failure, as Tinybird does; the call's headers go with it."""
    found = _as_api_error(request, error)
    headers = _failed(request, found.status, found.message)
    if isinstance(error, TemplateError) and error.body is not None:
        return JSONResponse(error.body, error.status, headers)
    body = {"error": found.message, "documentation": found.documentation}
    return JSONResponse(body, found.status, {**headers, **found.headers})


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
    _failed(request, _NOBODY_READS_IT, "The client has gone")
    return Response(status_code=_NOBODY_READS_IT)


def _failed(request: Request, status: int, error: str) -> dict[str, str]:
    """Keep that a request failed, if its caller is known; return the call's headers."""
    call: Call | None = getattr(request.state, "call", None)
    if call is None:
        return {}
    call.failed(status, error)
    return call.headers


# Starlette raises once more what only the handler of Exception is for, so each is named.
HANDLERS: Final[dict[Any, Any]] = {
    **dict.fromkeys((ApiError, QueryFailed, TemplateError, ProjectError), refused),
    **dict.fromkeys((HTTPException, Exception), refused),
    **dict.fromkeys((ClientDisconnect, ClientGone), gone),
}
"""What answers each error of a route."""


def _token(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise forbidden("invalid authentication token. More than one Authorization header")
    if headers and headers[0][: len(_BEARER)].lower() == _BEARER:
        return headers[0][len(_BEARER) :].strip(" \t")
    if token := request.query_params.get("token"):
        return token
    raise forbidden("invalid authentication token. No token was sent")


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _address(request: Request) -> str:
    """Return a request's path and query, without a token."""
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if "token" in request.query_params:
        query = request.url.remove_query_params("token").query
    return f"{path}?{query}"[:_LONGEST] if query else str(path)


def _shortened(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as texts, each cut, and the first of them where they are very many."""
    kept, room = dict[str, str](), _MOST_CHARACTERS
    for name, value in parameters.items():
        text = str(value)[:_LONGEST]
        room -= len(name) + len(text)
        if room < 0:
            break
        kept[name] = text
    return kept
