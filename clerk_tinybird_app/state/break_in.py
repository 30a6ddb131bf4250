"""Trying to read another tenant's rows, for everybody to see that it fails and why."""

from dataclasses import dataclass
from typing import Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.tenant_data import holds_tenant_data
from clerk_tinybird_app.state.token import TokenState
from clerk_tinybird_app.tinybird.break_in import altered, expired
from clerk_tinybird_app.tinybird.client import PipeAnswer, TinybirdError, TinybirdForbiddenError
from clerk_tinybird_app.tinybird.policy import tenant_id

PIPE: Final = "recent_requests"
"""Its rows name their tenant, so that the answer itself shows whose they are."""

BY_PARAMETER: Final = "parameter"
BY_ALTERED_TOKEN: Final = "altered"
BY_EXPIRED_TOKEN: Final = "expired"


@dataclass(frozen=True)
class Verdict:
    """How an attempt ended.

    Attributes:
        outcome: In a few words, with the HTTP status.
        why: The reason, for a person.
        is_safe: False when rows of another tenant came, or nothing is known.
    """

    outcome: str
    why: str
    is_safe: bool


@holds_tenant_data
class BreakInState(rx.State):
    """What came of each kind of attempt."""

    verdicts: dict[str, Verdict] = {}

    @rx.event(background=True)
    async def attempt(self, kind: str) -> None:
        """Ask for another tenant's rows, in one of the three ways."""
        async with self:
            session_state = await self.get_state(SessionState)
            tokens = await self.get_state(TokenState)
            session = session_state._current_session()
            if session is None or kind not in (BY_PARAMETER, BY_ALTERED_TOKEN, BY_EXPIRED_TOKEN):
                return
            value, scopes = tokens.value, tokens._scopes()
        running = services.current()
        other = running.another_tenant(tenant_id(session))
        token = _token_for(kind, value, other, session, running)
        parameters = {"tenant_id": other} if kind == BY_PARAMETER else {}
        try:
            answer = await running.tinybird.query(PIPE, parameters, token)
        except TinybirdError as error:
            verdict = _refused(error, kind)
        else:
            verdict = _answered(answer, tenant_id(session))
        async with self:
            tokens = await self.get_state(TokenState)
            if tokens._scopes() == scopes:
                self.verdicts = {**self.verdicts, kind: verdict}


def _token_for(kind: str, token: str, other: str, session: ClerkSession, running: Services) -> str:
    if kind == BY_ALTERED_TOKEN:
        return altered(token, other)
    if kind == BY_EXPIRED_TOKEN:
        return expired(session, running.workspace, now=running.clock())
    return token


def _answered(answer: PipeAnswer, own: str) -> Verdict:
    foreign = sum(row.get("tenant_id") != own for row in answer.rows)
    if foreign:
        return Verdict(
            outcome=f"{answer.status}: {foreign} rows of another tenant",
            why="Do not use this workspace before you know why: run `make check`.",
            is_safe=False,
        )
    return Verdict(
        outcome=f"{answer.status}: {answer.row_count} rows, all yours",
        why="tenant_id is fixed in the token, so the one in the address was ignored.",
        is_safe=True,
    )


def _refused(error: TinybirdError, kind: str) -> Verdict:
    if not isinstance(error, TinybirdForbiddenError):
        return Verdict(outcome=error.code, why=error.message, is_safe=False)
    reasons = {
        BY_ALTERED_TOKEN: "Changing one character of the claims breaks the signature.",
        BY_EXPIRED_TOKEN: "A token is good until its exp, and not a second longer.",
        BY_PARAMETER: "Tinybird refused the token itself.",
    }
    return Verdict(outcome=f"{error.status}: refused", why=reasons[kind], is_safe=True)
