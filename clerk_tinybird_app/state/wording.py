"""What a person reads when something does not work: what developers need, or what customers can do.

Whoever has the token page is a developer. All others are customers of the product: they know
neither Tinybird nor Clerk, and can change no setting. Nothing else decides between the two.
"""

from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.errors import ClerkError, KeysUnavailable, SessionPendingError
from clerk_tinybird_app.reflex_internals.connections import TooManyTabsError
from clerk_tinybird_app.tinybird.client import (
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdQueryTimeoutError,
    TinybirdRateLimitedError,
    TinybirdTimeoutError,
    TinybirdTooLargeError,
)
from clerk_tinybird_app.tinybird.policy import PolicyFailedError

_LOST: Final = "These numbers could not be loaded."
_SHORTER: Final = f"{_LOST} Choose a shorter period, or try again."
_TO_CUSTOMERS: Final[dict[type[Exception], str]] = {
    TinybirdTimeoutError: _SHORTER,
    TinybirdQueryTimeoutError: _SHORTER,
    TinybirdTooLargeError: _SHORTER,
    TinybirdRateLimitedError: f"{_LOST} Too much was asked for at once. Try again in a moment.",
    TinybirdForbiddenError: f"{_LOST} Load the page again; if this stays, sign in again.",
    TinybirdError: f"{_LOST} Try again.",
    SessionPendingError: "Your sign-in is not complete. Finish it on the sign-in page.",
    KeysUnavailable: "Your sign-in cannot be confirmed at the moment. Try again in a few seconds.",
    ClerkError: "Your sign-in could not be confirmed. Try again; if this stays, sign in again.",
    TooManyTabsError: TooManyTabsError.message,
    PolicyFailedError: "Something is wrong at our side, so nothing can be shown. Try again later.",
}
"""The nearest class of an error counts."""

_OURS: Final = "tinybird_"
_THEIRS: Final = "data_"
"""What a code begins with: it is as stable for customers, and names nobody."""


@dataclass(frozen=True)
class Problem:
    """What is wrong: a stable code, and a sentence that says what to do."""

    code: str
    message: str


def for_reader(developers: str, customers: str) -> str:
    """Return the text that is for whoever reads the pages of this app."""
    return developers if services.current().settings.shows_token_page else customers


def told(error: TinybirdError | ClerkError | PolicyFailedError | TooManyTabsError) -> Problem:
    """Return what is said of an error."""
    customers = next(_TO_CUSTOMERS[kind] for kind in type(error).mro() if kind in _TO_CUSTOMERS)
    code = error.code
    if code.startswith(_OURS):
        code = for_reader(code, _THEIRS + code.removeprefix(_OURS))
    return Problem(code, for_reader(error.message, customers))


def sign_in_service() -> str:
    """Return what the service is called that signs people in."""
    return for_reader("Clerk", "the sign-in service")
