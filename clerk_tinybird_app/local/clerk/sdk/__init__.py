"""The files of Clerk's browser SDK: two npm tarballs, fetched and checked once, then served."""

from clerk_tinybird_app.local.clerk.sdk.fetch import ClerkSdkUnavailable, ensure_sdk

__all__ = ["ClerkSdkUnavailable", "ensure_sdk"]
