"""What is raised for a mistake in a project's file."""

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
