"""Which files of a folder are the project's."""

from pathlib import Path

import pytest

from clerk_tinybird_app.tinybird.project import ProjectError, load_project
from tests.tinybird.project.projects import SCHEMA, write

PIPE = "NODE a\nSQL >\n    SELECT 1\n"


def test_files_are_found_in_any_subfolder(tmp_path: Path) -> None:
    for folder in ("datasources", "endpoints", "copies/nightly"):
        (tmp_path / folder).mkdir(parents=True)
    write(tmp_path / "datasources", events__datasource=SCHEMA)
    write(tmp_path / "endpoints", hits__pipe=PIPE)
    write(tmp_path / "copies/nightly", totals__pipe=f"{PIPE}TYPE copy\n")

    project = load_project(tmp_path)

    assert project.folder == tmp_path
    assert list(project.datasources) == ["events"]
    assert {name: pipe.path for name, pipe in project.pipes.items()} == {
        "hits": Path("endpoints/hits.pipe"),
        "totals": Path("copies/nightly/totals.pipe"),
    }


@pytest.mark.parametrize("folder", [".git", "node_modules", "vendor"])
def test_what_is_not_the_project_is_left_out(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir()
    write(tmp_path / folder, wrong__pipe="WRONG")
    write(tmp_path, notes__md="WRONG", events__datasource=SCHEMA)

    project = load_project(tmp_path)

    assert list(project.datasources) == ["events"]
    assert not project.pipes


def test_an_empty_folder_is_an_empty_project(tmp_path: Path) -> None:
    project = load_project(tmp_path)

    assert not project.datasources
    assert not project.pipes


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no such folder"):
        load_project(tmp_path / "tinybird")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("endpoints/hits.pipe", "pipes/hits.pipe"),
        ("datasources/hits.datasource", "endpoints/hits.pipe"),
    ],
)
def test_two_files_of_one_name_are_refused(first: str, second: str, tmp_path: Path) -> None:
    for file in (first, second):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(PIPE if file.endswith(".pipe") else SCHEMA)

    with pytest.raises(ProjectError, match=first) as raised:
        load_project(tmp_path)

    assert raised.value.file == Path(second)


def test_a_file_that_is_not_utf_8_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "hits.pipe").write_bytes(b"DESCRIPTION caf\xe9\n")

    with pytest.raises(ProjectError, match="UTF-8") as raised:
        load_project(tmp_path)

    assert raised.value.file == Path("hits.pipe")
