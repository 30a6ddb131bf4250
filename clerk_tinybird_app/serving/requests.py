"""ASGI middleware that gives each request an id, measures it, and writes the access log."""

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clerk_tinybird_app import routes
from clerk_tinybird_app.logs.context import in_request
from clerk_tinybird_app.logs.log_budget import LogBudget
from clerk_tinybird_app.logs.redaction import redact
from clerk_tinybird_app.serving.proxies import client_of
from clerk_tinybird_app.telemetry import metrics, tracing

REQUEST_ID: Final = "X-Request-ID"
ID_HEADER: Final = REQUEST_ID.lower().encode()
"""Its name as ASGI has it."""

_SHORT_AND_PLAIN: Final = re.compile(rb"[A-Za-z0-9-]{1,64}")

LINES_PER_MINUTE: Final = 1_200
"""The most lines of the access log: 20 a second on average, which are some 10 MB an hour."""

_MOST_PATH: Final = 200
_MOST_METHOD: Final = 16
_GOOD: Final = 400
_WEBSOCKET: Final = "WEBSOCKET"
_SWITCHED: Final = 101
_CLOSED: Final = 1000
_MS: Final = 1000
_QUIET: Final = frozenset({routes.API_HEALTH, routes.API_READY, routes.API_METRICS, routes.ASSETS})
"""What is asked for all the time by machines, or with every page: logged only when it fails."""

_logger = logging.getLogger(__name__)


class RequestLog:
    """Gives requests and websockets an id, measures them, and logs them within a budget.

    Args:
        app: The app that answers.
        is_on: Whether there is an access log. Ids and measures are always there.
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(
        self, app: ASGIApp, *, is_on: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._is_on = is_on
        self._clock = clock
        self._budget = LogBudget(clock, LINES_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "http":
            with in_request(request_id_of(scope["headers"])) as request_id:
                await self._answer(scope, receive, send, request_id)
        elif scope["type"] == "websocket":
            with in_request(request_id_of(scope["headers"])):
                await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status, began, route = 0, self._clock(), routes.kind_of(scope["path"])

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        try:
            with tracing.span("http.request", route=route) as span:
                await self._app(scope, receive, send_with_id)
                span.set_attribute("status", str(status))
        finally:
            seconds = self._clock() - began
            metrics.request(route, status, seconds)
            if route not in _QUIET or status >= _GOOD:
                self._log(scope, scope["method"][:_MOST_METHOD], "", status, seconds)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, is_open, code = self._clock(), False, 0

        async def watched_send(message: Message) -> None:
            nonlocal is_open, code
            if message["type"] == "websocket.accept" and not is_open:
                is_open = True
                metrics.websocket(1)
                self._log(scope, _WEBSOCKET, " opened", _SWITCHED, self._clock() - began)
            elif message["type"] == "websocket.close":
                code = message.get("code", _CLOSED)
            elif message["type"] == "websocket.http.response.start":
                code = message["status"]
            await send(message)

        async def watched_receive() -> Message:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code") or 0
            return message

        try:
            await self._app(scope, watched_receive, watched_send)
        finally:
            if is_open:
                metrics.websocket(-1)
            end = " closed" if is_open else " refused"
            self._log(scope, _WEBSOCKET, end, code, self._clock() - began)

    def _log(self, scope: Scope, method: str, what: str, status: int, seconds: float) -> None:
        if not self._is_on or not self._budget.has_room():
            return
        # Without the query, where a websocket has its client token, and links may have others.
        path, ms = scope["path"][:_MOST_PATH], round(seconds * _MS, 1)
        held_back = self._budget.take_held_back()
        more = f" ({held_back} more were not logged)" if held_back else ""
        client = client_of(scope)
        fields = {"client": client, "method": method, "path": path, "status": status, "ms": ms}
        said = "%s %s%s %d in %s ms%s"
        _logger.info(said, method, path, what, status, ms, more, extra=fields)


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the request's own id, if it is short, plain and no secret; else a new one."""
    given = [value for name, value in headers if name == ID_HEADER]
    if len(given) == 1 and _SHORT_AND_PLAIN.fullmatch(given[0]):
        text: str = given[0].decode()
        if redact(text) == text:
            return text
    return uuid.uuid4().hex
