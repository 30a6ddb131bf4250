"""Serves a project folder and follows its changes; a mistake leaves the last good version.

A mistake is one of a file's form, of a template, of a data source's definition or of a pipe's SQL.
Until there was a version without one, what has no mistake is served, and goes on to be.
"""

import asyncio
import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from watchfiles import awatch

from clerk_tinybird_app.local.tinybird.engine.chdb_session import QueryFailed
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import ProjectError, ProjectMistakes, read_project

_SETTLE_MS: Final = 200
_LOOK_SECONDS: Final = 2
"""How often anybody looks whether the folder is still the one that is watched."""

_ENDINGS: Final = (".datasource", ".pipe")

_log = logging.getLogger(__name__)


class ProjectWatch:
    """Loads a project folder into a workspace, again when a file of it changes."""

    def __init__(self, folder: Path, workspace: LocalWorkspace, writer: Writer) -> None:
        self._folder = folder
        self._workspace = workspace
        self._writer = writer
        self._loading = threading.Lock()

    def load(self) -> bool:
        """Serve the folder as it is now; return False, and log each mistake, when it has some."""
        workspace = self._workspace
        try:
            # One after the other, so that what was read last is what is served.
            with self._loading:
                changed, checked = workspace.serve(
                    read_project(self._folder),
                    self._writer,
                    despite_mistakes=not workspace.served.is_whole,
                )
        except ProjectMistakes as error:
            self._tell(logging.ERROR, error.mistakes)
            _log.error("The last good version of the project is still served.")
            return False
        except (QueryFailed, RuntimeError, OSError) as error:
            # ClickHouse or the disk refuses what is right: the next change may find it better.
            _log.error("The project could not be loaded: %s", error)
            return False
        except Exception:  # noqa: BLE001 - a fault of ours must not cost the watch over the files
            _log.exception("The project could not be loaded.")
            return False
        self._tell(logging.WARNING, checked.doubts)
        for name in changed:
            _log.info("The data source '%s' is up to date.", name)
        if checked.mistakes:
            self._tell(logging.ERROR, checked.mistakes)
            names = ", ".join(sorted(checked.unserved))
            _log.error("Everything is served but for what this concerns: %s.", names)
        return not checked.mistakes

    def _tell(self, level: int, found: Iterable[ProjectError]) -> None:
        for one in sorted(found, key=lambda one: (one.file, one.line)):
            _log.log(level, "%s:%d: %s", self._folder / one.file, one.line, one.message)

    async def follow(self) -> None:
        """Load the folder again whenever a file changes, until cancelled."""
        is_loaded = True
        while True:
            try:
                await self._follow_one(is_loaded=is_loaded)
            except FileNotFoundError:
                _log.debug("%s went as it was to be watched.", self._folder)
            except OSError as error:
                _log.error(
                    "%s cannot be watched: %s. Its changes are not followed.", self._folder, error
                )
                return
            # Whoever checks out another version may remove the folder and make it anew.
            is_loaded = False
            if self._place() is None:
                _log.error("%s is gone; what it had is still served.", self._folder)
            while self._place() is None:
                await asyncio.sleep(_LOOK_SECONDS)

    async def _follow_one(self, *, is_loaded: bool) -> None:
        """Follow the folder that is there now, until it is no more: the watch ends with it."""
        watched = self._place()
        if watched is None:
            return
        async for changes in awatch(
            self._folder,
            watch_filter=lambda _, path: path.endswith(_ENDINGS),
            debounce=_SETTLE_MS,
            rust_timeout=_LOOK_SECONDS * 1000,
            yield_on_timeout=True,
        ):
            if self._place() != watched:
                return
            if not changes and is_loaded:
                continue
            is_loaded = True
            if await asyncio.to_thread(self.load):
                _log.info("The project was reloaded.")

    def _place(self) -> tuple[int, int] | None:
        """Return what tells the folder from another one of its name; None: it is not there."""
        try:
            found = self._folder.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
