"""Ids of pipes, nodes and data sources; the same after each start."""

import hashlib
from typing import Final

_PREFIX: Final = "t_"


def resource_id(workspace_id: str, *names: str) -> str:
    """Return the id of what is found under ``names`` in a workspace."""
    digest = hashlib.sha256("\n".join((workspace_id, *names)).encode()).hexdigest()
    return f"{_PREFIX}{digest[:32]}"
