"""Whether a Tinybird answers, and which workspace the app would use there."""

from dataclasses import replace
from typing import Final

import httpx

from clerk_tinybird_app.check.exchange import get, json_object
from clerk_tinybird_app.check.outcome import Outcome, failed, ok, warning
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.loopback import is_loopback_url
from clerk_tinybird_app.tinybird.token import Workspace

TINYBIRD: Final = "Tinybird"


def reached(settings: Settings, url: str, answer: httpx.Response | str) -> Outcome:
    """Return whether the answer to ``/v0/pipes`` without a token is a Tinybird's."""
    if isinstance(answer, str):
        return _unreachable(settings, url, answer)
    # It refuses, since there was no token; but it refuses in its own form.
    if "error" in json_object(answer):
        return ok(TINYBIRD, f"answers at {url}")
    where = "TB_LOCAL_PORT" if settings.is_tinybird_local else "TINYBIRD_API_URL"
    return failed(
        TINYBIRD,
        f"what answers at {url} is not Tinybird's API (HTTP {answer.status_code})",
        f"Check {where}.",
    )


def _unreachable(settings: Settings, url: str, reason: str) -> Outcome:
    text = f"nothing answers at {url} ({reason})"
    if settings.is_tinybird_local:
        return warning(
            TINYBIRD,
            text,
            "`make run` starts the embedded one with the app; alone it starts with\n"
            "`python -m clerk_tinybird_app.local.tinybird`. Then check again.",
        )
    if is_loopback_url(url):
        return failed(TINYBIRD, text, "Start Tinybird Local with `tb local start`.")
    return failed(TINYBIRD, text, "Check the network and TINYBIRD_API_URL.")


async def workspace_there(http: httpx.AsyncClient, own: Workspace) -> Workspace | None:
    """Return the workspace of the Tinybird that runs on this machine; None: it names none.

    The app uses whatever answers as Tinybird on the local port, also when it is not the embedded
    one with the workspace ``own``.
    """
    key = (await _object(http, f"{own.api_url}/tokens")).get("workspace_admin_token")
    if not isinstance(key, str) or not key or not key.isascii():
        return None
    if key == own.signing_key:
        return own
    url = f"{own.api_url}/v1/user/workspaces"
    found = (await _object(http, url, {"Authorization": f"Bearer {key}"})).get("workspaces")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and each.get("token") == key:
            return replace(own, workspace_id=str(each.get("id")), signing_key=key)
    return None


async def _object(
    http: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None
) -> dict[str, object]:
    answer = await get(http, url, headers)
    return {} if isinstance(answer, str) else json_object(answer)
