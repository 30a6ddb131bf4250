"""Imports that were made, for those who ask how they went."""

from collections import OrderedDict
from typing import Any, Final

_KEPT: Final = 100


class Jobs:
    """The latest imports of all workspaces."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()

    def add(self, workspace_id: str, job: dict[str, Any]) -> None:
        """Keep a job, as the API describes it, under its ``id``."""
        self._kept[workspace_id, job["id"]] = job
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def find(self, workspace_id: str, job_id: str) -> dict[str, Any] | None:
        """Return a job; None: it is another workspace's, or long ago."""
        return self._kept.get((workspace_id, job_id))
