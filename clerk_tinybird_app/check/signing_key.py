"""Why a workspace refuses the app's tokens: TINYBIRD_JWT_SECRET itself is asked what it may do."""

import base64
import json
import re
from typing import Final

import httpx

from clerk_tinybird_app.check.answers import get, json_object
from clerk_tinybird_app.check.finding import Finding, failed
from clerk_tinybird_app.tinybird.token import Workspace

_OWN_TOKEN: Final = re.compile(r"p\.([\w-]+)\.[\w-]+")
_REFUSALS: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_REGION: Final = re.compile(r"[\w-]{1,40}")


async def why_refused(http: httpx.AsyncClient, workspace: Workspace) -> Finding | None:
    """Return what is wrong with the key; None when its own rights do not tell."""
    key = workspace.signing_key
    own = await get(http, f"{workspace.api_url}/v1/workspace", key)
    if isinstance(own, str):
        return None
    if own.status_code == httpx.codes.OK:
        found = str(json_object(own).get("id", ""))
        if found in ("", workspace.workspace_id):
            return None
        return failed(
            "signing-key/another-workspace",
            f"TINYBIRD_JWT_SECRET is the admin token of the workspace {found}, and "
            f"TINYBIRD_WORKSPACE_ID is {workspace.workspace_id}",
            "Take both from the same workspace.",
        )
    if own.status_code not in _REFUSALS:
        return None
    # Any token that this Tinybird has made may ask which pipes it can see.
    pipes = await get(http, f"{workspace.api_url}/v0/pipes", key)
    if isinstance(pipes, httpx.Response) and pipes.status_code == httpx.codes.OK:
        return failed(
            "signing-key/no-admin",
            "TINYBIRD_JWT_SECRET is a token of this Tinybird, but not the workspace admin token",
            "Tinybird > your workspace > Tokens: copy the workspace admin token.",
        )
    region = _region(key)
    names = f"; its own text names the region '{region}'" if region else ""
    return failed(
        "signing-key/unknown",
        f"the Tinybird at {workspace.api_url} does not know TINYBIRD_JWT_SECRET{names}",
        "It was refreshed, is not whole, or is of another region than TINYBIRD_API_URL.",
    )


def _region(key: str) -> str:
    """Return the region that a token of Tinybird's names, "" where it names none."""
    found = _OWN_TOKEN.fullmatch(key)
    if found is None:
        return ""
    try:
        said = json.loads(base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)))
    except ValueError:
        return ""
    region = said.get("host") if isinstance(said, dict) else None
    return region if isinstance(region, str) and _REGION.fullmatch(region) else ""
