"""Whether Tinybird takes the app's tokens, and no others."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Final

import httpx

from clerk_tinybird_app.check.clock import clock_outcome
from clerk_tinybird_app.check.exchange import SECONDS, get
from clerk_tinybird_app.check.outcome import Level, Outcome, failed, ok, warning
from clerk_tinybird_app.check.workspace import TINYBIRD, reached, workspace_there
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.tinybird.client import (
    PipeAnswer,
    TinybirdBadRequestError,
    TinybirdClient,
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdNotFoundError,
    TinybirdQueryTimeoutError,
    TinybirdRateLimitedError,
    TinybirdTimeoutError,
)
from clerk_tinybird_app.tinybird.policy import Policy
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace

TOKENS: Final = "tokens"
PIPE: Final = "pipes"
FORGERIES: Final = "forgeries"

_MISSING: Final = "Required parameter is not defined"
_TRANSIENT: Final = (TinybirdRateLimitedError, TinybirdTimeoutError, TinybirdQueryTimeoutError)
_PAST_SECONDS: Final = 3600
_RPS: Final = 50
_KEY_BYTES: Final = 32

Answer = PipeAnswer | TinybirdError


async def tinybird(
    settings: Settings,
    policy: Policy,
    own: Workspace,
    http: httpx.AsyncClient,
    clock: Callable[[], float],
) -> AsyncIterator[Outcome]:
    """Check the workspace ``own``, or the one that answers on this machine in its place."""
    answer = await get(http, f"{own.api_url}/v0/pipes")
    yield (found := reached(settings, own.api_url, answer))
    if isinstance(answer, str) or found.level is not Level.OK:
        return
    yield clock_outcome(TINYBIRD, answer, clock())
    workspace = await workspace_there(http, own) if settings.is_tinybird_local else own
    if workspace is None:
        yield failed(
            TINYBIRD,
            f"the Tinybird at {own.api_url} names no workspace with its key",
            "Stop it, or set TB_LOCAL_PORT to another port.",
        )
        return
    client = TinybirdClient(own.api_url, http=http, answer_seconds=SECONDS)
    async for outcome in _tokens(client, policy, workspace, clock()):
        yield outcome


async def _tokens(
    client: TinybirdClient, policy: Policy, workspace: Workspace, now: float
) -> AsyncIterator[Outcome]:
    # All pipes are asked at once, which a user's own allowance may not cover.
    generous = replace(workspace, rps=max(workspace.rps, _RPS))
    session = policy.kinds[0].session()
    pipes = [scope.resource for scope in policy.scopes(session)]
    token = TinybirdToken.mint(session, policy.scopes(session), generous, now=now).value
    answers = await asyncio.gather(*(_ask(client, pipe, token) for pipe in pipes))
    if all(isinstance(answer, TinybirdForbiddenError) for answer in answers):
        # Then a refusal of a forged token would prove nothing.
        yield _refused(answers[0])
        return
    if any(isinstance(answer, PipeAnswer | TinybirdBadRequestError) for answer in answers):
        yield ok(TOKENS, "the workspace takes tokens signed with the configured key")
    problems = [
        each for pair in zip(pipes, answers, strict=True) for each in _problems(*pair, policy)
    ]
    for problem in problems:
        yield problem
    if not problems:
        yield ok(PIPE, f"all {len(pipes)} answer a tenant that has no rows")
    async for outcome in _forgeries(client, policy, workspace, now):
        yield outcome


async def _ask(client: TinybirdClient, pipe: str, token: str) -> Answer:
    try:
        return await client.query(pipe, {}, token)
    except TinybirdError as error:
        return error


def _refused(answer: Answer) -> Outcome:
    detail = answer.detail if isinstance(answer, TinybirdError) else ""
    return failed(
        TOKENS,
        f"the workspace refuses a token made for it: {detail}",
        "TINYBIRD_JWT_SECRET must be the workspace admin token of TINYBIRD_WORKSPACE_ID, and "
        "TINYBIRD_API_URL\nthat workspace's region. Check the clock too: an expired token is "
        "refused alike.",
    )


def _problems(pipe: str, answer: Answer, policy: Policy) -> Iterator[Outcome]:
    """Yield what is wrong with a pipe's answer to a tenant that does not exist."""
    if isinstance(answer, PipeAnswer):
        strangers = [row for row in answer.rows if _is_of_another(row, policy)]
        if strangers:
            yield failed(
                PIPE,
                f"{pipe} answered {len(strangers)} rows of other tenants to a tenant without rows",
                "Do not let users read it. Filter it by the tenant; the lint below may say where.",
            )
    elif isinstance(answer, TinybirdBadRequestError) and _MISSING in answer.detail:
        yield warning(
            PIPE, f"{pipe} was not run: {answer.detail}", "Give its other parameters defaults."
        )
    elif isinstance(answer, TinybirdNotFoundError):
        yield failed(
            PIPE,
            f"{pipe}: {answer.detail}",
            "Deploy the project with `tb --cloud deploy`, or take the pipe out of PIPES.",
        )
    elif isinstance(answer, _TRANSIENT):
        yield warning(PIPE, f"{pipe}: {answer.detail}", answer.message)
    else:
        yield failed(PIPE, f"{pipe}: {answer.detail}", answer.message)


def _is_of_another(row: dict[str, object], policy: Policy) -> bool:
    own = policy.tenant_of(policy.kinds[0].session())
    return row.get(policy.tenant.column, own) != own


async def _forgeries(
    client: TinybirdClient, policy: Policy, workspace: Workspace, now: float
) -> AsyncIterator[Outcome]:
    """Check that the workspace refuses tokens that only look like the app's."""
    foreign = replace(workspace, signing_key=secrets.token_urlsafe(_KEY_BYTES))
    session = policy.kinds[0].session()
    scopes = policy.scopes(session)
    long_ago = now - workspace.token_ttl - _PAST_SECONDS
    forged = {
        "a token signed with another key": TinybirdToken.mint(session, scopes, foreign, now=now),
        "an expired token": TinybirdToken.mint(session, scopes, workspace, now=long_ago),
    }
    for name, token in forged.items():
        yield _forgery(name, await _ask(client, scopes[0].resource, token.value))


def _forgery(name: str, answer: Answer) -> Outcome:
    if isinstance(answer, TinybirdForbiddenError):
        return ok(FORGERIES, f"{name} is refused")
    if isinstance(answer, PipeAnswer):
        return failed(
            FORGERIES,
            f"{name} is answered: what runs there does not check tokens",
            "Put no data behind it that not everyone may read.",
        )
    return warning(FORGERIES, f"could not try {name}: {answer.detail}", answer.message)
