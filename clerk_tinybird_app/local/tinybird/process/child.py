"""The embedded Tinybird's process as its parent sees it, and what answers at an address."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

NO_PROJECT: Final = 3
PORT_IN_USE: Final = 4
DATA_FOLDER_IN_USE: Final = 5
DATA_FOLDER_UNUSABLE: Final = 6
"""The exit statuses by which the process says why it did not start."""

_MODULE: Final = "clerk_tinybird_app.local.tinybird"
_STOP_SECONDS: Final = 10.0
_TIMEOUT_SECONDS: Final = 2.0


class Child:
    """A running process; it ends when its standard input does, so never outlives its parent."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, *, project: Path, data: Path, port: int, arguments: tuple[str, ...]
    ) -> "Child":
        """Start the process; it writes to the parent's own standard error."""
        places = ("--project", str(project), "--data", str(data), "--port", str(port))
        command = (sys.executable, "-m", _MODULE, "--ends-with-stdin", *places, *arguments)
        return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.returncode

    async def ended(self) -> int:
        """Wait for its end and return the exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it: let it finish what it writes, for a while."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@dataclass(frozen=True)
class RunningApi:
    """What answers at an address: the embedded Tinybird, or Tinybird Local.

    Attributes:
        url: The address, without a trailing slash.
        signing_key: The workspace's admin token.
    """

    url: str
    signing_key: str = field(repr=False)


async def find_api(http: httpx.AsyncClient, url: str) -> RunningApi | None:
    """Return the Tinybird at ``url``; None: nothing there answers as one."""
    try:
        answer = await http.get(f"{url}/tokens", timeout=_TIMEOUT_SECONDS)
        tokens = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
    key = tokens.get("workspace_admin_token") if isinstance(tokens, dict) else None
    return RunningApi(url, key) if isinstance(key, str) and key else None


async def find_workspace_id(http: httpx.AsyncClient, api: RunningApi) -> str | None:
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
