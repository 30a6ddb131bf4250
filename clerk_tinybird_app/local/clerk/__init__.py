"""The embedded Clerk: a local Frontend API for Clerk's own browser SDK."""

from clerk_tinybird_app.local.clerk.embedded_clerk import EmbeddedClerk, UnknownAccountError
from clerk_tinybird_app.local.clerk.instance import EMAIL_CODE
from clerk_tinybird_app.local.clerk.sdk import ClerkSdkUnavailable, ensure_sdk
from clerk_tinybird_app.local.clerk.seed import ACCOUNTS, PASSWORD

__all__ = [
    "ACCOUNTS",
    "EMAIL_CODE",
    "PASSWORD",
    "ClerkSdkUnavailable",
    "EmbeddedClerk",
    "UnknownAccountError",
    "ensure_sdk",
]
