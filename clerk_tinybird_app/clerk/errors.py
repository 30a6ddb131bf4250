"""What can go wrong between a request and a verified session.

    ClerkError
    ├── SessionError                      the request's fault, HTTP 401
    │   ├── SessionMissingError           session_missing
    │   ├── SessionMalformedError         session_malformed
    │   ├── SessionAlgorithmError         session_algorithm
    │   ├── SessionKindError              session_kind
    │   ├── SessionKeyError               session_key
    │   ├── SessionSignatureError         session_signature
    │   ├── SessionClaimsError            session_claims, carries `claim`
    │   ├── SessionExpiredError           session_expired, carries `expired_at`
    │   ├── SessionClockAheadError        session_clock_ahead, carries `ahead`
    │   ├── SessionNotYetValidError       session_not_yet_valid, carries `behind`
    │   ├── SessionIssuerError            session_issuer
    │   ├── SessionAzpError               session_azp, carries `azp`
    │   └── SessionPendingError           session_pending
    └── KeysUnavailable                   keys_unavailable, HTTP 503

The messages are shown to users, so they contain no tokens, keys or addresses with credentials.
"""

from typing import ClassVar


class ClerkError(Exception):
    """The base of the tree. Catch it to refuse a request for any reason.

    Attributes:
        code: A stable name for programs; it never changes for a given reason.
        status: The HTTP status that an API answers with.
        message: One or two sentences that tell a person what is wrong and what to do.
    """

    code: ClassVar[str] = "clerk_error"
    status: ClassVar[int] = 401
    message: str = "The sign-in could not be verified. Sign in again."

    def __str__(self) -> str:
        return self.message


class SessionError(ClerkError):
    """The request carries no session that can be accepted."""

    code = "session_error"


class SessionMissingError(SessionError):
    """There is no session token at all."""

    code = "session_missing"
    message = "There is no session token. Sign in first."


class SessionMalformedError(SessionError):
    """What was sent is not one well-formed signed token."""

    code = "session_malformed"
    message = (
        "The session token is not well-formed. Send exactly one, as Clerk issued it, in "
        "'Authorization: Bearer TOKEN' or in Clerk's own cookie."
    )


class SessionAlgorithmError(SessionError):
    """The token names another signature algorithm than RS256, the one Clerk uses."""

    code = "session_algorithm"
    message = "The session token is not signed with RS256. Sign in again."


class SessionKindError(SessionError):
    """The token is genuine, but of another kind: from a JWT template, or for machines."""

    code = "session_kind"
    message = (
        "This is not a session token. Send the one that getToken() returns without a template."
    )


class SessionKeyError(SessionError):
    """The token names no key, or one that the Clerk instance does not publish."""

    code = "session_key"
    message = (
        "The session token is signed with a key that this Clerk instance does not publish. "
        "Sign in again; if that does not help, check CLERK_PUBLISHABLE_KEY."
    )


class SessionSignatureError(SessionError):
    """The signature does not match the token and the key."""

    code = "session_signature"
    message = "The session token's signature is wrong. Sign in again."


class SessionClaimsError(SessionError):
    """A claim is missing, wrongly typed or out of range.

    Attributes:
        claim: The claim's name, such as "exp" or "o.rol".
    """

    code = "session_claims"

    def __init__(self, claim: str) -> None:
        super().__init__(claim)
        self.claim = claim
        self.message = (
            f"The session token's claim '{claim}' is missing or not what Clerk documents. "
            "Sign in again."
        )


class SessionExpiredError(SessionError):
    """The token has expired, by this server's clock.

    Attributes:
        expired_at: The claim `exp`, in seconds since the epoch.
    """

    code = "session_expired"
    message = (
        "The session token has expired. Reload the page or sign in again. If a new one has expired "
        "as well, this server's clock is ahead of Clerk's: set it by the network (NTP)."
    )

    def __init__(self, expired_at: int) -> None:
        super().__init__(expired_at)
        self.expired_at = expired_at


class SessionClockAheadError(SessionError):
    """The token has expired only by this server's clock, which is ahead of other servers.

    Attributes:
        ahead: By how many seconds this server's clock is ahead of theirs.
    """

    code = "session_clock_ahead"

    def __init__(self, ahead: float) -> None:
        super().__init__(ahead)
        self.ahead = ahead
        self.message = (
            f"This server's clock is {ahead:.0f} seconds ahead of other servers', so the session "
            "token seems to have expired. Signing in again does not help: set the clock by the "
            "network (NTP)."
        )


class SessionNotYetValidError(SessionError):
    """The token is not valid yet: by this server's clock Clerk issued it in the future.

    Attributes:
        behind: This server's clock is at least so many seconds behind Clerk's.
    """

    code = "session_not_yet_valid"

    def __init__(self, behind: float) -> None:
        super().__init__(behind)
        self.behind = behind
        self.message = (
            f"This server's clock is at least {behind:.0f} seconds behind Clerk's, so the session "
            "token seems not to be valid yet. Signing in again does not help: set the clock by "
            "the network (NTP)."
        )


class SessionIssuerError(SessionError):
    """Another Clerk instance issued the token."""

    code = "session_issuer"
    message = (
        "The session token comes from another Clerk instance. Check that CLERK_PUBLISHABLE_KEY "
        "is the same for the browser and for this server."
    )


class SessionAzpError(SessionError):
    """The token was issued to a page on an origin that is not ours.

    Attributes:
        azp: That origin, such as "https://app.example.com".
    """

    code = "session_azp"

    def __init__(self, azp: str) -> None:
        super().__init__(azp)
        self.azp = azp
        self.message = (
            f"The session token was issued to {azp}. If that is one of this app's origins, "
            "add it to CLERK_AUTHORIZED_PARTIES."
        )


class SessionPendingError(SessionError):
    """Signed in, but Clerk still asks for something, such as choosing an organization."""

    code = "session_pending"
    message = "The sign-in is not complete. Finish what Clerk asks for on the sign-in page."


class KeysUnavailable(ClerkError):  # noqa: N818 -- says what is true, as the HTTP status does
    """Clerk's key server cannot be reached, and there are no keys that are recent enough."""

    code = "keys_unavailable"
    status = 503
    message = "Clerk's signing keys cannot be fetched at the moment. Try again in a few seconds."
