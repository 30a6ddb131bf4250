"""The errors of a query, and the token's allowance in the headers of an answer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

_PREFIX = "x-ratelimit-"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The allowance of the token's name at the moment of an answer.

    Attributes:
        limit: Allowed requests in one time window.
        remaining: Requests that are left in this window.
        reset_seconds: Seconds until the next window.
    """

    limit: int
    remaining: int
    reset_seconds: float

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self | None:
        """Read the three ``X-RateLimit-*`` headers; None when one is missing or no number."""
        limit, remaining, reset = (
            seconds(headers.get(f"{_PREFIX}{name}", "")) for name in ("limit", "remaining", "reset")
        )
        if limit is None or remaining is None or reset is None:
            return None
        return cls(int(limit), int(remaining), reset)


def seconds(text: str) -> float | None:
    """Return the number in a header, None when there is none or it is below 0."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


class TinybirdError(Exception):
    """The base of the tree. Catch it for every failure of a query.

    Attributes:
        code: A stable name for programs; it never changes for a given reason.
        status: The HTTP status; None when no answer came.
        detail: The text of Tinybird, or what is known of the failure; "" without any.
        message: One or two sentences that tell a person what is wrong and what to do.
        rate: The rest of the token's allowance; None when the answer has no such headers.
    """

    code: ClassVar[str] = "tinybird_error"
    message: str = "Tinybird could not answer. Try again in a moment."

    def __init__(
        self, detail: str = "", *, status: int | None = None, rate: RateLimit | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.rate = rate

    def __str__(self) -> str:
        return f"{self.message} ({self.detail})" if self.detail else self.message


class TinybirdUnreachableError(TinybirdError):
    """There was no connection, or it broke before the answer was complete."""

    code = "tinybird_unreachable"
    message = (
        "Tinybird cannot be reached. The embedded one may still be starting; for your own, check "
        "TINYBIRD_API_URL. Then try again."
    )


class TinybirdTimeoutError(TinybirdError):
    """The answer did not come in time; the request was closed."""

    code = "tinybird_timeout"
    message = "Tinybird took too long to answer. Try again, or ask for a shorter period."


class TinybirdBadRequestError(TinybirdError):
    """A parameter is missing or wrong, or the pipe's query failed."""

    code = "tinybird_bad_request"
    message = "Tinybird did not accept the request. Check the parameters."


class TinybirdForbiddenError(TinybirdError):
    """The token is expired, badly signed, or not for this pipe."""

    code = "tinybird_forbidden"
    message = (
        "Tinybird refused the token: it has expired, is not signed for this workspace, or does "
        "not allow this pipe. Reload the page for a new one."
    )


class TinybirdNotFoundError(TinybirdError):
    """The workspace has no such pipe."""

    code = "tinybird_not_found"
    message = "This workspace has no such pipe. Deploy the project with `tb --cloud deploy`."


class TinybirdQueryTimeoutError(TinybirdError):
    """The query reached the workspace's time limit and was stopped."""

    code = "tinybird_query_timeout"
    message = "The query took longer than the workspace allows. Ask for a shorter period."


class TinybirdTooLargeError(TinybirdError):
    """The answer, or the request, is larger than Tinybird or this client allows."""

    code = "tinybird_too_large"
    message = "The answer is too large. Ask for a shorter period or for fewer rows."


class TinybirdUnexpectedRowsError(TinybirdError):
    """A pipe answered, but with other rows than expected.

    Args:
        pipe: The pipe's name.
        reason: What is wrong with its rows, as the end of a sentence.
    """

    code = "tinybird_unexpected_rows"

    def __init__(self, pipe: str, reason: str) -> None:
        super().__init__(status=200)
        self.message = (
            f"The pipe {pipe} cannot be shown here: {reason}. Deploy the Tinybird project that "
            "belongs to this version of the app."
        )


class TinybirdRateLimitedError(TinybirdError):
    """The token's name has made too many requests.

    Attributes:
        retry_after: Seconds until the next request is allowed; None when Tinybird does not say.
    """

    code = "tinybird_rate_limited"

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        rate: RateLimit | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, status=status, rate=rate)
        self.retry_after = retry_after
        when = "in a moment" if retry_after is None else f"in {_seconds(retry_after)}"
        self.message = f"Too many requests with this token. Try again {when}."


def _seconds(count: float) -> str:
    return "1 second" if count == 1 else f"{count:g} seconds"
