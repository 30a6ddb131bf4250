"""The client itself: sends, waits, tries again where that is safe."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import httpx

from clerk_tinybird_app.tinybird.client.answer import PipeAnswer, read_answer
from clerk_tinybird_app.tinybird.client.call import Call
from clerk_tinybird_app.tinybird.client.errors import (
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdRateLimitedError,
    TinybirdTimeoutError,
    TinybirdTooLargeError,
    TinybirdUnreachableError,
)
from clerk_tinybird_app.tinybird.client.reply import Reply, refusal

Renew = Callable[[], Awaitable[str]]

ANSWER_SECONDS: Final = 30.0
"""The longest a query may take, with all that is tried again and waited for on the way."""

CONNECT_SECONDS: Final = 5.0
"""The longest it may take to connect, or to get a free connection of the pool."""

MAX_WAIT_SECONDS: Final = 3.0
"""The longest that a rate limit is waited for; beyond it the caller is told."""

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""The largest answer that is taken in, unpacked."""


class TinybirdClient:
    """Asks pipes with the tokens it is given; holds none itself.

    Args:
        api_url: The API's address without a trailing slash.
        http: The pooled client to send with; whoever made it closes it.
        answer_seconds: The longest a query may take, with all that is tried again on the way.
        sleep: Waits for so many seconds.
        clock: Seconds from any beginning.
    """

    def __init__(
        self,
        api_url: str,
        *,
        http: httpx.AsyncClient,
        answer_seconds: float = ANSWER_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api_url = api_url
        self._http = http
        self._answer_seconds = answer_seconds
        self._sleep = sleep
        self._clock = clock

    async def query(
        self,
        pipe: str,
        parameters: Mapping[str, str],
        token: str,
        *,
        renew: Renew | None = None,
        format: str = "json",  # noqa: A002 -- the API's own word for it
    ) -> PipeAnswer:
        """Return what ``pipe`` answers.

        A cancelled query closes its request. A refusal for the rate is waited for once, when it
        is a matter of seconds; a refused token is renewed once. Neither kind of refusal has run
        anything, so asking again is safe. One deadline spans all of it, whatever is waited for.

        Args:
            pipe: The pipe's name.
            parameters: Parameter name -> value.
            token: What Tinybird is shown, in the ``Authorization`` header alone.
            renew: Makes a new token when Tinybird refuses this one; "" when there is none to be
                had. Tokens it gives must be for the same tenant.
            format: ``json``, or ``csv``, ``ndjson``, ``parquet`` for ``PipeAnswer.body`` alone.

        Raises:
            TinybirdError: One of its kinds; its tree stands in ``errors``.
        """
        call = Call.of(pipe, parameters, format)
        try:
            async with asyncio.timeout(self._answer_seconds):
                reply = await self._until_answered(call, token, renew)
        except TimeoutError as error:
            raise TinybirdTimeoutError(_named(error)) from None
        return read_answer(reply, format)

    async def _until_answered(self, call: Call, token: str, renew: Renew | None) -> Reply:
        may_wait, may_renew = True, renew is not None
        while True:
            reply = await self._exchange(call, token)
            if reply.status == httpx.codes.OK:
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

    async def _wait(self, error: TinybirdRateLimitedError) -> None:
        if error.retry_after is None or error.retry_after > MAX_WAIT_SECONDS:
            raise error
        await self._sleep(error.retry_after)

    async def _exchange(self, call: Call, token: str) -> Reply:
        """Send; once more when a kept connection turns out to be closed and it is a GET."""
        try:
            return await self._send(call, token)
        except TinybirdUnreachableError as error:
            if call.method != "GET" or not error.is_dropped:
                raise
        return await self._send(call, token)

    async def _send(self, call: Call, token: str) -> Reply:
        try:
            return await self._receive(call, token)
        except httpx.TimeoutException as error:
            if isinstance(error, httpx.ConnectTimeout):
                raise TinybirdUnreachableError(_named(error)) from None
            raise TinybirdTimeoutError(_named(error)) from None
        except httpx.HTTPError as error:
            is_dropped = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
            raise TinybirdUnreachableError(_named(error), is_dropped=is_dropped) from None

    async def _receive(self, call: Call, token: str) -> Reply:
        started = self._clock()
        async with self._http.stream(
            call.method,
            f"{self._api_url}{call.path}",
            # A redirect would carry the token elsewhere.
            follow_redirects=False,
            timeout=httpx.Timeout(
                self._answer_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS
            ),
            **call.arguments(token),
        ) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise TinybirdTooLargeError(
                        f"The answer is larger than {MAX_ANSWER_BYTES} bytes.",
                        status=response.status_code,
                    )
        duration = self._clock() - started
        return Reply(response.status_code, response.headers, bytes(body), duration)


async def _renewed(renew: Renew, token: str, refused: TinybirdError) -> str:
    """Return another token, or raise the refusal of this one when there is no other."""
    new = await renew()
    if not new or new == token:
        raise refused
    return new


def _named(error: Exception) -> str:
    # Its text may repeat the address with its parameters; its name may not.
    return type(error).__name__
