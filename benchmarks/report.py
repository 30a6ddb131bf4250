"""The report: plain text in sections, each with aligned columns."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MILLISECONDS: Final = 1_000
"""In a second."""

_INDENT: Final = "   "


class WrongAnswerError(Exception):
    """A server answered something else than it should, so that its speed says nothing."""


@dataclass(frozen=True)
class Samples:
    """Measurements of one thing, at least one, all in one unit."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """The value that 95 of 100 do not exceed."""
        return self.percentile(95)

    def percentile(self, share: float) -> float:
        """Return the smallest value that ``share`` percent of all do not exceed."""
        ordered = sorted(self.values)
        return ordered[max(math.ceil(share / 100 * len(ordered)) - 1, 0)]


@dataclass
class Section:
    """A group of figures: a title, the headings of its columns, rows, and remarks below them."""

    title: str
    columns: Sequence[str] = ()
    remarks: list[str] = field(default_factory=list)
    _rows: list[tuple[str, Sequence[str], str]] = field(default_factory=list)

    def add(self, label: str, *cells: str, note: str = "") -> None:
        """Append a row; missing cells stay empty, the note ends the line."""
        self._rows.append((label, cells, note))

    def add_range(self, label: str, values: Sequence[float], note: str = "") -> None:
        """Append a row of the median, the lowest and the highest of ``values``."""
        cells = (Samples(values).median, min(values), max(values))
        self.add(label, *(f"{value:.0f}" for value in cells), note=note)

    def render(self) -> str:
        """Return the section as text without a newline at its end."""
        rows = [("", self.columns, ""), *self._rows] if self.columns else self._rows
        count = max((len(cells) for _, cells, _ in rows), default=0)
        table = [[label, *cells, *[""] * (count - len(cells))] for label, cells, _ in rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [self.title]
        for (label, *cells), (_, _, note) in zip(table, rows, strict=True):
            aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
            lines.append((_INDENT + "  ".join([label.ljust(widths[0]), *aligned, note])).rstrip())
        return "\n".join([*lines, *(_INDENT + remark for remark in self.remarks)])


def goal(value: float, limit: float, unit: str) -> str:
    """Say what the goal is and whether ``value`` meets it; both in ``unit``."""
    return f"goal <= {limit:g} {unit}: {'met' if value <= limit else 'MISSED'}"


def ratio(ours: float, other: float) -> str:
    """Return how many times ``other`` fits into ``ours``."""
    return f"{ours / other:.2f}x"
