"""What one check found, and how it is printed."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from clerk_tinybird_app.logs.redaction import redact

_LEVEL_WIDTH: Final = 9
_NAME_WIDTH: Final = 15
_INDENT: Final = " " * (_LEVEL_WIDTH + _NAME_WIDTH)


class Level(Enum):
    """How a check ended; ``FAILED`` alone makes the whole fail."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the report.

    Attributes:
        level: How it ended.
        name: What was checked, one or two words.
        text: What was found.
        advice: What to do about it; "" when there is nothing to do.
    """

    level: Level
    name: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        lines = [*self.text.splitlines(), *self.advice.splitlines()]
        head = f"{self.level.value:<{_LEVEL_WIDTH}}{self.name:<{_NAME_WIDTH}}"
        # Some of the text comes from servers: it must neither steer the terminal nor hold a token.
        shown = [_printable(redact(line)) for line in lines]
        return head + f"\n{_INDENT}".join(shown)


def ok(name: str, text: str) -> Outcome:
    """Return that all is well."""
    return Outcome(Level.OK, name, text)


def warning(name: str, text: str, advice: str) -> Outcome:
    """Return that something deserves a look."""
    return Outcome(Level.WARNING, name, text, advice)


def failed(name: str, text: str, advice: str) -> Outcome:
    """Return that the app would not work, or not safely."""
    return Outcome(Level.FAILED, name, text, advice)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
