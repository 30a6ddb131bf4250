"""The websocket that an event came over."""

from reflex.istate.data import SessionData
from reflex_base.registry import RegistrationContext

from clerk_tinybird_app.reflex_internals.namespace import BoundedNamespace


def is_connected(client: SessionData) -> bool:
    """Tell whether the event's websocket still is the one that answers go to.

    Reflex sends what a handler changed to whoever holds the client token by then, which after a
    long wait can be another websocket.
    """
    namespace = RegistrationContext.get().app.event_namespace
    return namespace is None or namespace.token_to_sid.get(client.client_token) == client.session_id


def note_proof(client: SessionData) -> None:
    """Note that a session was proved over the event's websocket, which may then stay."""
    namespace = RegistrationContext.get().app.event_namespace
    if isinstance(namespace, BoundedNamespace):
        namespace.prove(client.session_id)
