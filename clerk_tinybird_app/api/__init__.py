"""The HTTP routes beside Reflex: one returns a minted token, one says whether the app works."""

from clerk_tinybird_app.api.app import create_api

__all__ = ["create_api"]
