"""What a template raises.

Exception
├── TemplateError      the one error of this package's interface
└── LimitReachedError  inside a render only; no template can catch it
"""

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = "https://docs.tinybird.co/cli/advanced-templates.html"
MAX_SHOWN = 1000
PREFIX = "Template Syntax Error: "


class TemplateError(Exception):
    """A template cannot be compiled, or cannot be rendered with these values.

    Attributes:
        message: Tinybird's own sentence, for the body's `error`.
        status: the HTTP status to answer with.
        documentation: for the body's `documentation`.
        line: in the SQL, from 1; None for an error that only a request brings about.
        body: the whole body that `custom_error({...})` asks for, else None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        anchor: str = "",
        line: int | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.documentation = DOCUMENTATION + anchor
        self.line = line
        self.body = body


class LimitReachedError(Exception):
    """A render went over its budget. Apart from TemplateError so that `except` lets it pass."""


def clipped(text: str) -> str:
    """`text`, but no more of it than an error should carry."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


def syntax_error(text: str, *, line: int | None = None, anchor: str = "") -> TemplateError:
    """`text` as Tinybird words it, with the line when there is one."""
    where = f", line {line}" if line is not None else ""
    return TemplateError(f"{PREFIX}{text}{where}", line=line, anchor=anchor)
