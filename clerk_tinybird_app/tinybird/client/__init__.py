"""Asking Tinybird's pipes over HTTP.

The API: https://www.tinybird.co/docs/api-reference/pipe-api/api-endpoints
"""

from clerk_tinybird_app.tinybird.client.answer import PipeAnswer
from clerk_tinybird_app.tinybird.client.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.errors import (
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
from clerk_tinybird_app.tinybird.client.rate import RateLimit

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
