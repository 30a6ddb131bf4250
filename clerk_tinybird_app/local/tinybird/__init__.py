"""The embedded Tinybird's workspace: its id and the key that signs its tokens."""

import json
import secrets
import uuid
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.kept_file import keep_once
from clerk_tinybird_app.tinybird.workspace import Workspace

_FILE: Final = "tinybird-workspace.json"
_KEY_BYTES: Final = 32


def local_workspace(folder: Path, *, port: int, token_ttl: int, rps: int) -> Workspace:
    """Return the workspace kept in ``folder``, made on the first call.

    Args:
        folder: The private folder of the embedded services; made when missing.
        port: The port of the embedded Tinybird's API on this machine.
        token_ttl: Seconds that a minted token lives.
        rps: Requests per second a token may make.
    """
    kept = json.loads(keep_once(folder / _FILE, _new_workspace))
    return Workspace(
        api_url=f"http://localhost:{port}",
        workspace_id=kept["workspace_id"],
        signing_key=kept["signing_key"],
        token_ttl=token_ttl,
        rps=rps,
    )


def _new_workspace() -> bytes:
    made = {"workspace_id": str(uuid.uuid4()), "signing_key": secrets.token_urlsafe(_KEY_BYTES)}
    return json.dumps(made).encode()
