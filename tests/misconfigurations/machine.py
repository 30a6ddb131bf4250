"""The machine: folders, authorities and proxies of the environment."""

from pathlib import Path
from typing import Final

from tests.misconfigurations.case import Case, Group


def _a_file(folder: Path) -> None:
    (folder / ".local").write_text("")


def _a_damaged_file(folder: Path) -> None:
    (folder / ".local").mkdir(mode=0o700)
    (folder / ".local" / "tinybird-workspace.json").write_text("{")


_PROXY: Final = "The proxy of the environment cannot be used. Write HTTPS_PROXY"

MACHINE: Final = Group(
    "The machine",
    (
        Case(
            what="a folder of the embedded services that cannot be used",
            begins_with={},
            prepares=_a_file,
            start="The embedded services cannot use the folder .local",
            check="starting/refused",
        ),
        Case(
            what="a damaged file in it",
            begins_with={},
            prepares=_a_damaged_file,
            start="Make it writable, or delete it to start over, or configure the real services.",
            check="starting/refused",
        ),
        Case(
            what="a file of certificate authorities that is not there",
            environ={"SSL_CERT_FILE": "/nowhere/ca.pem"},
            start="The certificate authorities of SSL_CERT_FILE or SSL_CERT_DIR cannot be read",
            check="network/unusable",
        ),
        Case(
            what="a SOCKS proxy",
            environ={"HTTPS_PROXY": "socks5://localhost:1080"},
            start=_PROXY,
            check="network/unusable",
        ),
        Case(
            what="IPv6 addresses in brackets in `NO_PROXY`",
            environ={"HTTPS_PROXY": "http://localhost:3128", "NO_PROXY": "[::1]"},
            start="IPv6 addresses without brackets",
            check="network/unusable",
        ),
    ),
)
