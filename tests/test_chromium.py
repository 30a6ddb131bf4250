"""``make test`` installs a quicker Chromium only where there is one to install."""

from pathlib import Path

import pytest

from tests import chromium


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of all programs of a container with a whole Chromium."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return tmp_path


def _program(path: Path, does: str) -> None:
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("is_known", [True, False])
def test_the_shell_is_installed_beside_a_chromium_where_apt_knows_it(
    bin_: Path, is_known: bool
) -> None:
    asked = bin_ / "asked"
    _program(bin_ / "chromium", "exit 0")
    _program(bin_ / "apt-cache", f'[ "$*" = "show {chromium.SHELL}" ] && exit {int(not is_known)}')
    _program(bin_ / "apt-get", f'echo "$*" >> {asked}')

    assert chromium.main() == 0

    assert asked.exists() == is_known


def test_without_apt_the_chromium_that_there_is_will_do(bin_: Path) -> None:
    _program(bin_ / "chromium", "exit 0")

    assert chromium.main() == 0
