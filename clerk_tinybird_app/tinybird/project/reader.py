"""Reads all files of a project's folder."""

from collections.abc import Callable, Iterator
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
    if not folder.is_dir():
        raise ProjectError(Path(folder.name), 1, "There is no such folder. Check the project path.")
    datasources: dict[str, DataSource] = {}
    pipes: dict[str, Pipe] = {}
    taken: dict[str, Path] = {}
    for file in _files(folder):
        if file.stem in taken:
            raise ProjectError(
                file, 1, f"{taken[file.stem].as_posix()} has the same name. Rename one of the two."
            )
        taken[file.stem] = file
        if file.suffix == _DATASOURCE:
            datasources[file.stem] = _read(folder, file, read_datasource)
        else:
            pipes[file.stem] = _read(folder, file, read_pipe)
    return Project(datasources=datasources, pipes=pipes, folder=folder)


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
    except UnicodeDecodeError as error:
        raise ProjectError(file, 1, "The file is not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise ProjectError(file, 1, f"The file cannot be read: {error.strerror}.") from error
    return reader(text, file)
