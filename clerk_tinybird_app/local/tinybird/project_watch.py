"""Serves a project folder and follows its changes; a mistake leaves the last good version.

A mistake is one of a file's form, of a template, of a data source's definition or of a pipe's SQL.
At the start there is no last version: then nothing is served until a change puts it right.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

from clerk_tinybird_app.local.tinybird.workspace import LocalWorkspace
from clerk_tinybird_app.local.tinybird.writer import Writer
from clerk_tinybird_app.tinybird.project import ProjectError, load_project

_SETTLE_MS: Final = 200
_ENDINGS: Final = (".datasource", ".pipe", ".incl")

_log = logging.getLogger(__name__)


def _is_data_file(_: Change, path: str) -> bool:
    return path.endswith(_ENDINGS)


class ProjectWatch:
    """Loads a project folder into a workspace, again when a file of it changes.

    Args:
        folder: The project.
        workspace: What serves it.
        writer: Makes its tables.
    """

    def __init__(self, folder: Path, workspace: LocalWorkspace, writer: Writer) -> None:
        self._folder = folder
        self._workspace = workspace
        self._writer = writer

    def load(self) -> bool:
        """Serve the folder as it is now; return False, and log where, when it has a mistake."""
        try:
            change = self._workspace.serve(load_project(self._folder), self._writer)
        except ProjectError as error:
            _log.error("%s:%d: %s", self._folder / error.file, error.line, error.message)
            if self._workspace.served.pipes:
                _log.error("The last good version of the project is still served.")
            else:
                _log.error("Nothing is served until the mistake is gone; rows are kept.")
            return False
        for name in (*change.created, *change.changed):
            _log.info("The data source '%s' is up to date.", name)
        return True

    async def follow(self) -> None:
        """Load the folder again whenever a file changes, until cancelled."""
        async for _ in awatch(self._folder, watch_filter=_is_data_file, debounce=_SETTLE_MS):
            if await asyncio.to_thread(self.load):
                _log.info("The project was reloaded.")
