"""The values that a filter can be set to, asked for when a viewer looks for them."""

from collections.abc import Collection
from functools import partial
from typing import Final

import reflex as rx

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.dashboard import picker
from clerk_tinybird_app.dashboard.address import MOST_SEARCHED
from clerk_tinybird_app.dashboard.declaration import Filter
from clerk_tinybird_app.dashboard.picker import Offered
from clerk_tinybird_app.dashboard.shown import UnfitRowsError
from clerk_tinybird_app.dashboard.times import Tick
from clerk_tinybird_app.dashboard.view import View
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.grant import (
    CHANGED,
    UNCONFIRMED,
    AskingState,
    answering,
    ask_shared,
    asking,
    end_turn,
    unfit_rows,
)
from clerk_tinybird_app.state.panels import DASHBOARD
from clerk_tinybird_app.state.queries import StoppedError, run_query
from clerk_tinybird_app.state.session import holds_tenant_data
from clerk_tinybird_app.state.wording import told
from clerk_tinybird_app.tinybird.client import (
    PipeAnswer,
    TinybirdError,
)

_TICK_SECONDS: Final = 5
"""Within this time a picker that is opened again gets the same counts."""


@holds_tenant_data
class PickerState(AskingState, rx.State):
    """The values of one filter.

    ``finished`` is the number of the last question that ended; ``problem`` says why it has no
    answer, "" when it has one.
    """

    finished: int = 0
    offered: list[Offered] = []
    problem: str = ""

    @rx.event(background=True)
    async def ask(self, number: int, name: str, search: str, address: str, zone: str) -> None:
        """Ask for the values of a filter; a question under way is stopped.

        Args:
            number: What ``finished`` will say when this one has ended.
            name: The filter's.
            search: What the values are to have in them, "" for all.
            address: The query of the page's address.
            zone: The viewer's IANA time zone.
        """
        declared, search = DASHBOARD.filter_named(name), search[:MOST_SEARCHED]
        async with asking(self) as grant:
            turn = self._take_turn()
            tab = f"{self.router.session.client_token}/picker"
            if grant is None or declared is None:
                self.offered, self.problem = [], UNCONFIRMED.message
                self.finished = number
                return
            board = await self.get_state(DashboardState)
            view, _ = board._read(routes.DASHBOARD, address, zone)
        source = declared.values_from
        answer: PipeAnswer | TinybirdError | None = None
        try:
            if source is not None and source.pipe in grant.pipes:
                tick = Tick.of(services.current().clock(), _TICK_SECONDS if view.is_live else 1)
                asked = picker.question(
                    DASHBOARD,
                    declared,
                    source,
                    view,
                    search,
                    zone=view.time_zone,
                    tick=tick,
                    takes=services.pipe_parameters(),
                )
                answer = await run_query(tab, ask_shared(self, grant, asked))
            async with answering(self, grant, turn):
                self._show(declared, view, search, answer)
        except StoppedError:
            return
        finally:
            await end_turn(self, turn, finished=number)

    def _let_go(self, pipes: Collection[str], allowed: Collection[str]) -> None:
        """Offer nothing that was asked for with the token before, and say so."""
        finished = self.finished
        self._forget_all()
        self.finished, self.problem = finished, CHANGED.message

    def _show(
        self, declared: Filter, view: View, search: str, answer: PipeAnswer | TinybirdError | None
    ) -> None:
        error = answer if isinstance(answer, TinybirdError) else None
        offer = partial(picker.offered, declared, view, search)
        try:
            self.offered = offer(answer.rows if isinstance(answer, PipeAnswer) else None)
        except UnfitRowsError as unfit:
            source = declared.values_from
            self.offered = []
            error = unfit_rows(source.pipe if source else "", unfit)
        self.problem = told(error).message if error else ""
