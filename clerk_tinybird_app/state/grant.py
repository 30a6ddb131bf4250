"""What a handler may ask Tinybird, and whether its answer still belongs on the page."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.token import TokenState
from clerk_tinybird_app.state.websocket import is_connected


@dataclass(frozen=True)
class Grant:
    """The token on the page at one moment.

    Attributes:
        token: What Tinybird is shown.
        scopes: What it allows.
    """

    token: str
    scopes: list[dict[str, Any]]


async def current_grant(state: rx.State) -> Grant | None:
    """Return what the tab of ``state`` may ask; None without a current session and token."""
    session = await state.get_state(SessionState)
    tokens = await state.get_state(TokenState)
    if session._current_session() is None or not tokens.value:
        return None
    return Grant(tokens.value, tokens._scopes())


async def still_holds(state: rx.State, grant: Grant) -> bool:
    """Tell whether the page still belongs to the tenant that ``grant`` was given to.

    The session must be current, over the websocket that answers go to, and allow what it allowed
    when the request was sent.
    """
    now = await current_grant(state)
    return now is not None and now.scopes == grant.scopes and is_connected(state.router.session)


async def renewed_token(state: rx.State, grant: Grant) -> str:
    """Mint and show a new token for the tenant of ``grant``; "" when it is no longer the page's."""
    session_state = await state.get_state(SessionState)
    session = session_state._current_session()
    if session is None or not await still_holds(state, grant):
        return ""
    running = services.current()
    tokens = await state.get_state(TokenState)
    tokens._mint(session, running.workspace, now=running.clock())
    return tokens.value
