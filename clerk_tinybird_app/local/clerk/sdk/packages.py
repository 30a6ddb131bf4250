"""Which npm packages the browser needs, in which version, and which of their files."""

import re
from dataclasses import dataclass
from re import Pattern
from typing import Final

__all__ = ["PACKAGES", "ClerkSdkUnavailable", "Package"]


class ClerkSdkUnavailable(Exception):  # noqa: N818 - reads as what it is where it is caught
    """The SDK's files are not here and cannot be had.

    Args:
        reason: what failed, as a sentence without its full stop.
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
        name: its name below ``@clerk/``.
        version: the exact version; its chunks carry it in their names.
        integrity: base64 of its tarball's SHA-512, as npm publishes it in ``dist.integrity``.
        entry: the file that the page loads first; the package is of no use without it.
        wanted: the names in ``dist/`` that a current browser may ask for.
    """

    name: str
    version: str
    integrity: str
    entry: str
    wanted: Pattern[str]

    @property
    def spec(self) -> str:
        """The package as npm tools name it."""
        return f"@clerk/{self.name}@{self.version}"

    @property
    def folder(self) -> str:
        """The name of the folder in which its files are kept."""
        return f"{self.name}-{self.version}"

    @property
    def versions(self) -> tuple[str, str]:
        """The spellings of the version in addresses: exact, as chunks use it, and major."""
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
