"""Asking Tinybird's pipes over HTTP.

The API: https://www.tinybird.co/docs/api-reference/pipe-api/api-endpoints
"""

from clerk_tinybird_app.tinybird.client.client import PipeAnswer, TinybirdClient
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
    TinybirdUnexpectedRowsError,
    TinybirdUnreachableError,
)

__all__ = [
    "PipeAnswer",
    "RateLimit",
    "TinybirdBadRequestError",
    "TinybirdClient",
    "TinybirdError",
    "TinybirdForbiddenError",
    "TinybirdNotFoundError",
    "TinybirdQueryTimeoutError",
    "TinybirdRateLimitedError",
    "TinybirdTimeoutError",
    "TinybirdTooLargeError",
    "TinybirdUnexpectedRowsError",
    "TinybirdUnreachableError",
]
