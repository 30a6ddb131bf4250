"""Whether Tinybird answers, serves the policy's pipes, and takes the app's tokens and no others."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

import httpx

from clerk_tinybird_app.check.answers import get, json_object
from clerk_tinybird_app.check.finding import Finding, failed, note, ok, warning
from clerk_tinybird_app.check.isolation import Answer, Case
from clerk_tinybird_app.dashboard.declaration import Dashboard
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.loopback import is_loopback_url
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

_MISSING: Final = "Required parameter is not defined"
_TRANSIENT: Final = (TinybirdRateLimitedError, TinybirdTimeoutError, TinybirdQueryTimeoutError)
_OF_VALUES: Final = re.compile(
    r"\((CANNOT_\w+|INCORRECT_DATA|UNKNOWN_ELEMENT_OF_ENUM|VALUE_\w+|DECIMAL_\w+|FUNCTION_THROW\w+)\)"
    r"|\bCannot (?:parse|read|convert)\b|while executing"
)
"""ClickHouse's errors whose text quotes a value of a row, which may be another tenant's."""

_PAST_SECONDS: Final = 3600
_KEY_BYTES: Final = 32


def reached(settings: Settings, url: str, answer: httpx.Response | str) -> Finding:
    """Return whether the answer to ``/v0/pipes`` without a token is a Tinybird's."""
    if isinstance(answer, str):
        return _unreachable(settings, url, answer)
    # It refuses, since there was no token; but it refuses in its own form.
    if "error" in json_object(answer):
        return ok("tinybird/answers", f"answers at {url}")
    where = "TB_LOCAL_PORT" if settings.is_tinybird_local else "TINYBIRD_API_URL"
    return failed(
        "tinybird/another-server",
        f"what answers at {url} is not Tinybird's API (HTTP {answer.status_code})",
        f"Check {where}.",
    )


def _unreachable(settings: Settings, url: str, reason: str) -> Finding:
    text = f"nothing answers at {url} ({reason})"
    if settings.is_tinybird_local:
        return warning(
            "tinybird/not-running",
            text,
            "`make run` starts the embedded one with the app; alone it starts with\n"
            "`python -m clerk_tinybird_app.local.tinybird`. Then check again.",
        )
    if is_loopback_url(url):
        return failed("tinybird/unreachable", text, "Start Tinybird Local with `tb local start`.")
    return failed("tinybird/unreachable", text, "Check the network and TINYBIRD_API_URL.")


async def workspace_there(http: httpx.AsyncClient, own: Workspace) -> Workspace | None:
    """Return the workspace of the Tinybird that runs on this machine; None: it names none.

    The app uses whatever answers as Tinybird on the local port, also when it is not the embedded
    one with the workspace ``own``.
    """
    key = json_object(await get(http, f"{own.api_url}/tokens")).get("workspace_admin_token")
    if not isinstance(key, str) or not key or not key.isascii():
        return None
    if key == own.signing_key:
        return own
    answer = await get(http, f"{own.api_url}/v1/user/workspaces", key)
    found = json_object(answer).get("workspaces")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and each.get("token") == key:
            return replace(own, workspace_id=str(each.get("id")), signing_key=key)
    return None


def tokens_taken(cases: list[Case]) -> Finding | None:
    """Return whether the workspace takes the app's tokens; None when no answer says so."""
    answers = [case.of_nobody for case in cases]
    refusals = [each for each in answers if isinstance(each, TinybirdForbiddenError)]
    if cases and len(refusals) == len(cases):
        return failed(
            "tokens/refused",
            f"the workspace refuses a token made for it: {refusals[0].detail}",
            "TINYBIRD_JWT_SECRET must be the workspace admin token of TINYBIRD_WORKSPACE_ID, and "
            "TINYBIRD_API_URL\nthat workspace's region. Check the clock too: an expired token is "
            "refused alike.",
        )
    if any(isinstance(each, PipeAnswer | TinybirdBadRequestError) for each in answers):
        return ok("tokens/taken", "the workspace takes tokens signed with the configured key")
    return None


def pipe_findings(cases: list[Case], told: Collection[str]) -> Iterator[Finding]:
    """Say which pipes of the policy do not answer, each once.

    Args:
        cases: The answers.
        told: Pipes that were said to be missing.
    """
    silent: dict[str, TinybirdError] = {}
    for case in cases:
        if isinstance(case.of_nobody, TinybirdError):
            silent.setdefault(case.pipe, case.of_nobody)
    for pipe, error in silent.items():
        if not (pipe in told and isinstance(error, TinybirdNotFoundError)):
            yield _silent(pipe, error)
    pipes = dict.fromkeys(case.pipe for case in cases)
    if pipes and not silent:
        yield ok("pipes/answer", f"every pipe of the policy answers: {', '.join(pipes)}")


def lacking_columns(cases: list[Case], dashboard: Dashboard) -> Iterator[Finding]:
    """Say which columns of the dashboard a pipe does not answer, as it is deployed."""
    used: dict[str, set[str]] = {}
    for panel in dashboard.all_panels:
        used.setdefault(panel.pipe, set()).update(panel.columns_used - {""})
    answered = {c.pipe: c.of_nobody for c in cases if isinstance(c.of_nobody, PipeAnswer)}
    for pipe, answer in answered.items():
        known = {name for name, _ in answer.columns}
        if known and (lacking := used.get(pipe, set()) - known):
            yield failed(
                "pipes/columns",
                f"{pipe}, as it is deployed, does not answer {', '.join(sorted(lacking))}, which "
                "the dashboard shows",
                "Deploy the project that belongs to this version: `tb --cloud deploy`.",
            )


def _silent(pipe: str, error: TinybirdError) -> Finding:
    if isinstance(error, TinybirdBadRequestError) and _MISSING in error.detail:
        return warning(
            "pipes/not-run",
            f"{pipe} was not run: {error.detail}",
            "Give its other parameters a default, an enum or an example.",
        )
    text = f"{pipe}: {_without_values(error.detail)}"
    if isinstance(error, TinybirdNotFoundError):
        return failed(
            "pipes/missing",
            text,
            "Deploy the project with `tb --cloud deploy`, or take the pipe out of the policy.",
        )
    if isinstance(error, _TRANSIENT):
        return warning("pipes/no-answer", text, error.message)
    if isinstance(error, TinybirdBadRequestError):
        return failed("pipes/failing", text, "Mend the file that it names, or the pipe's SQL.")
    return failed("pipes/failing", text, error.message)


def _without_values(detail: str) -> str:
    found = _OF_VALUES.search(detail)
    if found is None:
        return detail
    return f"its SQL fails on a value of a row{f' ({found[1]})' if found[1] else ''}"


async def unread_endpoints(
    http: httpx.AsyncClient, workspace: Workspace, known: Iterable[str]
) -> AsyncIterator[Finding]:
    """Note the workspace's endpoints that neither the policy nor the project knows."""
    answer = await get(http, f"{workspace.api_url}/v0/pipes", workspace.signing_key)
    pipes = json_object(answer).get("pipes")
    there = {
        str(each.get("name"))
        for each in (pipes if isinstance(pipes, list) else ())
        if isinstance(each, dict) and each.get("endpoint")
    }
    if others := sorted(there - set(known)):
        yield note(
            "pipes/unread",
            f"the workspace also has {', '.join(others)}, which no token allows",
            "If users should read them, grant them in the policy; if nobody does, remove them.",
        )


async def forgeries(
    client: TinybirdClient, policy: Policy, workspace: Workspace, now: float
) -> AsyncIterator[Finding]:
    """Check that the workspace refuses tokens that only look like the app's."""
    foreign = replace(workspace, signing_key=secrets.token_urlsafe(_KEY_BYTES))
    session = policy.kinds[0].session()
    scopes = policy.scopes(session)
    long_ago = now - workspace.token_ttl - _PAST_SECONDS
    forged = {
        "a token signed with another key": TinybirdToken.mint(session, scopes, foreign, now=now),
        "an expired token": TinybirdToken.mint(session, scopes, workspace, now=long_ago),
    }
    pipe = scopes[0].resource
    answers = await asyncio.gather(*(_ask(client, pipe, each.value) for each in forged.values()))
    for name, answer in zip(forged, answers, strict=True):
        yield _forgery(name, answer)


async def _ask(client: TinybirdClient, pipe: str, token: str) -> Answer:
    try:
        return await client.query(pipe, {}, token)
    except TinybirdError as error:
        return error


def _forgery(name: str, answer: Answer) -> Finding:
    if isinstance(answer, TinybirdForbiddenError):
        return ok("tokens/forged-refused", f"{name} is refused")
    if isinstance(answer, PipeAnswer):
        return failed(
            "tokens/forged-taken",
            f"{name} is answered: what runs there does not check tokens",
            "Put no data behind it that not everyone may read.",
        )
    return warning(
        "tokens/forged-untried", f"could not try {name}: {answer.detail}", answer.message
    )
