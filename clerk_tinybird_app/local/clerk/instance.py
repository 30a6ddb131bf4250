"""What the embedded Clerk instance is called and which limits it keeps."""

from typing import Final

__all__ = [
    "APPLICATION_NAME",
    "CLIENT_COOKIE",
    "CLIENT_COOKIE_SECONDS",
    "EMAIL_CODE",
    "ISSUER",
    "MAX_NAME_LENGTH",
    "MAX_PASSWORD_LENGTH",
    "MIN_PASSWORD_LENGTH",
    "PUBLISHABLE_KEY",
    "SESSION_LIFETIME_MS",
    "TOKEN_LIFETIME_SECONDS",
]

ISSUER: Final = "https://clerk.localhost.test"
"""The ``iss`` of its session tokens. Nothing is ever fetched from there."""

PUBLISHABLE_KEY: Final = "pk_test_Y2xlcmsubG9jYWxob3N0LnRlc3Qk"
"""``pk_test_`` + base64 of the issuer's host and ``$``: a host the SDK asks no dev browser for."""

APPLICATION_NAME: Final = "Clerk + Tinybird"

EMAIL_CODE: Final = "424242"
"""Every e-mail code, as in Clerk's own test mode; no e-mail is ever sent."""

TOKEN_LIFETIME_SECONDS: Final = 60
SESSION_LIFETIME_MS: Final = 7 * 24 * 60 * 60 * 1000

CLIENT_COOKIE: Final = "__client"
CLIENT_COOKIE_SECONDS: Final = 365 * 24 * 60 * 60

MIN_PASSWORD_LENGTH: Final = 8
MAX_PASSWORD_LENGTH: Final = 72
MAX_NAME_LENGTH: Final = 256
