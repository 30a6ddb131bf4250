"""The websocket that an event came over."""

from reflex.istate.data import SessionData
from reflex_base.registry import RegistrationContext


def is_connected(client: SessionData) -> bool:
    """Tell whether the event's websocket still is the one that answers go to.

    Reflex sends what a handler changed to whoever holds the client token by then, which after a
    long wait can be another websocket.
    """
    namespace = RegistrationContext.get().app.event_namespace
    return namespace is None or namespace.token_to_sid.get(client.client_token) == client.session_id
