"""Who is signed in, as the server has verified it.

Any client can call any public method of a state, bound in the UI or not. So what is not meant for
the browser is private here, and every handler that touches data asks ``_current_session`` first.
"""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.errors import ClerkError, SessionExpiredError
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.state.tenant_data import forget_tenant_data
from clerk_tinybird_app.state.token import TokenState
from clerk_tinybird_app.state.websocket import is_connected, note_proof

SIGNED_OUT = "signed-out"
"""What ``accepted`` holds once the browser has said that nobody is signed in."""


class SessionState(rx.State):
    """The Clerk session that the browser last proved, bound to the websocket that proved it.

    ``accepted`` is what the browser bridge compares with Clerk's own view: the ids as
    ``session:organization``, ``signed-out``, or "" while nothing valid has been pushed.
    """

    accepted: str = ""
    user_id: str = ""
    org_id: str = ""
    org_slug: str = ""
    org_role: str = ""
    impersonator: str = ""
    tenant_id: str = ""
    error_code: str = ""
    error_message: str = ""

    _session: ClerkSession | None = None
    _socket: str = ""

    @rx.event
    async def sync(self, token: str) -> None:
        """Take what the browser's Clerk says now: at load, on a change, and as a heartbeat.

        Args:
            token: The session token, "" when signed out.
        """
        try:
            await self._take(token)
        except ClerkError as error:
            # A token that is too old says nothing of the session: what was proved before it holds
            # until its own end, and the browser sends a fresh one at once.
            if not (isinstance(error, SessionExpiredError) and self._current_session()):
                await self._empty()
            self.error_code, self.error_message = error.code, error.message
        except BaseException:
            # Whatever went wrong, such as in a policy: nothing of an earlier session may stay.
            await self._empty()
            raise

    @rx.event
    async def renew_token(self) -> None:
        """Mint the Tinybird token anew for the current session.

        Without one, forget what was accepted: the browser then pushes its session again.
        """
        running = services.current()
        tokens = await self.get_state(TokenState)
        session = self._current_session()
        if session is None:
            await self._empty()
        else:
            tokens._mint(session, running)

    async def _take(self, token: str) -> None:
        running = services.current()
        session = await running.verifier.verify(token) if token else None
        if not is_connected(self.router.session):
            # The socket went while keys were fetched; whoever holds its client token now gets
            # nothing of this session, and an honest tab pushes again.
            await self._empty()
            return
        tokens = await self.get_state(TokenState)
        if session is None:
            await self._empty()
            tokens._show_anonymous(running.settings.tinybird_api_key, running.workspace)
            self.accepted = SIGNED_OUT
        else:
            if (
                self.tenant_id != running.product.policy.tenant_of(session)
                or self.user_id != session.user_id
            ):
                await forget_tenant_data(self)
            tokens._follow(session, running)
            self._open(session)
            note_proof(self.router.session)
        self._socket = self.router.session.session_id

    def _current_session(self) -> ClerkSession | None:
        """Return the session if it is unexpired and was proved over this very websocket."""
        session = self._session
        if session is None or self._socket != self.router.session.session_id:
            return None
        return session if session.is_current(services.current().clock()) else None

    async def _empty(self) -> None:
        await forget_tenant_data(self)
        self.reset()

    def _open(self, session: ClerkSession) -> None:
        organization = session.organization
        self._session = session
        self.user_id = session.user_id
        self.org_id = organization.id if organization else ""
        self.org_slug = organization.slug if organization else ""
        self.org_role = organization.role if organization else ""
        self.impersonator = session.impersonator or ""
        self.tenant_id = services.current().product.policy.tenant_of(session)
        self.error_code = self.error_message = ""
        self.accepted = f"{session.session_id}:{self.org_id}"
