"""Fetches Clerk's browser SDK once from this machine's npm registry, and checks it."""

import base64
import gzip
import hashlib
import logging
import re
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from re import Pattern
from typing import Final

import httpx

from clerk_tinybird_app.bun import BUN

_DIST: Final = "package/dist/"
_MAX_FILE_BYTES: Final = 8 * 1024 * 1024
_BUN_TIMEOUT_SECONDS: Final = 60
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_MAX_BYTES: Final = 32 * 1024 * 1024
_FOLDER: Final = "clerk-sdk"
_logger = logging.getLogger(__name__)


class ClerkSdkUnavailable(Exception):  # noqa: N818 - reads as what it is where it is caught
    """The files of the SDK are not here and cannot be fetched.

    Args:
        reason: What failed, as a sentence without its full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The files of Clerk's browser SDK cannot be had: {reason}. They are fetched once and "
            "kept; check the network (HTTPS_PROXY and SSL_CERT_FILE are honoured) and run "
            "`python -m clerk_tinybird_app.local.clerk.sdk`, or copy the folder .local/clerk-sdk "
            "from a machine that has it."
        )
        self.reason = reason


@dataclass(frozen=True)
class Package:
    """One npm package.

    Attributes:
        name: Its name below ``@clerk/``.
        version: The exact version, which is part of the names of its chunks.
        integrity: Base64 of the SHA-512 of its tarball; npm has it in ``dist.integrity``.
        entry: The file that the page loads first. The package is useless without it.
        wanted: The names in ``dist/`` that a current browser may request.
    """

    name: str
    version: str
    integrity: str
    entry: str
    wanted: Pattern[str]

    @property
    def spec(self) -> str:
        """The name of the package for npm tools."""
        return f"@clerk/{self.name}@{self.version}"

    @property
    def folder(self) -> str:
        """The name of the folder of its files."""
        return f"{self.name}-{self.version}"

    @property
    def versions(self) -> tuple[str, str]:
        """The version in addresses: the exact one, which chunks use, and the major one."""
        return self.version, self.version.split(".", maxsplit=1)[0]


PACKAGES: Final = (
    Package(
        name="clerk-js",
        version="6.40.0",
        integrity=(
            "2MnZ/ygvuCmeuqfXQmsxfQaLN/SSJvQbtT2cLXbgr5VKr3KmZFZBVvX977fG3eZ6pprl4J9pO+I2bbe6BvColg=="
        ),
        entry="clerk.browser.js",
        wanted=re.compile(r"clerk\.browser\.js|[\w-]+_clerk\.browser_[0-9a-f]+_[\d.]+\.js"),
    ),
    Package(
        name="ui",
        version="1.36.0",
        integrity=(
            "uI96zYCh5jISLOt1mdpIPy/Y31P0kwFxjUFOxLUwFfTHFmGUcRjbqN6bbb+75tdI2Bz6ARGws3rhspDer+xIfQ=="
        ),
        entry="ui.browser.js",
        wanted=re.compile(r"ui\.browser\.js|[\w-]+_ui_58d0c7_[\d.]+\.js"),
    ),
)


def unpack(tarball: Path, package: Package, target: Path) -> int:
    """Write the wanted files of ``package/dist`` into ``target``, each also compressed as ``.gz``.

    Links and names with a folder are left out, so that no file is written elsewhere.

    Returns:
        The number of files.

    Raises:
        ClerkSdkUnavailable: The tarball is damaged, or it lacks the file that is loaded first.
    """
    target.mkdir()
    count = 0
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            for member in archive:
                if _is_wanted(member, package) and (content := archive.extractfile(member)):
                    _write(target / member.name.removeprefix(_DIST), content.read())
                    count += 1
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ClerkSdkUnavailable(f"the tarball of {package.spec} is damaged") from error
    if not (target / package.entry).is_file():
        raise ClerkSdkUnavailable(f"the tarball of {package.spec} has no {package.entry}")
    return count


def _is_wanted(member: tarfile.TarInfo, package: Package) -> bool:
    """Tell whether a member is a plain file that the browser may request."""
    if not member.isreg() or not member.name.startswith(_DIST):
        return False
    name = member.name.removeprefix(_DIST)
    return bool(package.wanted.fullmatch(name)) and member.size <= _MAX_FILE_BYTES


def _write(path: Path, content: bytes) -> None:
    """Write a file, and the same file compressed."""
    path.write_bytes(content)
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, mtime=0))


def tarball_address(package: Package) -> str:
    """Return the address of the package's tarball. Bun finds it with this machine's npm settings.

    Raises:
        ClerkSdkUnavailable: Bun is missing, takes too long or does not find it.
    """
    command = [str(BUN), "pm", "view", package.spec, "dist.tarball"]
    try:
        found = subprocess.run(  # noqa: S603 - a fixed command, no shell
            command, capture_output=True, text=True, timeout=_BUN_TIMEOUT_SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        raise ClerkSdkUnavailable(f"looking up {package.spec} took too long") from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise ClerkSdkUnavailable(f"bun could not look up {package.spec}") from error
    address = found.stdout.strip()
    if not address.startswith(("https://", "http://")):
        raise ClerkSdkUnavailable(f"bun gave no address for {package.spec}")
    return address


def download(address: str, package: Package, target: Path) -> None:
    """Download the tarball into ``target``.

    Raises:
        ClerkSdkUnavailable: It cannot be reached, ends too early, is too large, or has another
            hash than the pinned one.
    """
    digest = hashlib.sha512()
    try:
        with (
            httpx.stream("GET", address, timeout=_TIMEOUT, follow_redirects=True) as response,
            target.open("wb") as file,
        ):
            response.raise_for_status()
            for chunk in response.iter_raw():
                digest.update(chunk)
                file.write(chunk)
                if response.num_bytes_downloaded > _MAX_BYTES:
                    raise ClerkSdkUnavailable(f"the tarball of {package.spec} is too large")
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise ClerkSdkUnavailable(f"{package.spec} was answered with HTTP {status}") from error
    except httpx.HTTPError as error:
        reason = type(error).__name__
        raise ClerkSdkUnavailable(f"{package.spec} could not be downloaded ({reason})") from error
    if base64.b64encode(digest.digest()).decode() != package.integrity:
        raise ClerkSdkUnavailable(
            f"the tarball of {package.spec} is not the one this program expects (SHA-512 differs)"
        )


def sdk_folder(folder: Path) -> Path:
    """Return the folder of the SDK's files in the local folder."""
    return folder / _FOLDER


def is_complete(folder: Path) -> bool:
    """Tell whether all files are there."""
    return all((sdk_folder(folder) / package.folder).is_dir() for package in PACKAGES)


def ensure_sdk(folder: Path, say: Callable[[str], None] = _logger.info) -> Path:
    """Fetch the missing parts of the SDK. When all is there, no network is needed.

    A process that is killed leaves no incomplete package. Two processes can run at once.

    Args:
        folder: The local folder, such as ``.local``.
        say: Gets a sentence before each step that takes long.

    Returns:
        The folder with one folder for each package.

    Raises:
        ClerkSdkUnavailable: The files cannot be fetched; the text says why and what to do.
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
    """Download and unpack one package in a temporary folder, then move it to its place."""
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
    """Move a complete folder to its place, unless another process was first."""
    try:
        finished.rename(place)
    except OSError:
        if not place.is_dir():
            raise
