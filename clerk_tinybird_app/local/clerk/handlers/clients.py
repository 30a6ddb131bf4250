"""The calling browser's client."""

from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.store import clients
from clerk_tinybird_app.local.clerk.views import client_view

__all__ = ["create", "destroy", "read"]


def read(call: Call) -> Reply:
    """Return the client; null for a browser that was never here."""
    return Reply(client_view(call))


def create(call: Call) -> Reply:
    """Return the client, made now if it has none."""
    call.ensure_client()
    return Reply(client_view(call))


def destroy(call: Call) -> Reply:
    """Forget the client and its sessions; its cookie is worth nothing from now on."""
    if call.client is not None:
        clients.delete(call.db, call.client.id)
        call.client = None
    return Reply(None)
