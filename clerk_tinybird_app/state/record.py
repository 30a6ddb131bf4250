"""The record that the address names, with all that its row says."""

from collections.abc import Mapping
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.dashboard.declaration import Records
from clerk_tinybird_app.dashboard.kept_rows import unpacked
from clerk_tinybird_app.dashboard.questions import one_record
from clerk_tinybird_app.dashboard.record import Record, shown_record
from clerk_tinybird_app.dashboard.shown import Shaper, UnfitRowsError
from clerk_tinybird_app.state.dashboard import PAGES, DashboardState
from clerk_tinybird_app.state.grant import (
    UNCONFIRMED,
    AskingState,
    answering,
    ask,
    asking,
    end_turn,
    unfit_rows,
)
from clerk_tinybird_app.state.lists import LISTS
from clerk_tinybird_app.state.panels import DASHBOARD
from clerk_tinybird_app.state.queries import StoppedError
from clerk_tinybird_app.state.session import holds_tenant_data
from clerk_tinybird_app.state.wording import Problem, told
from clerk_tinybird_app.tinybird.client import TinybirdError

FOUND: Final = "found"
ABSENT: Final = "absent"
FAILED: Final = "failed"

_LONGEST_ID: Final = 500
"""No row has a longer id, so such a one is not asked for."""


@holds_tenant_data
class RecordState(AskingState, rx.State):
    """One record; ``panel`` and ``record`` say which was asked for last.

    ``outcome`` is ``found``, ``absent`` or ``failed``, "" before any. While ``is_asking`` says that
    none has come yet, ``shown`` is still the record before.
    """

    panel: str = ""
    record: str = ""
    is_asking: bool = False
    outcome: str = ""
    shown: Record = Record()
    failure: str = ""

    _asked: tuple[str, str, str, str, str] = ("", "", "", "", "")

    @rx.event(background=True)
    async def open_record(self, panel: str, record: str, path: str, search: str, zone: str) -> None:
        """Show the record with this id, also one that its list does not have.

        Args:
            panel: The key of its list.
            record: Its id.
            path: The page's path.
            search: The address's query, without the record.
            zone: The viewer's IANA time zone.
        """
        if panel not in LISTS:
            return
        declared = LISTS[panel]
        async with asking(self) as grant:
            turn = self._take_turn()
            self._asked = (panel, record, path, search, zone)
            self.panel, self.record = panel, record
            if grant is None:
                self._fail(UNCONFIRMED)
                return
            if declared.pipe not in grant.pipes or len(record) > _LONGEST_ID:
                await self._show(None)
                return
            board = await self.get_state(DashboardState)
            row = _row_of(declared, record, unpacked(board._rows.get(panel, ())))
            now = services.current().clock()
            asked = one_record(DASHBOARD, declared, record, now, services.pipe_parameters())
            if row is not None or asked is None:
                await self._show(row)
                return
            self.is_asking, self.outcome = True, ""
        try:
            answer = await ask(self, grant, declared.pipe, asked)
            async with answering(self, grant, turn):
                if isinstance(answer, TinybirdError):
                    self._fail(told(answer))
                else:
                    await self._show(_row_of(declared, record, answer.rows))
        except StoppedError:
            return
        finally:
            await end_turn(self, turn, is_asking=False)

    @rx.event
    def ask_again(self) -> Any:
        """Ask for the record anew."""
        return RecordState.open_record(*self._asked)  # type: ignore

    async def _show(self, row: Mapping[str, Any] | None) -> None:
        panel, _, path, search, zone = self._asked
        if row is None:
            self._tell(ABSENT)
            return
        board = await self.get_state(DashboardState)
        view, _ = board._read(path, search, zone)
        now = services.current().clock()
        shaper = Shaper(DASHBOARD, view, PAGES.get(path, ""), view.time_zone, now)
        declared = LISTS[panel]
        try:
            shown = shown_record(shaper, declared, row)
        except UnfitRowsError as error:
            self._fail(told(unfit_rows(declared.pipe, error)))
        else:
            self._tell(FOUND, shown)

    def _fail(self, problem: Problem) -> None:
        self._tell(FAILED, failure=problem.message)

    def _tell(self, outcome: str, shown: Record | None = None, failure: str = "") -> None:
        self.is_asking, self.outcome = False, outcome
        self.shown, self.failure = shown or Record(), failure


def _row_of(panel: Records, record: str, rows: Any) -> Mapping[str, Any] | None:
    """Return the row with an id; a pipe that does not know the parameter answers any."""
    return next((row for row in rows if str(row.get(panel.id)) == record), None)
