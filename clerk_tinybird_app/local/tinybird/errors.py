"""What the API answers when it refuses: ``{"error", "documentation"}`` with a status."""

from collections.abc import Mapping
from typing import Final

API_DOCUMENTATION: Final = "https://www.tinybird.co/docs/api-reference"
TOKENS_DOCUMENTATION: Final = f"{API_DOCUMENTATION}/token-api"


class ApiError(Exception):
    """A refusal, as Tinybird's API words it; the ``message`` never holds a token."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        documentation: str = API_DOCUMENTATION,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.documentation = documentation
        self.headers = dict(headers or {})


def forbidden(message: str) -> ApiError:
    """The token, or the lack of one, does not allow it."""
    return ApiError(403, message, documentation=TOKENS_DOCUMENTATION)


def bad_request(message: str) -> ApiError:
    """The request itself is at fault."""
    return ApiError(400, message)


def not_found(message: str) -> ApiError:
    """There is no such thing, or not for this token."""
    return ApiError(404, message)


def too_many(message: str, *, seconds: int, headers: Mapping[str, str] | None = None) -> ApiError:
    """A limit is reached; there is more in so many seconds."""
    return ApiError(
        429,
        message,
        documentation=f"{API_DOCUMENTATION}#limits",
        headers={**(headers or {}), "Retry-After": str(seconds)},
    )
