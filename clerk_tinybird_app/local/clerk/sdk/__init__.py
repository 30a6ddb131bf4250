"""The browser SDK's own files: two npm tarballs, fetched once, checked, kept, served."""

from clerk_tinybird_app.local.clerk.sdk.fetch import ClerkSdkUnavailable, ensure_sdk

__all__ = ["ClerkSdkUnavailable", "ensure_sdk"]
