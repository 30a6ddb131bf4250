"""Building the services: what goes wrong is one sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.settings import Settings, SettingsError


def _file_in_its_place(folder: Path) -> None:
    folder.write_text("not a folder")


def _empty_workspace(folder: Path) -> None:
    folder.mkdir()
    (folder / "tinybird-workspace.json").touch()


def _damaged_database(folder: Path) -> None:
    folder.mkdir()
    (folder / "clerk.sqlite3").write_bytes(b"not a database " * 100)


def _damaged_key(folder: Path) -> None:
    folder.mkdir()
    (folder / "clerk-signing-key.pem").write_text("not a key")


@pytest.mark.parametrize(
    "damage", [_file_in_its_place, _empty_workspace, _damaged_database, _damaged_key]
)
def test_a_folder_that_cannot_be_used_is_named_with_what_to_do(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "local"
    damage(folder)

    with pytest.raises(SettingsError, match=r"(?s)local: .*delete it to start over"):
        services.build(Settings.from_environ({}), folder=folder)


def test_the_local_workspace_survives_a_restart_and_is_private(tmp_path: Path) -> None:
    first = services.build(Settings.from_environ({}), folder=tmp_path / "local").workspace
    again = services.build(Settings.from_environ({}), folder=tmp_path / "local").workspace

    assert (first.workspace_id, first.signing_key) == (again.workspace_id, again.signing_key)
    assert len(first.signing_key.encode()) >= 32
    kept = tmp_path / "local" / "tinybird-workspace.json"
    assert kept.stat().st_mode & 0o077 == 0
