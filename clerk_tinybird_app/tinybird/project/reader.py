"""Reads all files of a project's folder."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from clerk_tinybird_app.tinybird.project.datasource import read_datasource
from clerk_tinybird_app.tinybird.project.errors import ProjectError
from clerk_tinybird_app.tinybird.project.model import DataSource, Pipe, Project
from clerk_tinybird_app.tinybird.project.pipe import read_pipe

_DATASOURCE: Final = ".datasource"
_PIPE: Final = ".pipe"
_NOT_PROJECT: Final = frozenset({"node_modules", "vendor"})

_T = TypeVar("_T", DataSource, Pipe)


def load_project(folder: Path) -> Project:
    """Read every ``.datasource`` and ``.pipe`` file under ``folder``, in whichever subfolder.

    Hidden folders, ``node_modules`` and ``vendor`` are left out, as are all other files.

    Raises:
        ProjectError: The folder is not there, a file has a mistake, or two share a name.
    """
    project = read_project(folder)
    for mistake in project.mistakes:
        raise mistake
    return project


def read_project(folder: Path) -> Project:
    """Read what can be read, as `load_project` does; the rest is among the project's mistakes."""
    if not folder.is_dir():
        lost = ProjectError(
            Path(folder.name), 1, "There is no such folder. Check the project path."
        )
        return Project(datasources={}, pipes={}, folder=folder, mistakes=(lost,))
    datasources: dict[str, DataSource] = {}
    pipes: dict[str, Pipe] = {}
    taken: dict[str, Path] = {}
    mistakes = []
    for file in _files(folder):
        try:
            _take(file, taken)
            if file.suffix == _DATASOURCE:
                datasources[file.stem] = _read(folder, file, read_datasource)
            else:
                pipes[file.stem] = _read(folder, file, read_pipe)
        except ProjectError as mistake:
            mistakes.append(mistake)
    return Project(datasources=datasources, pipes=pipes, folder=folder, mistakes=tuple(mistakes))


def _take(file: Path, taken: dict[str, Path]) -> None:
    """Take a file's name, which another one may have."""
    first = taken.setdefault(file.stem, file)
    if first is not file:
        raise ProjectError(file, 1, f"{first.as_posix()} has the same name. Rename one of the two.")


def _files(folder: Path) -> Iterator[Path]:
    """Yield the project's files relative to ``folder``, in an order that is always the same."""
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder)
        is_left_out = any(part.startswith(".") or part in _NOT_PROJECT for part in file.parts)
        if file.suffix in {_DATASOURCE, _PIPE} and not is_left_out and path.is_file():
            yield file


def _read(folder: Path, file: Path, reader: Callable[[str, Path], _T]) -> _T:
    try:
        text = (folder / file).read_bytes().decode()
        modified = (folder / file).stat().st_mtime
    except UnicodeDecodeError as error:
        raise ProjectError(file, 1, "The file is not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise ProjectError(file, 1, f"The file cannot be read: {error.strerror}.") from error
    return replace(reader(text, file), modified=modified)
