"""What a handler may ask Tinybird, and the one way in which its answer reaches the page.

While a background handler waits, its page can become another tenant's, another user's or another
websocket's, or open another view. Reflex lets such a handler write inside ``async with self``
alone. That stands in this module alone, so every handler writes by one of

    asking        before it waits: what it may ask, or that it may not
    answering     what came, for whoever asked and nobody else
    end_turn      that nothing is under way any more; never data
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.dashboard.questions import Question
from clerk_tinybird_app.dashboard.shown import UnfitRowsError
from clerk_tinybird_app.reflex_internals.namespace import is_connected
from clerk_tinybird_app.reflex_internals.plain import plain
from clerk_tinybird_app.state.queries import StoppedError
from clerk_tinybird_app.state.session import SessionState, TenantData, TokenState
from clerk_tinybird_app.state.wording import Problem
from clerk_tinybird_app.telemetry import metrics, refusals
from clerk_tinybird_app.tinybird.client import (
    PipeAnswer,
    TinybirdError,
    TinybirdRateLimitedError,
    TinybirdUnexpectedRowsError,
)
from clerk_tinybird_app.tinybird.csv_cells import harmless
from clerk_tinybird_app.tinybird.token import TinybirdToken

CHANGED: Final = Problem(
    "permissions_changed",
    "What you may see has changed, so this is asked for anew.",
)
UNCONFIRMED: Final = Problem(
    "session_unconfirmed",
    "Your session is not confirmed at the moment, so nothing was asked. Try again in a few "
    "seconds; if this stays, sign in again.",
)


_MOST_PIPE: Final = 64
"""The most characters of a pipe's name in the log; a developer can type any in the playground."""


@dataclass(frozen=True)
class Grant:
    """Whose page it is at one moment, and what it may ask.

    Two grants are equal when what one of them asked may be shown on the page of the other: a new
    token or a prolonged session changes nothing.

    Attributes:
        socket: The websocket that proved the session.
        user_id: Who is signed in.
        tenant_id: Whose rows they see.
        scopes: What the token allows.
        minted: The token that Tinybird is shown.
        session: The session itself.
    """

    socket: str
    user_id: str
    tenant_id: str
    scopes: list[dict[str, Any]]
    minted: TinybirdToken = field(compare=False, repr=False)
    session: ClerkSession = field(compare=False, repr=False)

    @property
    def token(self) -> str:
        """What Tinybird is shown."""
        return self.minted.value

    @property
    def pipes(self) -> list[str]:
        """What the token may read."""
        return [str(scope["resource"]) for scope in self.scopes]


class AskingState(TenantData, mixin=True):
    """A state with handlers that wait; ``_turn`` names its newest question, "" for none."""

    _turn: str = ""

    def _take_turn(self) -> str:
        """Name a question that takes the place of any before it."""
        self._turn = uuid.uuid4().hex
        return self._turn

    def _end_turn(self, **values: object) -> None:
        """Say that nothing is under way any more."""
        self._turn = ""
        for name, value in values.items():
            setattr(self, name, value)


@asynccontextmanager
async def asking(state: AskingState) -> AsyncIterator[Grant | None]:
    """Hold the page before a question; None stands for ``UNCONFIRMED``, which is to be said."""
    async with state:
        yield await _current_grant(state)


@asynccontextmanager
async def answering(state: AskingState, grant: Grant, turn: str = "") -> AsyncIterator[None]:
    """Hold the page for writing what came of a question.

    Args:
        state: The handler's.
        grant: What the question was asked with.
        turn: The question's, unless newer ones leave it alone.

    Raises:
        StoppedError: The page is no longer the one that asked, or it has asked anew.
    """
    async with state:
        if await _still_granted(state, grant) is None or (turn and state._turn != turn):
            raise StoppedError
        yield


async def end_turn(state: AskingState, turn: str, **values: object) -> None:
    """Set what says that nothing is under way, unless a newer question is."""
    async with state:
        if state._turn in ("", turn):
            state._end_turn(**values)


async def ask(
    state: AskingState,
    grant: Grant,
    pipe: str,
    parameters: Mapping[str, str],
    *,
    format: str = "json",  # noqa: A002 -- the API's own word for it
) -> PipeAnswer | TinybirdError:
    """Query a pipe with the page's token, or with a new one should Tinybird refuse it."""
    try:
        return await services.current().tinybird.query(
            pipe,
            parameters,
            grant.token,
            renew=partial(_renewed_token, state, grant),
            format=format,
        )
    except TinybirdError as error:
        return _refused(pipe, error)


async def ask_shared(
    state: AskingState, grant: Grant, question: Question
) -> PipeAnswer | TinybirdError:
    """Query a pipe as ``ask`` does, but once for all pages that ask the same within a tick."""
    try:
        return await services.current().shared_queries.query(
            question.pipe,
            question.parameters,
            grant.minted,
            since=question.tick.start,
            until=question.tick.end,
            renew=partial(_renewed_token, state, grant),
        )
    except TinybirdError as error:
        return _refused(question.pipe, error)


def unfit_rows(pipe: str, unfit: UnfitRowsError) -> TinybirdError:
    """Return the error of a pipe whose rows cannot be shown, counted and logged."""
    return _refused(pipe, TinybirdUnexpectedRowsError(pipe, str(unfit)))


def _refused(pipe: str, error: TinybirdError) -> TinybirdError:
    """Count and log that a page's query was not answered. Tinybird's own text may hold values."""
    if isinstance(error, TinybirdRateLimitedError):
        metrics.over_limit("tinybird")
    refusals.refused(refusals.QUERY, error.code, pipe=pipe[:_MOST_PIPE], status=error.status)
    return error


async def ask_csv(
    state: AskingState, grant: Grant, pipe: str, parameters: Mapping[str, str]
) -> bytes | TinybirdError:
    """Query a pipe for a file to download, in which no cell is a formula to a spreadsheet."""
    answer = await ask(state, grant, pipe, parameters, format="csv")
    if isinstance(answer, TinybirdError):
        return answer
    # Millions of cells take seconds, in which other tabs are served.
    return await asyncio.to_thread(harmless, answer.body)


async def _renewed_token(state: AskingState, grant: Grant) -> str:
    """Return another token for the page that ``grant`` was given to, "" when it is gone.

    Queries that are refused at the same time share one: the first mints it.
    """
    async with state:
        now = await _still_granted(state, grant)
        if now is None:
            return ""
        if now.token != grant.token:
            return now.token
        tokens = await state.get_state(TokenState)
        return await tokens._mint(now.session, services.current())


async def _current_grant(state: rx.State) -> Grant | None:
    """Return what the tab of ``state`` may ask; None without a current session and token."""
    session_state = await state.get_state(SessionState)
    tokens = await state.get_state(TokenState)
    session = plain(session_state._current_session())
    if session is None or tokens._minted is None:
        return None
    return Grant(
        socket=session_state._socket,
        user_id=session.user_id,
        tenant_id=services.current().tenant_of(session),
        scopes=tokens._scopes(),
        minted=plain(tokens._minted),
        session=session,
    )


async def _still_granted(state: rx.State, grant: Grant) -> Grant | None:
    """Return the present grant if it is equal and answers still go to its websocket."""
    now = await _current_grant(state)
    return now if now == grant and is_connected(state.router.session) else None
