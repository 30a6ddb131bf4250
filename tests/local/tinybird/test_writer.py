"""The thread that writes: no failure ends it."""

import subprocess
from pathlib import Path

import pytest

from tests.local.tinybird.process import ROOT, Tinybird
from tests.local.tinybird.project import visit
from tests.local.tinybird.scenes import scene


def test_rows_without_a_connection_are_refused_and_the_next_ones_stored(tmp_path: Path) -> None:
    told = scene("no_connection", tmp_path)
    assert told["failed"].startswith("QueryFailed")
    assert told["refused"] == ["RuntimeError: no more connections"] * 3
    assert told["later"] == "stored"
    assert told["stored"] == ["7"]


@pytest.mark.parametrize("sign", ["*", "?", "{a,b}"])
def test_a_data_folder_that_clickhouse_takes_for_a_pattern_is_refused(
    project: Path, tmp_path: Path, sign: str
) -> None:
    data = tmp_path / f"x{sign}y" / "data"
    command = Tinybird.command(unstarted(project, data))
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert f"has a {sign[0]} in its path" in done.stderr


def unstarted(project: Path, data: Path) -> Tinybird:
    made = object.__new__(Tinybird)
    made.project, made.data, made.port, made.arguments = project, data, 0, ()
    return made


def test_a_data_folder_may_have_any_other_sign_in_its_path(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "it's [one] & 100%, #2 é"
    folder.mkdir()
    with Tinybird(project, folder / "data") as running:
        running.add(visit())
        assert running.sql("SELECT count() FROM visits") == "1"
