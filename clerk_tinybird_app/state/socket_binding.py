"""A session belongs to the websocket that proved it."""

from reflex.app import App
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event

from clerk_tinybird_app.state.session import SessionState


class SocketBinding(Middleware):
    """Empties the state before the first event of another websocket is handled.

    Reflex hands a tab's state to whoever presents its client token, which travels in the
    websocket's address. Without this, that would be enough to read the minted token; with it, the
    newcomer has to prove a session first, which an honest tab's bridge does at once.
    """

    async def preprocess(self, app: App, state: BaseState, event: Event) -> StateUpdate | None:
        """Close a session proved over another websocket; never answers the event itself."""
        session = await state.get_state(SessionState)
        if session._socket and session._socket != session.router.session.session_id:
            await session._empty()
        return None
