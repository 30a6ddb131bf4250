"""What is raised for the mistakes in a project's files."""

from collections.abc import Iterable
from pathlib import Path


class ProjectError(ValueError):
    """A mistake in one file of a project, and what to do about it.

    Attributes:
        file: The file, relative to the project's folder.
        line: The line of the mistake, from 1.
        message: One or two sentences for the person who edits the file.
    """

    def __init__(self, file: Path, line: int, message: str) -> None:
        super().__init__(f"{file.as_posix()}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


class ProjectMistakes(ValueError):  # noqa: N818 - it is what a project has
    """All mistakes of a project that were found.

    Attributes:
        mistakes: At least one, in the order of files and lines.
    """

    def __init__(self, mistakes: Iterable[ProjectError]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda one: (one.file, one.line)))
        super().__init__("\n".join(map(str, self.mistakes)))
