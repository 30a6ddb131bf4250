"""The first workspace's id and key, kept in a private file beside its data folder."""

import json
import secrets
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.kept_file import keep_once
from clerk_tinybird_app.local.tinybird.access.static_tokens import token_text

DATA_FOLDER: Final = "tinybird"
"""The embedded Tinybird's folder within the folder of the embedded services."""

_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class KeptWorkspace:
    """What stays the same from start to start."""

    workspace_id: str
    signing_key: str = field(repr=False)


def kept_workspace(data: Path) -> KeptWorkspace:
    """Return the workspace of a data folder, made on the first call.

    Args:
        data: The data folder; the file stands beside it, ``<its name>-workspace.json``.
    """
    kept = json.loads(keep_once(data.with_name(f"{data.name}-workspace.json"), _new_workspace))
    return KeptWorkspace(kept["workspace_id"], kept["signing_key"])


def _new_workspace() -> bytes:
    workspace_id = str(uuid.uuid4())
    key = token_text(workspace_id, "admin", secrets.token_urlsafe(_KEY_BYTES))
    return json.dumps({"workspace_id": workspace_id, "signing_key": key}).encode()
