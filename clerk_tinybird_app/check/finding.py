"""What one check found, and how it is told: to a person in lines, to a script as JSON."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from clerk_tinybird_app.logs.redaction import redact

_LEVEL_WIDTH: Final = 9
_CODE_WIDTH: Final = 27
_INDENT: Final = " " * (_LEVEL_WIDTH + _CODE_WIDTH)


class Level(Enum):
    """How a check ended; ``FAILED`` alone makes the whole fail."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has to say.

    Attributes:
        level: How it ended.
        code: A stable name for scripts, ``topic/what``; docs/check.md lists all of them.
        text: What was found.
        advice: What to do about it; "" when there is nothing to do.
    """

    level: Level
    code: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        level = "FAILED" if self.level is Level.FAILED else self.level.value
        head = f"{level:<{_LEVEL_WIDTH}}{self.code:<{_CODE_WIDTH - 1}} "
        return head + f"\n{_INDENT}".join([*_shown(self.text), *_shown(self.advice)])

    def as_json(self) -> dict[str, str]:
        """Return it as a script gets it."""
        return {
            "level": self.level.value,
            "code": self.code,
            "text": "\n".join(_shown(self.text)),
            "advice": "\n".join(_shown(self.advice)),
        }


def ok(code: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(Level.OK, code, text)


def note(code: str, text: str, advice: str = "") -> Finding:
    """Return what is good to know."""
    return Finding(Level.NOTE, code, text, advice)


def warning(code: str, text: str, advice: str) -> Finding:
    """Return that something deserves a look."""
    return Finding(Level.WARNING, code, text, advice)


def failed(code: str, text: str, advice: str) -> Finding:
    """Return that the app would not work, or not safely."""
    return Finding(Level.FAILED, code, text, advice)


def _shown(text: str) -> list[str]:
    """Return the lines; what servers said must neither steer a terminal nor hold a token."""
    return [
        "".join(c if c.isprintable() else " " for c in redact(line)) for line in text.splitlines()
    ]
