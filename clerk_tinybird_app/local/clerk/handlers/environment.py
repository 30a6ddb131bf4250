"""The instance's settings."""

from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.shapes.environment import environment

__all__ = ["read"]


def read(call: Call) -> Reply:
    """Return the environment, bare. The SDK PATCHes to read it when the key is a test key."""
    return Reply(environment(call.origin), bare=True)
