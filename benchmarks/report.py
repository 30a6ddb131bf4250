"""The report: plain text in sections, each with aligned columns."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

_INDENT: Final = "   "

SPREAD: Final = {"median": ".0f", "lowest": ".0f", "highest": ".0f"}
"""The columns of `Section.add_range`."""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` percent of all do not exceed."""
    return sorted(values)[max(math.ceil(share / 100 * len(values)) - 1, 0)]


@dataclass
class Section:
    """A group of figures.

    Attributes:
        title: The first line; with a space at its start it goes on with the section before it.
        columns: What stands above each column, and the format of the numbers in it.
        remarks: Lines below the figures.
    """

    title: str
    columns: Mapping[str, str]
    remarks: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)

    def add(self, label: str, *values: float | None, note: str = "") -> None:
        """Append a row; missing values stay empty, None is unknown, the note ends the line."""
        formats = list(self.columns.values())
        cells = ["-" if v is None else format(v, formats[place]) for place, v in enumerate(values)]
        self._rows.append([label, *cells, *[""] * (len(formats) - len(cells)), note])

    def add_range(self, label: str, values: Sequence[float], note: str = "") -> None:
        """Append a row of the median, the lowest and the highest of ``values``."""
        self.add(label, median(values), min(values), max(values), note=note)

    def add_samples(self, label: str, taken: Sequence[float], *more: float, note: str = "") -> None:
        """Append a row of the median and the 95th percentile, and of more values."""
        self.add(label, median(taken), percentile(taken, 95), *more, note=note)

    def render(self) -> str:
        """Return the section as text without a newline at its end."""
        rows = [["", *self.columns, ""], *self._rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [self.title]
        for label, *cells, note in rows:
            aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:-1], strict=True)]
            lines.append((_INDENT + "  ".join([label.ljust(widths[0]), *aligned, note])).rstrip())
        return "\n".join([*lines, *(_INDENT + remark for remark in self.remarks)])


def goal(value: float, limit: float, unit: str) -> str:
    """Say what the goal is and whether ``value`` meets it; both in ``unit``."""
    return f"goal <= {limit:g} {unit}: {'met' if value <= limit else 'MISSED'}"


def ratio(ours: float, other: float) -> str:
    """Return how many times ``other`` fits into ``ours``."""
    return f"{ours / other:.2f}x"
