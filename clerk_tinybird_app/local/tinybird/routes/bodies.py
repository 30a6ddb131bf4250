"""What a request sends: the parameters of its address, and its body, bounded and unpacked."""

import asyncio
import gzip
import io
import json
import zlib
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from starlette.requests import Request
from starlette.types import Message

from clerk_tinybird_app.local.tinybird.errors import ApiError, bad_request
from clerk_tinybird_app.settings.loopback import is_loopback_url

FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_BYTES: Final = 10_000_000
"""The largest body, unpacked; Tinybird's own limit for events."""

_LOOPBACK: Final = "127.0.0.1"
_FETCH_SECONDS: Final = 30
_WITH_BODY: Final = frozenset(("POST", "PUT"))


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
    """Return the body, unpacked when it is gzip; refuse what is too large, or not what it says."""
    body = b"".join([part async for part in bounded(request).stream()])
    if "gzip" not in request.headers.get("content-encoding", "").lower():
        return body
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


async def values_of(request: Request) -> dict[str, Any]:
    """Return the parameters of the address and, over them, of a body that is JSON or a form."""
    values: dict[str, Any] = dict(request.query_params)
    if request.method not in _WITH_BODY:
        return values
    if content_type(request) in FORMS:
        async with bounded(request).form(max_files=0) as form:
            return values | {name: str(value) for name, value in form.items()}
    body = await body_of(request)
    if not body.strip():
        return values
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("The body is neither a JSON object nor a form") from None
    if not isinstance(sent, dict):
        raise bad_request("The body is not a JSON object")
    return values | sent


async def fetched(url: str) -> bytes:
    """Return what is at an address of this machine, or refuse; nobody else is asked."""
    where = urlsplit(url) if is_loopback_url(url) else None
    if where is None or where.scheme != "http":
        raise bad_request(
            "'url' is not supported but for http:// and this machine; send the rows themselves, "
            "as the body"
        )
    # Of a name that stands for this machine nobody else is to say what it is.
    address = where.hostname if (where.hostname or "")[-1:].isdigit() else _LOOPBACK
    body = b""
    try:
        asked, headers = httpx.URL(url).copy_with(host=address), {"Host": where.netloc}
        async with (
            asyncio.timeout(_FETCH_SECONDS),
            httpx.AsyncClient(trust_env=False) as client,
            client.stream("GET", asked, headers=headers) as answer,
        ):
            if not answer.is_success:
                raise bad_request(f"The url answers {answer.status_code}")
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise _too_large()
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise bad_request(f"The url cannot be read: {type(error).__name__}") from None
    return body


def _too_large() -> ApiError:
    return ApiError(413, f"The body is larger than {MOST_BYTES} bytes")
