"""Takes out of a package's tarball what a browser needs, and nothing else."""

import gzip
import tarfile
import zlib
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.clerk.sdk.packages import ClerkSdkUnavailable, Package

__all__ = ["unpack"]

_DIST: Final = "package/dist/"
_MAX_FILE_BYTES: Final = 8 * 1024 * 1024


def unpack(tarball: Path, package: Package, target: Path) -> int:
    """Write the wanted files of ``package/dist`` flat into ``target``, each with a ``.gz`` beside.

    Links and every name with a folder in it are left out, so nothing can land elsewhere.

    Returns:
        How many files the package gave.

    Raises:
        ClerkSdkUnavailable: the tarball is damaged, or lacks the file that the page loads first.
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
    """Say whether a member is a plain file that the browser may ask for."""
    if not member.isreg() or not member.name.startswith(_DIST):
        return False
    name = member.name.removeprefix(_DIST)
    return bool(package.wanted.fullmatch(name)) and member.size <= _MAX_FILE_BYTES


def _write(path: Path, content: bytes) -> None:
    """Write a file and its compressed twin."""
    path.write_bytes(content)
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, mtime=0))
