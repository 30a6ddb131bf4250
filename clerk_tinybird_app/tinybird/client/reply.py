"""One HTTP exchange with Tinybird, and what a refusal means."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clerk_tinybird_app.tinybird.client.errors import (
    TinybirdBadRequestError,
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdNotFoundError,
    TinybirdQueryTimeoutError,
    TinybirdRateLimitedError,
    TinybirdTooLargeError,
)
from clerk_tinybird_app.tinybird.client.rate import RateLimit, seconds

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
_HIDDEN: Final = "..."
_MAX_DETAIL: Final = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        status: The HTTP status.
        headers: By name, in any case.
        body: Unpacked.
        duration_seconds: From sending the request to the last byte.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    duration_seconds: float


def refusal(reply: Reply, token: str) -> TinybirdError:
    """Return the error that a reply of any status but 200 stands for.

    Args:
        reply: What came.
        token: The token that was sent; Tinybird repeats it in some of its texts.
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
    """Return Tinybird's own sentence, fit to be shown."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    said = body.get("error") if isinstance(body, dict) else None
    if not isinstance(said, str):
        return f"HTTP {reply.status}"
    # Cut last, or a token at the end would be left in part.
    hidden = _TOKEN.sub(_HIDDEN, said.replace(token, _HIDDEN))
    return "".join(char if char.isprintable() else " " for char in hidden)[:_MAX_DETAIL]
