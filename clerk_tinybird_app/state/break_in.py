"""Trying to read another tenant's rows, for everybody to see that it fails and why."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.frozen_value import FrozenValue
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.grant import UNCONFIRMED, AskingState, Grant, answering, asking
from clerk_tinybird_app.state.queries import StoppedError
from clerk_tinybird_app.state.session import holds_tenant_data
from clerk_tinybird_app.tinybird.break_in import altered, expired
from clerk_tinybird_app.tinybird.client import PipeAnswer, TinybirdError, TinybirdForbiddenError
from clerk_tinybird_app.tinybird.policy import Tenant

BY_PARAMETER: Final = "parameter"
BY_ALTERED_TOKEN: Final = "altered"
BY_EXPIRED_TOKEN: Final = "expired"
KINDS: Final = (BY_PARAMETER, BY_ALTERED_TOKEN, BY_EXPIRED_TOKEN)


@dataclass(frozen=True)
class Verdict(FrozenValue):
    """How an attempt ended.

    Attributes:
        outcome: In a few words, with the HTTP status.
        why: The reason, for a person.
        is_safe: False when rows of another tenant came, or nothing is known.
    """

    outcome: str
    why: str
    is_safe: bool


NOT_TRIED: Final = Verdict(outcome="not tried", why=UNCONFIRMED.message, is_safe=False)


@holds_tenant_data
class BreakInState(AskingState, rx.State):
    """What came of each kind of attempt."""

    verdicts: dict[str, Verdict] = {}

    @rx.event(background=True)
    async def attempt(self, kind: str) -> None:
        """Ask for another tenant's rows, in one of the three ways."""
        if kind not in KINDS:
            return
        async with asking(self) as grant:
            if grant is None:
                self.verdicts = {**self.verdicts, kind: NOT_TRIED}
                return
        verdict = await _tried(kind, grant)
        with suppress(StoppedError):
            async with answering(self, grant):
                self.verdicts = {**self.verdicts, kind: verdict}


async def _tried(kind: str, grant: Grant) -> Verdict:
    running = services.current()
    other = running.embedded.another_tenant(grant.tenant_id)
    tenant = running.product.policy.tenant
    parameters = {tenant.parameter: other} if kind == BY_PARAMETER else {}
    token = _token_for(kind, grant, other, running)
    pipe = _pipe(grant, running)
    try:
        answer = await running.tinybird.query(pipe, parameters, token)
    except TinybirdError as error:
        return _refused(error, kind)
    return _answered(answer, grant.tenant_id, tenant)


def _pipe(grant: Grant, running: Services) -> str:
    """Return the pipe to ask: the newest rows, which show best whose they are, if it may be."""
    newest = running.product.dashboard.newest
    return newest if newest in grant.pipes else grant.pipes[0]


def _token_for(kind: str, grant: Grant, other: str, running: Services) -> str:
    if kind == BY_ALTERED_TOKEN:
        return altered(grant.token, running.product.policy.tenant.parameter, other)
    if kind == BY_EXPIRED_TOKEN:
        scopes = running.product.policy.scopes(grant.session)
        return expired(grant.session, scopes, running.workspace, now=running.clock())
    return grant.token


def _answered(answer: PipeAnswer, own: str, tenant: Tenant) -> Verdict:
    # A pipe need not say whose its rows are.
    says_whose = any(tenant.column in row for row in answer.rows)
    foreign = sum(says_whose and row.get(tenant.column) != own for row in answer.rows)
    if foreign:
        return Verdict(
            outcome=f"{answer.status}: {foreign} rows of another tenant",
            why="Do not use this workspace before you know why: run `make check`.",
            is_safe=False,
        )
    return Verdict(
        outcome=f"{answer.status}: {answer.row_count} rows, all yours",
        why=f"{tenant.parameter} is fixed in the token, so the one in the address was ignored.",
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
