"""The embedded Tinybird's process as its parent sees it, and what answers at an address."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import httpx

NO_PROJECT: Final = 3
PORT_IN_USE: Final = 4
DATA_FOLDER_IN_USE: Final = 5
DATA_FOLDER_UNUSABLE: Final = 6
"""The exit statuses by which the process says why it did not start."""

_MODULE: Final = "clerk_tinybird_app.local.tinybird"
_STOP_SECONDS: Final = 4.0
"""How long it may finish what it does: the parent has to end in time, too."""

_TIMEOUT_SECONDS: Final = 2.0


async def start(project: Path, data: Path, port: int, *arguments: str) -> Process:
    """Start the process; it writes to the parent's own standard error.

    It ends when its standard input does, so it never outlives its parent. It has a session of
    its own: a Ctrl+C reaches the parent alone, which then stops it.
    """
    places = ("--project", str(project), "--data", str(data), "--port", str(port))
    command = (sys.executable, "-m", _MODULE, "--ends-with-stdin", *places, *arguments)
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, start_new_session=True)


async def stop(process: Process) -> None:
    """End a process: let it finish what it writes, for a while."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def find_key(http: httpx.AsyncClient, url: str) -> str | None:
    """Return the admin token of the Tinybird at ``url``; None: nothing there answers as one."""
    try:
        answer = await http.get(f"{url}/tokens", timeout=_TIMEOUT_SECONDS)
        tokens = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
    key = tokens.get("workspace_admin_token") if isinstance(tokens, dict) else None
    return key if isinstance(key, str) and key else None


async def find_workspace_id(http: httpx.AsyncClient, url: str, key: str) -> str | None:
    """Return the id of the workspace that an admin token is for; None: the API does not say."""
    try:
        answer = await http.get(
            f"{url}/v1/user/workspaces",
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT_SECONDS,
        )
        found = answer.json()["workspaces"] if answer.is_success else []
        return next((each["id"] for each in found if each["token"] == key), None)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None
