"""The lists of records: new rows wait while somebody reads, and older ones are added below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app.dashboard.declaration import Records
from clerk_tinybird_app.dashboard.listing import PAGE, ListedRows, Listing
from clerk_tinybird_app.dashboard.questions import LIMIT, Question, older
from clerk_tinybird_app.dashboard.times import zone_named
from clerk_tinybird_app.frozen_value import FrozenValue
from clerk_tinybird_app.reflex_internals.plain import plain
from clerk_tinybird_app.state.panels import PANELS, PanelsState
from clerk_tinybird_app.state.session import SessionState

MOVED_ON: Final = "The list has changed meanwhile. Load more again to go on from its last row."
"""Said instead of older rows that would not follow the last row of the list."""

LISTS: Final = {key: each for key, each in PANELS.items() if isinstance(each, Records)}


@dataclass(frozen=True)
class Listed(FrozenValue):
    """How a list stands.

    Attributes:
        new: How many rows wait above it, "" for none.
        is_read: True while somebody reads it, as the browser says.
        has_more: True when older rows can be loaded.
        told: What is said of it as a whole.
        problem: Why older rows did not come, "" when they did.
        search: The text that its rows contain, "" for all.
    """

    new: str = ""
    is_read: bool = False
    has_more: bool = False
    told: str = ""
    problem: str = ""
    search: str = ""


def list_and_view(panel: str, search: Any, address: Any) -> Any:
    """Return what tells a list as a view shows it from every other one; of texts, or of vars."""
    return panel + " " + search + " " + address


class ListsState(PanelsState, mixin=True):
    """The lists of records among the panels; ``searches`` has the text that is looked for in each.

    A list without a search is in it too, with "".
    """

    lists: dict[str, Listed] = {key: Listed() for key in LISTS}
    searches: dict[str, str] = dict.fromkeys(LISTS, "")

    _lists: dict[str, Listing] = {}
    _drawn: dict[str, tuple[ListedRows, str]] = {}

    @rx.event
    def read_list(self, panel: str, is_read: bool) -> None:
        """Take what the browser says: whether new rows may move a list at the moment."""
        if panel in LISTS:
            self._tell_list(panel, is_read=bool(is_read))

    @rx.event
    async def show_new(self, panel: str) -> None:
        """Show the rows that wait above a list."""
        listing, session = plain(self._lists).get(panel), await self.get_state(SessionState)
        if listing is None or session._current_session() is None:
            return
        if self._is_of_this_view(panel):
            self._list(panel, listing.with_new())
            self._draw([panel])

    def _take(self, question: Question, rows: tuple[dict[str, Any], ...]) -> None:
        panel = question.panel
        kept = plain(self._lists).get(panel) if self._is_of_this_view(panel) else None
        super()._take(question, rows)
        if panel in LISTS:
            self._tell_list(panel, search=question.parameters.get(LISTS[panel].search, ""))
            limit = question.parameters.get(LIMIT, "")
            listing = (kept or Listing(LISTS[panel].id)).with_newest(
                rows,
                limit=int(limit) if limit.isdecimal() else 0,
                is_read=self.lists[panel].is_read,
            )
            self._list(panel, listing)

    def _is_of_this_view(self, panel: str) -> bool:
        found = super()._is_of_this_view(panel)
        return found and (
            panel not in LISTS or plain(self.lists)[panel].search == plain(self.searches)[panel]
        )

    def _draw(self, changed: Sequence[str]) -> None:
        """Draw what changed; a list that is read does not, and its thousand rows take long."""
        due = [panel for panel in changed if panel not in self._lists or self._note_drawn(panel)]
        super()._draw(due)

    def _note_drawn(self, panel: str) -> bool:
        """Note that a list is drawn as it is; return whether it was not yet."""
        rows, zone = plain(self._lists)[panel].shown, zone_named(self._zone)
        # At midnight what was today's gets its date.
        day = datetime.fromtimestamp(self._data_at(panel), zone).date()
        drawn_for = f"{plain(self._view).address(self._page)} {zone} {day}"
        before = plain(self._drawn).get(panel)
        self._drawn[panel] = (rows, drawn_for)
        return before is None or before[0] is not rows or before[1] != drawn_for

    def _forget(self, panel: str) -> None:
        super()._forget(panel)
        self._lists.pop(panel, None)
        self._drawn.pop(panel, None)
        if panel in LISTS:
            self._tell_list(panel, new="", has_more=False, told="", problem="")

    def _list_and_view(self, panel: str) -> str:
        """Return what tells a list as this view shows it from every other one."""
        found: str = list_and_view(panel, self.searches[panel], self.address)
        return found

    def _older_question(self, panel: str) -> dict[str, str] | None:
        """Return what is asked for the rows below a list, None when there are none to ask for."""
        listing, asked = plain(self._lists).get(panel), plain(self._asked).get(panel)
        if listing is None or asked is None or not self.lists[panel].has_more:
            return None
        if not self._is_of_this_view(panel):
            return None
        return older(LISTS[panel], asked, listing.shown[-1], PAGE)

    def _take_older(
        self, panel: str, asked: dict[str, str], rows: Sequence[dict[str, Any]]
    ) -> None:
        """Add rows below a list, unless its last row is another one by now."""
        now = self._older_question(panel)
        place = LISTS[panel].cursor or ()
        if now is None or any(now[name] != asked[name] for name in place):
            self._tell_list(panel, problem=MOVED_ON)
            return
        self._list(panel, plain(self._lists)[panel].with_older(tuple(rows)))
        self._draw([panel])

    def _list(self, panel: str, listing: Listing) -> None:
        """Keep a list, and say how it stands."""
        self._lists[panel], self._rows[panel] = listing, listing.shown
        now = plain(self.panels)[panel]
        if now.is_empty is bool(listing.shown):
            self.panels[panel] = replace(now, is_empty=not listing.shown)
        declared = LISTS[panel]
        is_done = listing.is_whole or listing.is_full or not listing.shown
        self._tell_list(
            panel,
            new=f"{listing.new:,}{'+' if listing.is_cut else ''}" if listing.new else "",
            has_more=declared.cursor is not None and not is_done,
            told=listing.told(declared.noun),
            problem="",
        )

    def _tell_list(self, panel: str, **values: Any) -> None:
        known = plain(self.lists)[panel]
        told = replace(known, **values)
        if known != told:
            self.lists[panel] = told
