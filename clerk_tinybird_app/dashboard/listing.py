"""A list of records that somebody reads: what is new waits above it, older rows come below it."""

import csv
import io
from dataclasses import dataclass, replace
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.tinybird.csv_cells import harmless

PAGE: Final = 50
"""How many older rows come at once."""

MOST: Final = 1_000
"""How many rows a list has at most; whoever looks for others narrows the period."""

ListedRows = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Listing:
    """The rows of a list, newest first.

    Attributes:
        id: The column that tells one row from all others.
        shown: The rows on the page.
        waiting: The rows that would be on it with what came since; none without anything new.
        is_cut: True when there can be rows between those that are new and those shown.
        has_older: True once older rows were loaded.
        is_whole: True when no row of the period is older.
    """

    id: str
    shown: ListedRows = ()
    waiting: ListedRows = ()
    is_cut: bool = False
    has_older: bool = False
    is_whole: bool = False

    @property
    def new(self) -> int:
        """How many rows wait to be shown."""
        known = self._ids(self.shown)
        return sum(row.get(self.id) not in known for row in self.waiting)

    @property
    def is_own(self) -> bool:
        """True when the list is not just what its pipe answered last."""
        return self.has_older or bool(self.waiting)

    @property
    def is_full(self) -> bool:
        """True when it has as many rows as a list may have."""
        return len(self.shown) >= MOST

    def with_newest(self, rows: ListedRows, *, limit: int, is_read: bool) -> "Listing":
        """Return the list once its pipe has answered its newest rows.

        Args:
            rows: The answer.
            limit: How many were asked for, 0 when that is not known.
            is_read: True while nothing new may move what is shown.
        """
        if not self.shown or not (is_read or self.has_older):
            return Listing(self.id, rows, is_whole=len(rows) < limit)
        joined = self._joined(rows)
        if joined is None:
            return replace(self, waiting=rows, is_cut=True)
        waits = replace(self, waiting=joined[:MOST])
        if not waits.new:
            return replace(self, waiting=())
        # Where rows are missing in between, those that were loaded would go: that is for a viewer.
        return waits if is_read or self.is_cut else waits.with_new()

    def with_new(self) -> "Listing":
        """Return the list with what waited."""
        if not self.waiting:
            return self
        goes_on = not self.is_cut
        return Listing(
            self.id,
            self.waiting,
            has_older=self.has_older and goes_on,
            is_whole=self.is_whole and goes_on and len(self.waiting) < MOST,
        )

    def with_older(self, rows: ListedRows) -> "Listing":
        """Return the list with the rows that come after its last one."""
        known = self._ids(self.shown)
        more = tuple(row for row in rows if row.get(self.id) not in known)
        waiting = self.waiting
        if waiting and not self.is_cut:
            waiting = (*waiting, *more)[:MOST]
        return replace(
            self,
            shown=(*self.shown, *more)[:MOST],
            waiting=waiting,
            has_older=self.has_older or bool(more),
            is_whole=len(rows) < PAGE,
        )

    def told(self, noun: str) -> str:
        """Return what is said of the list as a whole; ``noun`` is what its rows are."""
        if not self.shown:
            return ""
        count = texts.count(len(self.shown))
        if self.is_full:
            return f"The newest {count} {noun}. Choose a shorter period to see others."
        if self.is_whole:
            return f"These are all {count} {noun}"
        return f"The newest {count} {noun}"

    def _joined(self, rows: ListedRows) -> ListedRows | None:
        """Return the newest rows and what is known below them; None when that leaves a gap."""
        known = self.waiting or self.shown
        newest = self._ids(rows)
        # An answer is all that there is down to its last row, late ones too.
        places = [place for place, row in enumerate(known) if row.get(self.id) in newest]
        return (*rows, *known[places[-1] + 1 :]) if places else None

    def _ids(self, rows: ListedRows) -> set[Any]:
        return {row.get(self.id) for row in rows}


def as_csv(rows: ListedRows) -> bytes:
    """Return rows as a file to download, in which no cell is a formula to a spreadsheet."""
    text = io.StringIO()
    table = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    table.writerow(rows[0])
    table.writerows([_as_json(value) for value in row.values()] for row in rows)
    return harmless(text.getvalue().encode())


def _as_json(value: Any) -> Any:
    """Return true and false as the pipe's own CSV writes them."""
    return str(value).lower() if isinstance(value, bool) else value
