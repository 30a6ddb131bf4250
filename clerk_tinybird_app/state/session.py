"""Who is signed in, as the server has verified it, and the token that was minted for them.

Any client can call any public method of a state, bound in the UI or not. So what is not meant for
the browser is private here, and every handler that touches data asks ``_current_session`` first.
"""

from collections.abc import Collection
from typing import Any, Final, TypeVar

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.errors import ClerkError, SessionExpiredError
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.logs import context
from clerk_tinybird_app.reflex_internals.connections import TooManyTabsError
from clerk_tinybird_app.reflex_internals.namespace import is_connected, note_proof
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.wording import told
from clerk_tinybird_app.telemetry import metrics, refusals
from clerk_tinybird_app.tinybird.pipe_request import LANGUAGES, example_requests
from clerk_tinybird_app.tinybird.policy import PolicyFailedError
from clerk_tinybird_app.tinybird.token import (
    ClaimLine,
    TinybirdToken,
    Workspace,
    claim_lines,
    claims_json,
    decode,
)

_StateType = TypeVar("_StateType", bound="type[TenantData]")
_HOLDERS: Final[list[type["TenantData"]]] = []
_SHOWN: Final = 16

SIGNED_OUT = "signed-out"
"""What ``accepted`` holds once the browser has said that nobody is signed in."""


class TenantData(rx.State, mixin=True):
    """A state with something of a tenant's."""

    def _forget_all(self) -> None:
        """Reset everything, and send the browser only what has another value there."""
        sent_anyway = set(self.dirty_vars)
        before = {name: getattr(self, name) for name in type(self).base_vars}
        self.reset()
        same = {name for name, value in before.items() if value == getattr(self, name)}
        self.dirty_vars -= same - sent_anyway

    def _let_go(self, pipes: Collection[str], allowed: Collection[str]) -> None:
        """Show nothing more of some pipes; without a better way, nothing at all.

        Args:
            pipes: What the token before allowed, and this one does not, or not in the same way.
            allowed: Every pipe that this one allows.
        """
        self._forget_all()


def holds_tenant_data(state: _StateType) -> _StateType:
    """Register a state class: it is reset when the session ends or its tenant changes."""
    _HOLDERS.append(state)
    return state


async def forget_tenant_data(anywhere: rx.State) -> None:
    """Reset every registered state of the tab that ``anywhere`` belongs to."""
    for holder in _HOLDERS:
        (await anywhere.get_state(holder))._forget_all()


@holds_tenant_data
class TokenState(TenantData, rx.State):
    """The token that the page asks with, and what the token page shows of it.

    Without a token page the browser gets nothing of it. Times are seconds since the epoch, 0
    without a token.
    """

    value: str = ""
    claims_json: str = ""
    claim_lines: list[ClaimLine] = []
    issued_at: int = 0
    expires_at: int = 0
    is_anonymous: bool = False
    examples: dict[str, str] = dict.fromkeys(LANGUAGES, "")

    _minted: TinybirdToken | None = None

    @rx.var
    def short_value(self) -> str:
        """The token's beginning, for a readable example."""
        return f"{self.value[:_SHOWN]}…" if self.value else ""

    async def _follow(self, session: ClerkSession, running: Services) -> None:
        """Show a token for ``session``, minting when it changed or little life is left."""
        kept = self._minted
        scopes = running.scopes(session)
        if (
            kept is None
            or not kept.is_made_for(session, scopes)
            or not kept.is_fresh(running.clock())
        ):
            await self._mint(session, running)

    def _scopes(self) -> list[dict[str, Any]]:
        """Return the scopes of the token that the page shows, none without one."""
        scopes: list[dict[str, Any]] = list(self._minted.claims["scopes"]) if self._minted else []
        return scopes

    async def _mint(self, session: ClerkSession, running: Services) -> str:
        """Take a new token, and return it.

        What it does not allow in the same way as the token before goes off the page.
        """
        workspace, before = running.workspace, self._scopes()
        minted = running.mint(session, now=running.clock(), place="page")
        self.reset()
        self._minted = minted
        if running.settings.shows_token_page:
            self._show(minted, workspace)
        after = self._scopes()
        if lost := {scope["resource"] for scope in before if scope not in after}:
            allowed = {scope["resource"] for scope in after}
            for holder in _HOLDERS:
                (await self.get_state(holder))._let_go(lost, allowed)
        return minted.value

    def _let_go(self, pipes: Collection[str], allowed: Collection[str]) -> None:
        """Keep the token, which is the new one."""

    def _show(self, minted: TinybirdToken, workspace: Workspace) -> None:
        self.value = minted.value
        self.issued_at, self.expires_at = minted.issued_at, minted.expires_at
        # Decoded from the token itself, so that what is shown cannot differ from what is sent.
        claims = decode(minted.value, workspace)
        self.claims_json = claims_json(claims)
        self.claim_lines = claim_lines(self.claims_json)
        self.examples = example_requests(workspace.api_url)

    def _show_anonymous(self, running: Services) -> None:
        """Show the anonymous key, or nothing without one."""
        key = running.settings.tinybird_api_key
        self.reset()
        if key and running.settings.shows_token_page:
            self.value, self.is_anonymous = key, True
            self.examples = example_requests(running.workspace.api_url)


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
        except (ClerkError, PolicyFailedError, TooManyTabsError) as error:
            metrics.pushed("refused")
            if not isinstance(error, PolicyFailedError):
                refusals.refused(refusals.PUSH, error.code)
            # A token that is too old says nothing of the session: what was proved before it holds
            # until its own end, and the browser sends a fresh one at once.
            if not (isinstance(error, SessionExpiredError) and self._current_session()):
                await self._empty()
            problem = told(error)
            self.error_code, self.error_message = problem.code, problem.message
        except BaseException:
            # Whatever went wrong: nothing of an earlier session may stay.
            await self._empty()
            raise
        else:
            metrics.pushed("accepted" if self._session else "signed_out")

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
            return
        try:
            await tokens._mint(session, running)
        except PolicyFailedError as error:
            await self._empty()
            problem = told(error)
            self.error_code, self.error_message = problem.code, problem.message

    async def _take(self, token: str) -> None:
        running = services.current()
        session = await running.verify(token) if token else None
        tokens = await self.get_state(TokenState)
        if session is not None:
            if self.tenant_id != running.tenant_of(session) or self.user_id != session.user_id:
                await forget_tenant_data(self)
            await tokens._follow(session, running)
            await note_proof(self.router.session, session.session_id)
        if not is_connected(self.router.session):
            # The socket went while keys were fetched, or Redis was asked; whoever holds its client
            # token now gets nothing of this session, and an honest tab pushes again.
            await self._empty()
            return
        if session is None:
            await self._empty()
            tokens._show_anonymous(running)
            self.accepted = SIGNED_OUT
        else:
            self._open(session)
        self._socket = self.router.session.session_id

    def _current_session(self) -> ClerkSession | None:
        """Return the session if it is unexpired and was proved over this very websocket."""
        session = self._session
        if session is None or self._socket != self.router.session.session_id:
            return None
        return session if session.is_current(services.current().clock()) else None

    async def _empty(self) -> None:
        context.is_for("", "")
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
        self.tenant_id = services.current().tenant_of(session)
        context.is_for(session.session_id, self.tenant_id)
        self.error_code = self.error_message = ""
        self.accepted = f"{session.session_id}:{self.org_id}"


def session_seconds(root: rx.State) -> float:
    """Return how long the session of a tab still holds, 0 without one.

    Args:
        root: The root of the tab's states.
    """
    state = root.substates.get(SessionState.get_name())
    session = state._session if isinstance(state, SessionState) else None
    return session.expires_at - services.current().clock() if session else 0.0


class SocketBinding(rx.Middleware):
    """Empties the state before the first event of another websocket is handled.

    Reflex hands a tab's state to whoever presents its client token, which travels in the
    websocket's address. Without this, that would be enough to read the minted token; with it, the
    newcomer has to prove a session first, which an honest tab's bridge does at once.
    """

    async def preprocess(self, app: rx.App, state: Any, event: Any) -> None:
        """Close a session proved over another websocket; never answers the event itself."""
        session = await state.get_state(SessionState)
        if session._socket and session._socket != session.router.session.session_id:
            await session._empty()
        elif known := session._session:
            context.is_for(known.session_id, session.tenant_id)
