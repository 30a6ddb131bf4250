"""Has the SDK's files at hand: fetched when missing, never half there."""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.clerk.sdk.archive import unpack
from clerk_tinybird_app.local.clerk.sdk.download import download, tarball_address
from clerk_tinybird_app.local.clerk.sdk.packages import PACKAGES, ClerkSdkUnavailable, Package

__all__ = ["ensure_sdk", "is_complete", "sdk_folder"]

_FOLDER: Final = "clerk-sdk"
_logger = logging.getLogger(__name__)


def sdk_folder(folder: Path) -> Path:
    """Return where in the local folder the SDK's files lie."""
    return folder / _FOLDER


def is_complete(folder: Path) -> bool:
    """Say whether all files are there."""
    return all((sdk_folder(folder) / package.folder).is_dir() for package in PACKAGES)


def ensure_sdk(folder: Path, say: Callable[[str], None] = _logger.info) -> Path:
    """Fetch what is missing of the SDK, once; afterwards no network is needed.

    A process that is killed on the way leaves nothing half done, and two processes at once end
    with the same files.

    Args:
        folder: the local folder, such as ``.local``.
        say: gets a sentence before each step that takes long.

    Returns:
        The folder with one folder for each package.

    Raises:
        ClerkSdkUnavailable: what failed, and what to do.
    """
    target = sdk_folder(folder)
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for package in PACKAGES:
            if not (target / package.folder).is_dir():
                _fetch(package, target, say)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ClerkSdkUnavailable(f"the files could not be written ({reason})") from error
    return target


def _fetch(package: Package, target: Path, say: Callable[[str], None]) -> None:
    """Download and unpack one package beside its place, then move it there whole."""
    with tempfile.TemporaryDirectory(dir=target, prefix=f".{package.folder}-") as name:
        workshop = Path(name)
        say(f"Looking up {package.spec}")
        address = tarball_address(package)
        say(f"Downloading {package.spec}")
        download(address, package, workshop / "package.tgz")
        say(f"Unpacking {package.spec}")
        count = unpack(workshop / "package.tgz", package, workshop / "dist")
        _settle(workshop / "dist", target / package.folder)
        say(f"{package.spec} is ready ({count} files)")


def _settle(finished: Path, place: Path) -> None:
    """Move a finished folder to its place, unless another process was first."""
    try:
        finished.rename(place)
    except OSError:
        if not place.is_dir():
            raise
