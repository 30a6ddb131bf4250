"""The thread that writes: no failure ends it."""

from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.project import visit
from tests.local.tinybird.scenes import scene


def test_rows_without_a_connection_are_refused_and_the_next_ones_stored(tmp_path: Path) -> None:
    told = scene("no_connection", tmp_path)
    assert told["failed"].startswith("QueryFailed")
    assert told["refused"] == ["RuntimeError: no more connections"] * 3
    assert told["later"] == "stored"
    assert told["stored"] == ["7"]


def test_an_error_that_nobody_thought_of_does_not_end_the_writing(tmp_path: Path) -> None:
    assert scene("odd_failure", tmp_path) == {"refused": "AttributeError", "later": "stored"}


def test_rows_in_their_table_are_stored_once_whatever_repeats_what_views_lack(
    tmp_path: Path,
) -> None:
    told = scene("no_memory_for_views", tmp_path)
    assert told == {"told": ["stored", "stored"], "stored": ["0", "1"]}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return scene("held_rows", tmp_path_factory.mktemp("held"))


def test_rows_that_a_copy_cannot_hold_are_stored_once(held: Any) -> None:
    assert held["told"] == ["stored"] * 3
    assert held["stored"] == [["6", "7", "8"]] * 2


def test_a_copy_undoes_nothing_that_was_done_to_the_rows_that_it_holds(held: Any) -> None:
    gone = (
        "Rows of 'numbers' were removed while they were read, or new ones could not be held. "
        "Copy it again."
    )
    changed = "Its columns were changed while they were read. Copy it again."
    assert held["ends"] == [
        [gone, "6", "7", "8"],
        [changed, "6", "7", "8"],
        [gone, "7", "8"],
        [gone],
        ["1", "2"],
    ]


def test_a_note_of_an_insert_that_cannot_be_read_is_not_in_the_way_of_the_next(
    tmp_path: Path,
) -> None:
    assert scene("torn_note", tmp_path) == {"after_start": "", "told": "stored"}


def test_tables_of_an_earlier_version_know_inserts_from_now_on(tmp_path: Path) -> None:
    before, after = scene("older_table", tmp_path)
    assert (before, after) == (["False", "False"], ["True", "True"])


def test_a_data_folder_may_have_any_other_sign_in_its_path(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "it's [one] & 100%, #2 é"
    folder.mkdir()
    with Tinybird(project, folder / "data") as running:
        running.add(visit())
        assert running.sql("SELECT count() FROM visits") == "1"
