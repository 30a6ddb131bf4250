"""The report: plain text in sections, each with aligned columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_INDENT: Final = "   "
_GAP: Final = "  "


@dataclass(frozen=True)
class Row:
    """One line of a section.

    Attributes:
        label: What was measured.
        cells: The values, as text, one per column; missing ones at the end stay empty.
        note: A goal or a ratio, at the end of the line.
    """

    label: str
    cells: Sequence[str] = ()
    note: str = ""


@dataclass
class Section:
    """A group of figures.

    Attributes:
        title: What the figures are about.
        columns: The headings over the cells.
        rows: The figures.
        remarks: Sentences below them.
    """

    title: str
    columns: Sequence[str] = ()
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, label: str, *cells: str, note: str = "") -> None:
        """Append a row."""
        self.rows.append(Row(label, cells, note))

    def render(self) -> str:
        """Return the section as text without a newline at its end."""
        table = [Row("", self.columns), *self.rows] if self.columns else self.rows
        label_width = max((len(row.label) for row in table), default=0)
        count = max((len(row.cells) for row in table), default=0)
        widths = [max(len(_cell(row, i)) for row in table) for i in range(count)]
        lines = [_line(row, label_width, widths) for row in table]
        return "\n".join([self.title, *lines, *(_INDENT + remark for remark in self.remarks)])


def goal(value: float, limit: float, unit: str) -> str:
    """Say what the goal is and whether ``value`` meets it; both in ``unit``."""
    return f"goal <= {limit:g} {unit}: {'met' if value <= limit else 'MISSED'}"


def ratio(ours: float, other: float) -> str:
    """Return how many times ``other`` fits into ``ours``."""
    return f"{ours / other:.2f}x"


def _cell(row: Row, index: int) -> str:
    return row.cells[index] if index < len(row.cells) else ""


def _line(row: Row, label_width: int, widths: Sequence[int]) -> str:
    cells = [_cell(row, i).rjust(width) for i, width in enumerate(widths)]
    return (_INDENT + _GAP.join([row.label.ljust(label_width), *cells, row.note])).rstrip()
