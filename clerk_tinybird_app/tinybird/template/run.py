"""One render: what it may use, its limits, and its errors.

Exception
├── TemplateError      the one error of this package's interface
└── LimitReachedError  inside a render only; no template can catch it
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DOCUMENTATION = "https://docs.tinybird.co/cli/advanced-templates.html"
MAX_SHOWN = 1000
PREFIX = "Template Syntax Error: "

MAX_SIZE = 1_000_000
"""The most characters of a value or of the SQL. ClickHouse reads 262,144 bytes by default."""

MAX_STEPS = 10_000
"""The most loop steps in one render."""

MAX_WORK = 10_000_000
"""The most characters and elements that one render reads: at most about half a second."""

MAX_DEPTH = 32
"""The most levels of lists and objects inside each other."""

MAX_BITS = 512
"""The most bits of an integer: twice as many as ClickHouse's widest type has."""

_NODE_WORK = 16


class TemplateError(Exception):
    """A template cannot be compiled, or cannot be rendered with these values.

    Attributes:
        message: The sentence of Tinybird, for `error` in the body.
        status: The HTTP status of the answer.
        documentation: For `documentation` in the body.
        line: The line in the SQL, from 1; None for an error of a request.
        body: The whole body that `custom_error({...})` asks for, else None.
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
    """A render went over a limit. No `except` catches it, because it is no TemplateError."""


def bounded(number: Any) -> Any:
    """Return `number`.

    Raises:
        ValueError: It is an integer with more than MAX_BITS bits.
    """
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise ValueError(f"a number has more than {MAX_BITS} bits")
    return number


def clipped(text: str) -> str:
    """Return the beginning of `text`, as much as an error should contain."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


def syntax_error(text: str, *, line: int | None = None, anchor: str = "") -> TemplateError:
    """Return an error in Tinybird's words, with the line when there is one."""
    where = f", line {line}" if line is not None else ""
    return TemplateError(f"{PREFIX}{text}{where}", line=line, anchor=anchor)


@dataclass(frozen=True)
class QueryContext:
    """What a template may use besides its parameters.

    Attributes:
        tables: The names for `table()`: the data sources and pipes of the project. When empty,
            `table()` is refused.
        secrets: The values for `tb_secret` and `tb_var`.
    """

    tables: frozenset[str] = frozenset()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class Run:
    """The state of one render. It is the first argument of all functions of a template."""

    __slots__ = ("_needed", "_size", "_steps", "_work", "context")

    def __init__(self, context: QueryContext, needed: tuple[str, ...]) -> None:
        """Start with a full budget; `needed` names the parameters without a default."""
        self.context = context
        self._needed = needed
        self._work = MAX_WORK
        self._steps = MAX_STEPS
        self._size = MAX_SIZE

    @property
    def is_spent(self) -> bool:
        """True when a limit was passed, also if a `finally` ran after that."""
        return self._work < 0 or self._steps < 0 or self._size < 0

    def spend(self, work: int) -> None:
        """Count `work` characters or elements that are read."""
        self._work -= work
        if self._work < 0:
            raise LimitReachedError("it takes too much work")

    def step(self, work: int) -> None:
        """Count one iteration of a loop whose body costs `work`."""
        self._steps -= 1
        if self._steps < 0:
            raise LimitReachedError(f"its loops take more than {MAX_STEPS} steps")
        self.spend(work)

    def emit(self, size: int) -> None:
        """Count `size` characters of the result."""
        self._size -= size
        if self._size < 0:
            raise LimitReachedError(f"the query is longer than {MAX_SIZE} characters")

    def weigh(self, value: object) -> int:
        """Return the number of characters and elements in `value` and its inner lists.

        Raises:
            ValueError: An integer in it has too many bits, so that its digits take long to write.
        """
        total = 0
        stack = [(value, 0)]
        while stack:
            item, depth = stack.pop()
            total += 1
            self.spend(_NODE_WORK)
            if isinstance(item, str):
                total += len(item)
                self.spend(len(item))
            elif isinstance(item, (list, tuple, dict)):
                if depth >= MAX_DEPTH:
                    raise syntax_error(f"a value has lists more than {MAX_DEPTH} deep")
                inner = [*item, *item.values()] if isinstance(item, dict) else item
                self.spend(len(inner))
                stack.extend((element, depth + 1) for element in inner)
            else:
                bounded(item)
            if total > MAX_SIZE:
                raise LimitReachedError(f"a value is larger than {MAX_SIZE}")
        return total

    def fits(self, size: int) -> None:
        """Check that a value of `size` characters may be made."""
        if size > MAX_SIZE:
            raise LimitReachedError(f"a value is larger than {MAX_SIZE}")
        self.spend(size)

    def required(self) -> TemplateError:
        """Return Tinybird's error for a missing value; it names all without a default."""
        text = "Required parameter is not defined"
        if self._needed:
            text += (
                f". Check the parameters {_listed(self._needed)}. Please provide a value "
                "or set a default value in the pipe code."
            )
        return syntax_error(text)


def _listed(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + " and " + names[-1]
