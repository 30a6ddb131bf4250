"""The browser SDK's own files: two npm tarballs, fetched once, checked, kept, served."""

from clerk_tinybird_app.local.clerk.sdk.fetch import ensure_sdk
from clerk_tinybird_app.local.clerk.sdk.packages import ClerkSdkUnavailable

__all__ = ["ClerkSdkUnavailable", "ensure_sdk"]
