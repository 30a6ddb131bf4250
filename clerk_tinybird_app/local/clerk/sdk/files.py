"""Serves the SDK's files to the browser; the first request fetches them."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from clerk_tinybird_app.local.clerk.sdk.fetch import (
    PACKAGES,
    ClerkSdkUnavailable,
    Package,
    ensure_sdk,
    is_complete,
    sdk_folder,
)

_DIST: Final = "dist/"
_MEDIA_TYPE: Final = "text/javascript"
_EXACT_CACHING: Final = "public, max-age=31536000, immutable"
_MAJOR_CACHING: Final = "public, max-age=300"
_RETRY_SECONDS: Final = 15.0
"""So long after a failure, requests get the same answer; after that one tries again."""

_logger = logging.getLogger(__name__)


class SdkFiles:
    """The files below ``npm/@clerk/``.

    Args:
        folder: The local folder, such as ``.local``.
        ensure: Fetches what is missing.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ensure: Callable[[Path], Path] = ensure_sdk,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._ensure = ensure
        self._clock = clock
        self._lock = threading.Lock()
        self._failure: ClerkSdkUnavailable | None = None
        self._failed_at = 0.0

    async def serve(self, request: Request) -> Response:
        """Answer ``@clerk/{package}@{version}/{file}``."""
        package = _package(request.path_params["package"], request.path_params["version"])
        name = request.path_params["file"].removeprefix(_DIST)
        asked_in_dist = request.path_params["file"].startswith(_DIST)
        if package is None or not asked_in_dist or not package.wanted.fullmatch(name):
            return PlainTextResponse("Not found", 404)
        if not is_complete(self._folder):
            failure = await run_in_threadpool(self._fetch)
            if failure is not None:
                return PlainTextResponse(str(failure), 503, {"cache-control": "no-store"})
        path = sdk_folder(self._folder) / package.folder / name
        if not path.is_file():
            return PlainTextResponse("Not found", 404)
        exact = request.path_params["version"] == package.version
        return _file(request, path, _EXACT_CACHING if exact else _MAJOR_CACHING)

    def _fetch(self) -> ClerkSdkUnavailable | None:
        """Fetch the files for one caller at a time. Return the failure if there is one."""
        with self._lock:
            if is_complete(self._folder):
                return None
            if self._failure and self._clock() - self._failed_at < _RETRY_SECONDS:
                return self._failure
            try:
                self._ensure(self._folder)
            except ClerkSdkUnavailable as failure:
                if self._failure is None:
                    _logger.error("%s", failure)  # noqa: TRY400 - the message is for a person
                self._failure, self._failed_at = failure, self._clock()
                return failure
            self._failure = None
            return None


def _package(name: str, version: str) -> Package | None:
    """Return the package of an address, if it is served here in this version."""
    found = (p for p in PACKAGES if p.name == name and version in p.versions)
    return next(found, None)


def _file(request: Request, path: Path, caching: str) -> Response:
    """Send a file, compressed if the browser accepts that."""
    headers = {"cache-control": caching, "vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        path = path.with_name(f"{path.name}.gz")
        headers["content-encoding"] = "gzip"
    return FileResponse(path, headers=headers, media_type=_MEDIA_TYPE)
