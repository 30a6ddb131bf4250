"""The HTTP routes beside Reflex: a minted token, and a sign of health."""

from clerk_tinybird_app.api.app import create_api

__all__ = ["create_api"]
