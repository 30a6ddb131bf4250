"""Queries a pipe: checks the request, sends it, retries when that is safe, reads the answer."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from clerk_tinybird_app.tinybird.client.connections import Connections
from clerk_tinybird_app.tinybird.client.errors import (
    RateLimit,
    TinybirdBadRequestError,
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdNotFoundError,
    TinybirdQueryTimeoutError,
    TinybirdRateLimitedError,
    TinybirdTimeoutError,
    TinybirdTooLargeError,
    seconds,
)

FORMATS: Final = frozenset({"json", "csv", "ndjson", "parquet"})
"""The formats of a query: the endings of ``/v0/pipes/NAME``."""

MAX_QUERY_BYTES: Final = 2048
"""Longer parameters are sent by POST, as Tinybird's own clients do."""

# The API uses `format` and `q` itself. A token must not be in an address.
_NOT_PARAMETERS: Final = ("token", "format", "q")
_PIPE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_WELL_FORMED: Final = re.compile(r"[\x21-\x7e]+")
_HEADERS: Final = {"Accept-Encoding": "gzip, deflate", "User-Agent": "clerk-tinybird-app"}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
RATE_LIMITED: Final = 429
_BY_STATUS: Final[Mapping[int, type[TinybirdError]]] = {
    400: TinybirdBadRequestError,
    401: TinybirdForbiddenError,
    403: TinybirdForbiddenError,
    404: TinybirdNotFoundError,
    408: TinybirdQueryTimeoutError,
    413: TinybirdTooLargeError,
}
_TOKEN: Final = re.compile(r"eyJ[\w-]{4,}(?:\.[\w-]*)*")
_KEPT_TEXTS: Final = 1_024
_HIDDEN: Final = "..."
_MAX_DETAIL: Final = 1000
_MS: Final = 1000
Renew = Callable[[], Awaitable[str]]
Watch = Callable[[str], AbstractContextManager[Callable[[int], None]]]
"""Goes around each request for a pipe; what it gives is told the HTTP status of an answer."""

ANSWER_SECONDS: Final = 30.0
"""The longest that a query may take, with all retries and waits."""

MAX_WAIT_SECONDS: Final = 3.0
"""The longest wait for a rate limit. If it takes longer, the caller gets the error."""

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""The largest answer that is read, after decompression."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request without its token.

    Attributes:
        method: ``GET``, or ``POST`` when the parameters are long.
        pipe: The pipe's name.
        path: The path with the query string, if there is one.
        form: The format asked for.
        content: The body of a POST.
    """

    method: str
    pipe: str
    path: str
    form: str
    content: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, pipe: str, parameters: Mapping[str, str], form: str) -> Self:
        """Check and encode a query.

        Raises:
            TinybirdNotFoundError: ``pipe`` cannot be a pipe's name.
            TinybirdBadRequestError: There is no such format, or a parameter has a name or a value
                that is not allowed.
        """
        if not _PIPE.fullmatch(pipe):
            raise TinybirdNotFoundError("A pipe's name is letters, digits and underscores.")
        if form not in FORMATS:
            raise TinybirdBadRequestError(f"The format must be one of {', '.join(sorted(FORMATS))}")
        path, query = f"/v0/pipes/{pipe}.{form}", _encoded(parameters)
        if len(query) > MAX_QUERY_BYTES:
            return cls("POST", pipe, path, form, query.encode())
        return cls("GET", pipe, f"{path}?{query}" if query else path, form)

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers that it is sent with, ``token`` among them.

        Raises:
            TinybirdForbiddenError: This cannot be a token. The error of a library would contain it.
        """
        if not _WELL_FORMED.fullmatch(token):
            raise TinybirdForbiddenError("There is no token, or it is not well-formed.")
        return _HEADERS | {"Authorization": f"Bearer {token}"} | (_FORM if self.content else {})


@lru_cache(_KEPT_TEXTS)
def _quoted(text: str, *how: str) -> str:
    # The queries of a refresh have most of their values in common.
    return quote(text, *how)


def _encoded(parameters: Mapping[str, str]) -> str:
    for name in _NOT_PARAMETERS:
        if name in parameters:
            raise TinybirdBadRequestError(f"'{name}' cannot be the name of a parameter.")
    try:
        return urlencode(dict(parameters), quote_via=_quoted)
    except UnicodeEncodeError:
        raise TinybirdBadRequestError("A parameter's value is not valid text.") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        status: The HTTP status.
        headers: The headers by name; upper and lower case are the same.
        body: The body after decompression.
        duration_seconds: The time from sending the request to the last byte.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    duration_seconds: float


def refusal(reply: Reply, token: str) -> TinybirdError:
    """Return the error for a reply with any status but 200.

    Args:
        reply: The reply.
        token: The token that was sent. Some texts of Tinybird contain it, so it is removed.
    """
    detail, rate = _detail(reply, token), RateLimit.of(reply.headers)
    if reply.status == RATE_LIMITED:
        wait = seconds(reply.headers.get("retry-after", ""))
        if wait is None and rate is not None:
            wait = rate.reset_seconds
        return TinybirdRateLimitedError(detail, status=reply.status, rate=rate, retry_after=wait)
    kind = _BY_STATUS.get(reply.status, TinybirdError)
    return kind(detail, status=reply.status, rate=rate)


def _detail(reply: Reply, token: str) -> str:
    """Return the sentence of Tinybird, so that it can be shown."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    said = body.get("error") if isinstance(body, dict) else None
    if not isinstance(said, str):
        return f"HTTP {reply.status}"
    # Cut at the end, because a token that is cut would not be found and removed.
    hidden = _TOKEN.sub(_HIDDEN, said.replace(token, _HIDDEN))
    return "".join(char if char.isprintable() else " " for char in hidden)[:_MAX_DETAIL]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeAnswer:
    """The answer of a pipe; ``repr`` does not show the rows.

    For other formats than JSON there is only ``body``: columns and rows are empty, counts are 0.

    Attributes:
        status: The HTTP status, always 200.
        columns: Name and ClickHouse type of each column, in order.
        rows: Column name -> value; of two columns with the same name it has the last.
        row_count: The number of rows.
        rows_read: Rows that the query read.
        bytes_read: Bytes that the query read.
        elapsed_ms: Milliseconds of the query, as Tinybird counts them.
        duration_ms: Milliseconds from sending the request to the end of the answer.
        rate: The rest of the token's allowance; None when the token has no limit.
        body: The body of the answer.
    """

    status: int
    columns: tuple[tuple[str, str], ...] = ()
    rows: list[dict[str, Any]] = field(default_factory=list, repr=False)
    row_count: int = 0
    rows_read: int = 0
    bytes_read: int = 0
    elapsed_ms: float = 0.0
    duration_ms: float
    rate: RateLimit | None
    body: bytes = field(repr=False)


def read_answer(reply: Reply, form: str) -> PipeAnswer:
    """Return the answer in a complete reply with status 200.

    Args:
        reply: The reply.
        form: The requested format, such as ``json``.

    Raises:
        TinybirdError: It is not the JSON that Tinybird documents.
    """
    read = _read_json(reply.body) if form == "json" else {}
    return PipeAnswer(
        status=reply.status,
        duration_ms=reply.duration_seconds * _MS,
        rate=RateLimit.of(reply.headers),
        body=reply.body,
        **read,
    )


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
        statistics = answer.get("statistics", {})
        rows = answer["data"]
        return {
            "columns": tuple((str(each["name"]), str(each["type"])) for each in answer["meta"]),
            "rows": [dict(row) for row in rows],
            "row_count": int(answer.get("rows", len(rows))),
            "rows_read": int(statistics.get("rows_read", 0)),
            "bytes_read": int(statistics.get("bytes_read", 0)),
            "elapsed_ms": float(statistics.get("elapsed", 0.0)) * _MS,
        }
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        # The body may contain a tenant's rows, so the error contains nothing of it.
        raise TinybirdError("The answer is not a pipe's JSON.", status=200) from None


class TinybirdClient:
    """Queries pipes. The caller passes the token; the client keeps none.

    Args:
        api_url: The API's address without a trailing slash.
        connections: How requests are sent. The caller closes them.
        answer_seconds: The longest that a query may take, with all retries and waits.
        sleep: Waits for a number of seconds.
        clock: Seconds from any moment.
        watch: Goes around each request.
        heard: Told the headers of every answer before its body is read.
    """

    def __init__(
        self,
        api_url: str,
        *,
        connections: Connections,
        answer_seconds: float = ANSWER_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        watch: Watch = lambda _pipe: nullcontext(lambda _status: None),
        heard: Callable[[Mapping[str, str]], None] = lambda _headers: None,
    ) -> None:
        self._api_url = api_url
        self._connections = connections
        self._answer_seconds = answer_seconds
        self._sleep = sleep
        self._clock = clock
        self._watch = watch
        self._heard = heard

    async def query(
        self,
        pipe: str,
        parameters: Mapping[str, str],
        token: str,
        *,
        renew: Renew | None = None,
        may_wait: bool = True,
        refused: TinybirdError | None = None,
        format: str = "json",  # noqa: A002 -- the API's own word for it
    ) -> PipeAnswer:
        """Return the answer of ``pipe``.

        When the query is cancelled, its request is closed. After a refusal for the rate limit it
        waits once, if the wait is a few seconds. A refused token is renewed once. Tinybird has run
        no query in both cases, so a retry is safe. One deadline is for all of this together.

        Args:
            pipe: The pipe's name.
            parameters: Parameter name -> value.
            token: The token. It is sent in the ``Authorization`` header only.
            renew: Returns a new token for the same tenant when Tinybird refuses this one, or ""
                when there is no new token.
            may_wait: Whether it may wait for a rate limit.
            refused: What the same query with this token was refused with a moment ago. It is then
                not sent before it has waited, or has another token.
            format: ``json``, or ``csv``, ``ndjson``, ``parquet`` for ``PipeAnswer.body`` only.

        Raises:
            TinybirdError: One of its subclasses; see ``errors``.
        """
        call = Call.of(pipe, parameters, format)
        try:
            async with asyncio.timeout(self._answer_seconds):
                reply = await self._until_answered(call, token, renew, may_wait, refused)
        except TimeoutError as error:
            raise TinybirdTimeoutError(_named(error)) from None
        return read_answer(reply, format)

    async def _until_answered(
        self,
        call: Call,
        token: str,
        renew: Renew | None,
        may_wait: bool,
        error: TinybirdError | None,
    ) -> Reply:
        may_renew = renew is not None
        while True:
            if error is None:
                reply = await self._send(call, token)
                if reply.status == HTTPStatus.OK:
                    return reply
                error = refusal(reply, token)
            if isinstance(error, TinybirdRateLimitedError) and may_wait:
                may_wait = False
                await self._wait(error)
            elif isinstance(error, TinybirdForbiddenError) and may_renew and renew:
                may_renew = False
                token = await _renewed(renew, token, error)
            else:
                raise error
            error = None

    async def _wait(self, error: TinybirdRateLimitedError) -> None:
        if error.retry_after is None or error.retry_after > MAX_WAIT_SECONDS:
            raise error
        await self._sleep(error.retry_after)

    async def _send(self, call: Call, token: str) -> Reply:
        with self._watch(call.pipe) as answered:
            reply = await self._receive(call, token)
            answered(reply.status)
            return reply

    async def _receive(self, call: Call, token: str) -> Reply:
        started, url = self._clock(), f"{self._api_url}{call.path}"
        request = (call.method, url, call.headers(token), call.content)
        async with self._connections.exchange(*request) as (status, headers, pieces):
            self._heard(headers)
            body = bytearray()
            async for piece in pieces:
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    text = f"The answer is larger than {MAX_ANSWER_BYTES} bytes."
                    raise TinybirdTooLargeError(text, status=status)
        return Reply(status, headers, bytes(body), self._clock() - started)


async def _renewed(renew: Renew, token: str, refused: TinybirdError) -> str:
    """Return a new token, or raise the refusal when there is no new token."""
    new = await renew()
    if not new or new == token:
        raise refused
    return new


def _named(error: Exception) -> str:
    # The error's text may contain the address with its parameters, so only its name is used.
    return type(error).__name__
