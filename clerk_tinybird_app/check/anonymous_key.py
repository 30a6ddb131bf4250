"""TINYBIRD_API_KEY, which every signed-out visitor is given: what it really may do."""

from collections.abc import AsyncIterator
from typing import Final

import httpx

from clerk_tinybird_app.check.answers import get, json_object
from clerk_tinybird_app.check.finding import Finding, failed, ok, warning

_REFUSALS: Final = (
    httpx.codes.UNAUTHORIZED,
    httpx.codes.FORBIDDEN,
    httpx.codes.NOT_FOUND,
)
_ALLOWED: Final = (httpx.codes.OK, httpx.codes.BAD_REQUEST)
"""A pipe that only misses a parameter can be read: whoever asks may choose it."""

_NO_TOKEN: Final = ("invalid", "expired")
_ADVICE: Final = "Use a static token with PIPES:READ over public pipes alone."


async def anonymous_key(
    key: str, http: httpx.AsyncClient, api_url: str, pipes: tuple[str, ...]
) -> AsyncIterator[Finding]:
    """Try the key.

    Args:
        key: The anonymous key.
        http: Reaches Tinybird.
        api_url: Its address.
        pipes: The policy's, which answer one tenant's rows.
    """
    answer = await get(http, f"{api_url}/v0/pipes", key)
    if isinstance(answer, str):
        yield _untried(answer)
        return
    words = str(json_object(answer).get("error", "")).lower()
    if answer.status_code in _REFUSALS and any(word in words for word in _NO_TOKEN):
        yield failed(
            "anonymous-key/refused",
            "Tinybird does not take TINYBIRD_API_KEY: it is not whole, has expired, or is of "
            "another workspace or region.",
            _ADVICE,
        )
        return
    problems = [problem async for problem in _powers(key, http, api_url, pipes)]
    for problem in problems:
        yield problem
    if not problems:
        yield ok(
            "anonymous-key/fit", "TINYBIRD_API_KEY reads no pipe of the policy, no data source"
        )


async def _powers(
    key: str, http: httpx.AsyncClient, api_url: str, pipes: tuple[str, ...]
) -> AsyncIterator[Finding]:
    """Yield what it may and must not."""
    tokens = await get(http, f"{api_url}/v0/tokens", key)
    if isinstance(tokens, httpx.Response) and tokens.status_code == httpx.codes.OK:
        yield failed(
            "anonymous-key/admin",
            "TINYBIRD_API_KEY, which every visitor is given, can list the workspace's tokens.",
            f"{_ADVICE} Replace this one in Tinybird: it may be known.",
        )
        return
    if json_object(await get(http, f"{api_url}/v0/datasources", key)).get("datasources"):
        yield failed(
            "anonymous-key/data-sources",
            "TINYBIRD_API_KEY, which every visitor is given, can see data sources.",
            f"{_ADVICE} A token that appends, or reads a data source, is not for visitors.",
        )
    answers = {pipe: await get(http, f"{api_url}/v0/pipes/{pipe}.json", key) for pipe in pipes}
    statuses = {
        pipe: answer if isinstance(answer, str) else answer.status_code
        for pipe, answer in answers.items()
    }
    if readable := [pipe for pipe, status in statuses.items() if status in _ALLOWED]:
        yield failed(
            "anonymous-key/reads-pipes",
            f"TINYBIRD_API_KEY, which every visitor is given, can read {', '.join(readable)}, for "
            "whichever tenant a visitor names.",
            _ADVICE,
        )
    for status in statuses.values():
        if status not in (*_ALLOWED, *_REFUSALS):
            yield _untried(str(status))
            return


def _untried(reason: str) -> Finding:
    return warning(
        "anonymous-key/untried",
        f"It could not be tried what TINYBIRD_API_KEY may read ({reason}).",
        "Check again when Tinybird answers.",
    )
