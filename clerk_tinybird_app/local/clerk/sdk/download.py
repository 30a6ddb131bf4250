"""Fetches a package's tarball: address from bun, content over HTTP, checked against its pin."""

import base64
import hashlib
import subprocess
from pathlib import Path
from typing import Final

import httpx

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.local.clerk.sdk.packages import ClerkSdkUnavailable, Package

__all__ = ["download", "tarball_address"]

_BUN_TIMEOUT_SECONDS: Final = 60
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_MAX_BYTES: Final = 32 * 1024 * 1024


def tarball_address(package: Package) -> str:
    """Ask bun where the package's tarball lies: it knows this machine's npm settings.

    Raises:
        ClerkSdkUnavailable: bun is missing, takes too long or does not know.
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
    """Stream the tarball into ``target``.

    Raises:
        ClerkSdkUnavailable: it cannot be reached, breaks off, is too large, or is not the one that
            is pinned.
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
