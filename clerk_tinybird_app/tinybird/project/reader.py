"""Reads all files of a project."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from clerk_tinybird_app.tinybird.project.datasource import read_datasource
from clerk_tinybird_app.tinybird.project.model import DataSource, Pipe, Project, ProjectError
from clerk_tinybird_app.tinybird.project.pipe import read_pipe

_DATASOURCE: Final = ".datasource"
_PIPE: Final = ".pipe"
_NOT_PROJECT: Final = frozenset({"node_modules", "vendor"})

# ClickHouse makes file names of its table names, and we make longer table names of these.
_LONGEST_NAME: Final = 128
_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{_LONGEST_NAME - 1}}}")

_T = TypeVar("_T", DataSource, Pipe)
_Source = TypeVar("_Source", bytes, Path)
"""Where the content of a file comes from."""


def load_project(folder: Path) -> Project:
    """Read all ``.datasource`` and ``.pipe`` files in ``folder`` and its subfolders.

    Hidden folders, ``node_modules`` and ``vendor`` are left out, as are all other files.

    Raises:
        ProjectError: There is no such folder, a file has a mistake, or two have the same name.
    """
    project = read_project(folder)
    for mistake in project.mistakes:
        raise mistake
    return project


def read_project(folder: Path) -> Project:
    """Read like `load_project`, but return errors as the mistakes of the project."""
    if not folder.is_dir():
        lost = ProjectError(
            Path(folder.name), 1, "There is no such folder. Check the project path."
        )
        return Project(datasources={}, pipes={}, folder=folder, mistakes=(lost,))
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*"))}
    files = {file: path for file, path in found.items() if _is_data_file(file) and path.is_file()}
    return _project(folder, files, _from_disk)


def read_files(files: Mapping[Path, bytes], *, modified: float = 0.0) -> Project:
    """Read a project from the contents of its files, by path, last changed at one time."""
    chosen = {file: content for file, content in sorted(files.items()) if _is_data_file(file)}
    return _project(Path(), chosen, lambda content: (content, modified))


def _project(
    folder: Path, files: Mapping[Path, _Source], content: Callable[[_Source], tuple[bytes, float]]
) -> Project:
    datasources: dict[str, DataSource] = {}
    pipes: dict[str, Pipe] = {}
    taken: dict[str, Path] = {}
    mistakes = []
    for file, source in files.items():
        try:
            _take(file, taken)
            if file.suffix == _DATASOURCE:
                datasources[file.stem] = _read(file, source, content, read_datasource)
            else:
                pipes[file.stem] = _read(file, source, content, read_pipe)
        except ProjectError as mistake:
            mistakes.append(mistake)
    return Project(datasources=datasources, pipes=pipes, folder=folder, mistakes=tuple(mistakes))


def _take(file: Path, taken: dict[str, Path]) -> None:
    """Check the name of a file, which no other file may have."""
    if not _NAME.fullmatch(file.stem):
        raise ProjectError(
            file,
            1,
            "A data source or a pipe is named as its file: letters, digits and underscores, no "
            f"digit first, at most {_LONGEST_NAME} of them. Rename the file.",
        )
    first = taken.setdefault(file.stem, file)
    if first is not file:
        raise ProjectError(file, 1, f"{first.as_posix()} has the same name. Rename one of the two.")


def _is_data_file(file: Path) -> bool:
    """Tell whether a path, relative to the project's folder, is a file of the project."""
    is_left_out = any(part.startswith(".") or part in _NOT_PROJECT for part in file.parts)
    return file.suffix in {_DATASOURCE, _PIPE} and not is_left_out


def _from_disk(path: Path) -> tuple[bytes, float]:
    return path.read_bytes(), path.stat().st_mtime


def _read(
    file: Path,
    source: _Source,
    content: Callable[[_Source], tuple[bytes, float]],
    reader: Callable[[str, Path], _T],
) -> _T:
    try:
        found, modified = content(source)
        text = found.decode()
        return replace(reader(text, file), modified=modified, text=text)
    except UnicodeDecodeError as error:
        raise ProjectError(file, 1, "The file is not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise ProjectError(file, 1, f"The file cannot be read: {error.strerror}.") from error
