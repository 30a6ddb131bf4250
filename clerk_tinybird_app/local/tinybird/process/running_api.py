"""A Tinybird that already answers on this machine: the embedded one, or Tinybird Local."""

from dataclasses import dataclass, field

import httpx

_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class RunningApi:
    """What answers at an address.

    Attributes:
        url: The address, without a trailing slash.
        signing_key: The workspace's admin token.
    """

    url: str
    signing_key: str = field(repr=False)


async def find(http: httpx.AsyncClient, url: str) -> RunningApi | None:
    """Return the Tinybird at ``url``; None: nothing there answers as one."""
    try:
        answer = await http.get(f"{url}/tokens", timeout=_TIMEOUT_SECONDS)
        tokens = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
    key = tokens.get("workspace_admin_token") if isinstance(tokens, dict) else None
    return RunningApi(url, key) if isinstance(key, str) and key else None


async def workspace_id(http: httpx.AsyncClient, api: RunningApi) -> str | None:
    """Return the id of the workspace that the signing key is for; None: the API does not say."""
    try:
        answer = await http.get(
            f"{api.url}/v1/user/workspaces",
            headers={"Authorization": f"Bearer {api.signing_key}"},
            timeout=_TIMEOUT_SECONDS,
        )
        found = answer.json()["workspaces"] if answer.is_success else []
        return next((each["id"] for each in found if each["token"] == api.signing_key), None)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None
