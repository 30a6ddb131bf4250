"""What the lint has to say about one line of a project."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Level(IntEnum):
    """How bad it is; a ``WARNING`` says what cannot be judged, and so may be as bad as an error."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at.

    Attributes:
        level: An ``ERROR`` can show one tenant another's rows, or breaks the app.
        file: Relative to the project's folder.
        line: From 1.
        problem: What is wrong and what comes of it.
        advice: What to write instead; "" where there is nothing to do.
    """

    level: Level
    file: Path
    line: int
    problem: str
    advice: str = ""

    @property
    def place(self) -> str:
        """Return ``file:line``."""
        return f"{self.file.as_posix()}:{self.line}"
